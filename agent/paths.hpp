#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "replication/types/result.hpp"

/// Where things are: the folders of the XDG Base Directory specification, unless told otherwise.
namespace lanyard::agent {

/// The variables of a process, by name. Asked for, never taken: tests give their own.
using Environment = std::map<std::string, std::string>;
[[nodiscard]] Environment process_environment();

struct Paths {
  std::filesystem::path data_dir;   ///< stores, identity, socket, lock; 0700
  std::filesystem::path state_dir;  ///< log files and high-water marks; 0700
  std::filesystem::path config_file;
  bool data_dir_is_default = true;
  bool config_file_is_default = true;

  [[nodiscard]] std::filesystem::path socket() const { return data_dir / "agent.sock"; }
  [[nodiscard]] std::filesystem::path lock() const { return data_dir / "agent.lock"; }
  [[nodiscard]] std::filesystem::path identity() const { return data_dir / "identity.key"; }
  [[nodiscard]] std::filesystem::path log() const { return state_dir / "agent.log"; }
  /// What a background agent prints before its log is set up, and when it ends in a crash.
  [[nodiscard]] std::filesystem::path output() const { return state_dir / "agent.out"; }
  /// How far this device has written in each space (storage/high_water_mark.hpp).
  [[nodiscard]] std::filesystem::path marks() const { return state_dir / "marks"; }
  [[nodiscard]] std::filesystem::path drop_ins() const {
    return config_file.parent_path() / "conf.d";
  }
};

/// What was said on the command line.
struct PathFlags {
  std::optional<std::string> data_dir;
  std::optional<std::string> state_dir;
  std::optional<std::string> config_file;
};

/// Flags first, then LANYARD_DATA_DIR, LANYARD_STATE_DIR and LANYARD_CONFIG, then the XDG folders,
/// then those below HOME. A data folder that is given and a state folder that is not: the state is
/// kept beside it under the XDG folder all the same. kInvalidConfig for a path that is relative or
/// empty, and where there is no HOME to fall back on.
[[nodiscard]] Result<Paths> find_paths(const PathFlags& flags, const Environment& environment);

/// Makes the data and state folders with mode 0700 where they are missing, and refuses a data
/// folder that is no folder, that others may write to, or that lies on a network file system, where
/// SQLite's locks and shared memory do not hold. kInvalidConfig, kUnsafePermissions, kReadOnly,
/// kDiskFull, each with its fix.
[[nodiscard]] Status prepare_folders(const Paths& paths);

}  // namespace lanyard::agent
