#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <optional>

#include "agent/import/export_reader.hpp"
#include "agent/import/guarded_input.hpp"

namespace lanyard::agent {

/// An export on disk, which is read twice: to see that all of it is good, and to take it. So what
/// is not good leaves nothing behind. Memory does not grow with the file but for 8 bytes a record.
class ExportFile {
 public:
  /// kNotFound; kMalformed for an empty file, a folder or a device; kNotAllowed. "-" is standard
  /// input, which is copied to a nameless temporary file first.
  [[nodiscard]] static Result<ExportFile> open(const std::filesystem::path& file);
  ExportFile(ExportFile&& other) noexcept;
  ExportFile& operator=(ExportFile&&) = delete;
  ~ExportFile();

  [[nodiscard]] std::uint64_t bytes() const { return static_cast<std::uint64_t>(first_.st_size); }
  /// Reads and checks everything, ids that occur twice too.
  [[nodiscard]] Result<ImportCounts> check(const GuardedInput::Progress& progress);
  /// Gives every record to the sink. kConflict if the file changed since it was opened.
  [[nodiscard]] Result<ImportCounts> read(const RecordSink& sink,
                                          const GuardedInput::Progress& progress);

 private:
  ExportFile(int descriptor, const struct stat& first) : descriptor_(descriptor), first_(first) {}
  [[nodiscard]] Status check_unchanged() const;

  int descriptor_;
  struct stat first_;
};

}  // namespace lanyard::agent
