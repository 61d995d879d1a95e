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
  /// Takes it away where this process still may: under rules for files it stays, empty.
  ~TemporaryPlace();
  TemporaryPlace(const TemporaryPlace&) = delete;
  TemporaryPlace& operator=(const TemporaryPlace&) = delete;

  /// Empty where there is none: SQL then has no temporary files.
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  /// False: none can be had there.
  bool take(const std::filesystem::path& fixed);

  std::filesystem::path path_;
  int held_ = -1;  ///< locked, which whoever tidies up looks at (tmpfiles.d(5))
};

/// Takes away the empty folders of agents that have ended, of this user, in the same places; one
/// that an agent has locked stays. From outside of rules for files.
void remove_left_places();

/// Of an agent with these folders, which are there: its own ones, to be kept, and those that links
/// in them lead to (`linked`); what the C library, the loader and the name service read, to be
/// read; itself, to be run.
[[nodiscard]] std::vector<confinement::FileRule> files_of_agent(
    const Paths& paths, const std::vector<std::filesystem::path>& linked,
    const std::filesystem::path& temporary);

}  // namespace lanyard::agent
