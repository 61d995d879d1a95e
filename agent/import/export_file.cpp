#include "agent/import/export_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <map>

namespace lanyard::agent {
namespace {

namespace fs = std::filesystem;

/// Longest string: a record has to hold it.
constexpr std::size_t kStringBytesMax = kImportRecordBytesMax - (1U << 20U);
/// Pairs of ids to look at again: one bad one is enough to refuse.
constexpr std::size_t kSuspectsMax = 1000;

tl::unexpected<Error> cannot_open(const fs::path& file, int number) {
  const std::string detail = file.string() + ": " + std::generic_category().message(number);
  if (number == ENOENT || number == ENOTDIR)
    return fail(Code::kNotFound, detail, "Check the path.");
  return fail(Code::kNotAllowed, detail, "Make the file readable to you.");
}

Result<int> spool_standard_input() {
  const int spool = ::open(fs::temp_directory_path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (spool < 0) return cannot_open("a temporary file", errno);
  std::array<char, 65536> part;
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) return spool;
    if (got < 0 || write(spool, part.data(), static_cast<std::size_t>(got)) != got) {
      const int number = errno;
      close(spool);
      const std::string folder = fs::temp_directory_path().string();
      if (number == ENOSPC || number == EDQUOT)
        return fail(Code::kTooLarge,
                    "standard input does not fit into the folder for temporary files, " + folder,
                    "Write it to a file, and import that. Or set TMPDIR to a folder with room.");
      return fail(Code::kInputOutput,
                  "standard input cannot be kept: " + std::generic_category().message(number),
                  "Write it to a file, and import that.");
    }
  }
}

std::uint64_t name_of(const ImportRecord& record) {
  return std::hash<std::string_view>{}(record.key) * 31 +
         static_cast<unsigned char>(record.collection.front());
}

std::vector<std::uint64_t> repeated(std::deque<std::uint64_t>& names) {
  std::sort(names.begin(), names.end());
  std::vector<std::uint64_t> out;
  for (std::size_t i = 1; i < names.size() && out.size() < kSuspectsMax; ++i)
    if (names[i] == names[i - 1] && (out.empty() || out.back() != names[i]))
      out.push_back(names[i]);
  return out;
}

}  // namespace

Result<ExportFile> ExportFile::open(const fs::path& file) {
  int descriptor = -1;
  if (file == "-") {
    LANYARD_TRY_SET(descriptor, spool_standard_input());
  } else {
    descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) return cannot_open(file, errno);
  }
  struct stat found {};
  const bool looked = fstat(descriptor, &found) == 0;
  ExportFile out(descriptor, found);
  if (!looked || !S_ISREG(found.st_mode))
    return fail(Code::kMalformed, file.string() + ": it is not a regular file",
                "Give the file that the export was written to.");
  if (found.st_size == 0)
    return fail(Code::kMalformed, file.string() + ": the file is empty", "Export it again.");
  return out;
}

ExportFile::ExportFile(ExportFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), first_(other.first_) {}

ExportFile::~ExportFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

Status ExportFile::check_unchanged() const {
  struct stat now {};
  if (fstat(descriptor_, &now) != 0 || now.st_size != first_.st_size ||
      now.st_mtim.tv_sec != first_.st_mtim.tv_sec || now.st_mtim.tv_nsec != first_.st_mtim.tv_nsec)
    return fail(Code::kConflict, "the file changed while it was read",
                "Import it again once it is complete.");
  return {};
}

Result<ImportCounts> ExportFile::read(const RecordSink& sink,
                                      const GuardedInput::Progress& progress) {
  LANYARD_TRY(check_unchanged());
  if (lseek(descriptor_, 0, SEEK_SET) != 0)
    return fail(Code::kInputOutput, "the file cannot be read from its start");
  GuardedInput input(descriptor_, kStringBytesMax, progress);
  std::istream in(&input);
  auto counts = read_export(in, sink, [&] { return input.error().has_value(); });
  // What ended the stream early is the reason for what the parser says of it.
  if (input.error()) return fail(*input.error());
  LANYARD_TRY(check_unchanged());
  return counts;
}

Result<ImportCounts> ExportFile::check(const GuardedInput::Progress& progress) {
  std::deque<std::uint64_t> names;
  const auto counts = read(
      [&](const ImportRecord& record) -> Status {
        names.push_back(name_of(record));
        return {};
      },
      progress);
  if (!counts) return counts;
  const std::vector<std::uint64_t> suspects = repeated(names);
  if (suspects.empty()) return counts;
  names = {};
  // Two ids, or one twice? Only now are the suspects' texts looked at.
  std::map<std::pair<std::string, std::string>, std::string> seen;
  return read(
      [&](const ImportRecord& record) -> Status {
        if (!std::binary_search(suspects.begin(), suspects.end(), name_of(record))) return {};
        const auto [place, fresh] =
            seen.emplace(std::pair(std::string(record.collection), record.key), record.path);
        if (fresh) return {};
        return fail(Code::kMalformed,
                    record.path + ": the id occurs twice, first at " + place->second,
                    "Mend the file, or export it again; nothing was imported.");
      },
      progress);
}

}  // namespace lanyard::agent
