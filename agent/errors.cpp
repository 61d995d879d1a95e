#include "agent/errors.hpp"

#include <array>

#include "agent/display_text.hpp"

namespace lanyard::agent {
namespace {

struct Row {
  Code code;
  std::string_view id;
  int exit_code;
  std::string_view title;
};

namespace ec = exit_code;

/// One row per Code, in their order.
constexpr std::array kRows = std::to_array<Row>({
    {Code::kMalformed, "LY-D001", ec::kFailed, "This cannot be read"},
    {Code::kNotCanonical, "LY-D002", ec::kIntegrity,
     "Stored or received bytes are not as they must be"},
    {Code::kTooLarge, "LY-D003", ec::kFailed, "This is too large"},
    {Code::kNewerVersion, "LY-A010", ec::kVersion, "A newer Lanyard is needed"},
    {Code::kBadSignature, "LY-D010", ec::kIntegrity, "A signature is wrong"},
    {Code::kBrokenChain, "LY-D011", ec::kIntegrity, "A change does not fit what came before it"},
    {Code::kForked, "LY-D012", ec::kIntegrity, "A device wrote two different histories"},
    {Code::kMissingContext, "LY-D013", ec::kFailed,
     "Something that this builds on is missing here"},
    {Code::kNotAdmitted, "LY-S003", ec::kNotAllowed, "This device is not a member of the space"},
    {Code::kWrongSpace, "LY-S004", ec::kIntegrity, "This belongs to another space"},
    {Code::kBadSeal, "LY-D014", ec::kIntegrity, "An encrypted change does not open"},
    {Code::kMissingKey, "LY-S005", ec::kNotAllowed, "The space's key is not here yet"},
    {Code::kUnauthenticated, "LY-P001", ec::kNotAllowed,
     "The other device could not prove who it is"},
    {Code::kNoToken, "LY-W005", ec::kNotAllowed, "This needs a token"},
    {Code::kForgotten, "LY-P002", ec::kNotAllowed, "This device is not known here"},
    {Code::kBeyondCredit, "LY-N004", ec::kFailed, "The other device sent more than was asked for"},
    {Code::kProtocol, "LY-N005", ec::kFailed, "The other side does not keep to the protocol"},
    {Code::kUsage, "LY-A001", ec::kUsage, "The request cannot be understood"},
    {Code::kNotFound, "LY-D004", ec::kNotFound, "There is no such thing"},
    {Code::kExists, "LY-D006", ec::kFailed, "The name is taken"},
    {Code::kConflict, "LY-D005", ec::kUnfinished, "There are edits that you have not seen"},
    {Code::kNotAllowed, "LY-A006", ec::kNotAllowed, "This is not allowed"},
    {Code::kUnreachable, "LY-N001", ec::kUnreachable, "There was no answer"},
    {Code::kBusy, "LY-A007", ec::kUnreachable, "The agent has too much to do just now"},
    {Code::kNotRunning, "LY-A003", ec::kNotRunning, "The agent is not running"},
    {Code::kLocked, "LY-A011", ec::kLocked, "Another agent holds this data folder"},
    {Code::kInvalidConfig, "LY-C001", ec::kConfig, "The configuration is not valid"},
    {Code::kUnsafePermissions, "LY-C004", ec::kConfig, "Others can read what they should not"},
    {Code::kReadOnly, "LY-A020", ec::kFailed, "The disk or folder cannot be written"},
    {Code::kDiskFull, "LY-A021", ec::kFailed, "The disk is full"},
    {Code::kInputOutput, "LY-A022", ec::kFailed, "The disk failed"},
    {Code::kPortTaken, "LY-N003", ec::kConfig, "The port is taken by another program"},
    {Code::kCorrupt, "LY-D008", ec::kIntegrity, "Stored data is damaged"},
    {Code::kInterrupted, "LY-A130", ec::kInterrupted, "This was interrupted"},
});

consteval bool in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (static_cast<std::size_t>(kRows[i].code) != i + 1) return false;
  return true;
}
static_assert(in_order(), "problem_of() finds a row by its place");
static_assert(kRows.size() == static_cast<std::size_t>(Code::kInterrupted));

constexpr std::string_view kForeignId = "LY-A099";

}  // namespace

Problem problem_of(const Error& error) {
  Problem problem;
  const auto place = static_cast<std::size_t>(error.code.value()) - 1;
  if (error.code.category() == lanyard_category() && place < kRows.size()) {
    const Row& row = kRows[place];
    problem.id = row.id;
    problem.title = row.title;
    problem.exit_code = row.exit_code;
    problem.why = error.detail;
  } else {
    problem.id = kForeignId;
    problem.title = "The system refused";
    problem.why = error.detail.empty() ? error.code.message()
                                       : error.detail + " (" + error.code.message() + ")";
  }
  problem.fix = error.fix;
  return problem;
}

std::optional<Code> code_of(std::string_view id) {
  for (const Row& row : kRows)
    if (row.id == id) return row.code;
  return std::nullopt;
}

std::string error_text(std::string_view what, const Problem& problem) {
  std::string out = display_text(what.empty() ? std::string_view(problem.title) : what);
  out += ".\n";
  const std::string_view why = !problem.why.empty() ? std::string_view(problem.why)
                               : what.empty()       ? std::string_view()
                                                    : std::string_view(problem.title);
  const auto line = [&](std::string_view name, std::string_view text) {
    if (text.empty()) return;
    out += "  ";
    out += name;
    out += display_text(text);
    if (text.back() != '.' && name == "Why: ") out += '.';
    out += '\n';
  };
  line("Why: ", why);
  line("Fix: ", problem.fix);
  out += "  (" + display_text(problem.id) + ")\n";
  return out;
}

}  // namespace lanyard::agent
