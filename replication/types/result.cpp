#include "replication/types/result.hpp"

namespace lanyard {
namespace {

class Category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "lanyard"; }
  [[nodiscard]] std::string message(int value) const override {
    return text(static_cast<Code>(value));
  }

 private:
  static const char* text(Code code) {
    switch (code) {
      case Code::kMalformed: return "malformed";
      case Code::kNotCanonical: return "not canonical";
      case Code::kTooLarge: return "too large";
      case Code::kNewerVersion: return "newer version";
      case Code::kBadSignature: return "bad signature";
      case Code::kBrokenChain: return "broken chain";
      case Code::kForked: return "forked log";
      case Code::kMissingContext: return "missing context";
      case Code::kNotAdmitted: return "not admitted";
      case Code::kWrongSpace: return "wrong space";
      case Code::kBadSeal: return "bad seal";
      case Code::kMissingKey: return "missing key";
      case Code::kUnauthenticated: return "unauthenticated";
      case Code::kNoToken: return "no token";
      case Code::kForgotten: return "forgotten device";
      case Code::kBeyondCredit: return "beyond credit";
      case Code::kProtocol: return "protocol violated";
      case Code::kUsage: return "usage";
      case Code::kNotFound: return "not found";
      case Code::kExists: return "exists";
      case Code::kConflict: return "unseen edits";
      case Code::kNotAllowed: return "not allowed";
      case Code::kUnreachable: return "unreachable";
      case Code::kBusy: return "busy";
      case Code::kNotRunning: return "agent not running";
      case Code::kLocked: return "data folder in use";
      case Code::kInvalidConfig: return "invalid configuration";
      case Code::kUnsafePermissions: return "unsafe permissions";
      case Code::kReadOnly: return "read-only";
      case Code::kDiskFull: return "disk full";
      case Code::kInputOutput: return "input/output error";
      case Code::kPortTaken: return "port taken";
      case Code::kCorrupt: return "corrupt";
      case Code::kInterrupted: return "interrupted";
    }
    return "unknown";
  }
};

}  // namespace

const std::error_category& lanyard_category() noexcept {
  static const Category category;
  return category;
}

std::error_code make_error_code(Code code) noexcept {
  return {static_cast<int>(code), lanyard_category()};
}

}  // namespace lanyard
