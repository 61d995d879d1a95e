#pragma once

#include <filesystem>
#include <vector>

#include "agent/paths.hpp"
#include "confinement/file_rules.hpp"

/// Which files an agent, and whatever it starts, can open (docs/adr/0047).
namespace lanyard::agent {

/// A folder of this agent alone within the first of TMPDIR, /var/tmp and /tmp in which one can be
/// made, for what statements sort; TMPDIR of this process leads to it from then on. It has the same
/// name at each start, so that one which was left by an end without warning is used again. To be
/// made before there are threads.
class TemporaryPlace {
 public:
  explicit TemporaryPlace(const std::filesystem::path& data_dir);
  /// Takes it away.
  ~TemporaryPlace();
  TemporaryPlace(const TemporaryPlace&) = delete;
  TemporaryPlace& operator=(const TemporaryPlace&) = delete;

  /// Empty where there is none: SQL then has no temporary files.
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int held_ = -1;  ///< locked, which whoever tidies up looks at (tmpfiles.d(5))
};

/// Of an agent with these folders, which are there: its own ones, to be kept; what the C library,
/// the loader and the name service read, to be read; itself, to be run.
[[nodiscard]] std::vector<confinement::FileRule> files_of_agent(
    const Paths& paths, const std::filesystem::path& temporary);

}  // namespace lanyard::agent
