#include "agent/paths.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "agent/wide_folders.hpp"

namespace lanyard::agent {
namespace {

namespace fs = std::filesystem;

struct Place {
  const char* what;        // for people
  const char* variable;    // ours
  const char* xdg;         // of the XDG base directory specification
  const char* below_home;  // its default
};
constexpr Place kData{"the data folder", "LANYARD_DATA_DIR", "XDG_DATA_HOME", ".local/share"};
constexpr Place kState{"the state folder", "LANYARD_STATE_DIR", "XDG_STATE_HOME", ".local/state"};
constexpr Place kConfig{"the configuration file", "LANYARD_CONFIG", "XDG_CONFIG_HOME", ".config"};

std::optional<std::string> value_of(const Environment& environment, const char* name) {
  const auto found = environment.find(name);
  if (found == environment.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

Result<fs::path> absolute(const std::string& text, const std::string& said_by, const Place& place) {
  const fs::path path(text);
  if (path.is_absolute()) return path.lexically_normal();
  std::error_code ignored;
  const std::string fix =
      text.empty() ? "Give a path that begins with /."
                   : "Write " + fs::absolute(path, ignored).lexically_normal().string() + ".";
  return fail(Code::kInvalidConfig,
              said_by + " names " + place.what + " by a relative path, \"" + text +
                  "\", which would mean another place from each folder",
              fix);
}

struct Found {
  fs::path path;
  bool is_default = false;
};

Result<Found> find(const Place& place, const std::optional<std::string>& flag,
                   const char* flag_name, const Environment& environment) {
  if (flag) {
    LANYARD_TRY_SET(fs::path path, absolute(*flag, flag_name, place));
    return Found{std::move(path), false};
  }
  if (const auto said = value_of(environment, place.variable)) {
    LANYARD_TRY_SET(fs::path path, absolute(*said, place.variable, place));
    return Found{std::move(path), false};
  }
  // The XDG specification: a relative path in such a variable is to be ignored.
  const auto xdg = value_of(environment, place.xdg);
  if (xdg && fs::path(*xdg).is_absolute()) return Found{fs::path(*xdg) / "lanyard", true};
  const auto home = value_of(environment, "HOME");
  if (!home || !fs::path(*home).is_absolute()) {
    return fail(Code::kInvalidConfig, std::string("there is no HOME to find ") + place.what + " by",
                std::string("Set HOME, or give ") + flag_name + ".");
  }
  return Found{fs::path(*home) / place.below_home / "lanyard", true};
}

Error path_error(int number, const fs::path& path, const std::string& doing) {
  const std::string detail =
      doing + " " + path.string() + ": " + std::generic_category().message(number);
  switch (number) {
    case ENOSPC:
    case EDQUOT: return {Code::kDiskFull, detail, "Free some space, then try again."};
    case EROFS: return {Code::kReadOnly, detail, "Choose a folder on a disk that can be written."};
    case EACCES:
    case EPERM:
      return {Code::kReadOnly, detail, "Make its parent folder yours, or choose another one."};
    case ENOTDIR:
    case EEXIST:
      return {Code::kInvalidConfig, detail, "Move that file away, or choose another folder."};
    default: return {Code::kInvalidConfig, detail, "Choose another folder."};
  }
}

Status make_private_folder(const fs::path& folder) {
  struct stat found {};
  if (stat(folder.c_str(), &found) == 0) {
    if (S_ISDIR(found.st_mode)) return {};
    return fail(Code::kInvalidConfig, folder.string() + " is not a folder",
                "Move that file away, or choose another folder.");
  }
  if (errno != ENOENT) return fail(path_error(errno, folder, "cannot look at"));
  std::error_code failed;
  if (folder.has_parent_path()) fs::create_directories(folder.parent_path(), failed);
  if (failed) return fail(path_error(failed.value(), folder.parent_path(), "cannot make"));
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(path_error(errno, folder, "cannot make"));
  return {};
}

/// One of the two folders that are the agent's own, in words for people.
struct OwnFolder {
  const char* name;
  const char* flag;
  bool may_be_link;         ///< one's own link, to a folder on another disk
  const char* why_private;  ///< what others could do who may write to it
};

constexpr OwnFolder kDataFolder{"data folder", "--data-dir", true, "replace its identity and data"};
constexpr OwnFolder kStateFolder{"state folder", "--state-dir", false,
                                 "have log files written where they like and take away the marks "
                                 "that tell a restored copy"};

/// That nobody else has the folder, may write to it, or has put a link in its place.
Status check_private_folder(const fs::path& folder, const OwnFolder& own) {
  struct stat link {};
  struct stat found {};
  if (lstat(folder.c_str(), &link) != 0 || stat(folder.c_str(), &found) != 0)
    return fail(path_error(errno, folder, "cannot look at"));
  const bool is_link = S_ISLNK(link.st_mode);
  if (is_link && !own.may_be_link) {
    return fail(Code::kUnsafePermissions,
                std::string("the ") + own.name + " " + folder.string() + " is a symbolic link",
                std::string("Name the folder that it leads to with ") + own.flag + ".");
  }
  const auto is_anothers = [](uid_t owner) { return owner != geteuid() && geteuid() != 0; };
  if (is_anothers(found.st_uid) || (is_link && is_anothers(link.st_uid) && link.st_uid != 0)) {
    return fail(
        Code::kUnsafePermissions, folder.string() + " belongs to another user",
        std::string("Run Lanyard as that user, or choose another folder with ") + own.flag + ".");
  }
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(Code::kUnsafePermissions,
                std::string("others may write to the ") + own.name + " " + folder.string() +
                    ", and so " + own.why_private,
                "Run  chmod 700 " + folder.string());
  }
  return {};
}

Status check_data_dir(const fs::path& folder) {
  LANYARD_TRY(check_private_folder(folder, kDataFolder));
  if (access(folder.c_str(), W_OK | X_OK) != 0)
    return fail(path_error(errno, folder, "cannot write to"));
  if (const char* kind = network_kind(folder)) {
    return fail(Code::kInvalidConfig,
                folder.string() + " lies on a network file system (" + kind +
                    "), where the database's locks do not hold",
                "Choose a folder on a disk of this machine with --data-dir.");
  }
  return {};
}

}  // namespace

Environment process_environment() {
  Environment out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

Result<Paths> find_paths(const PathFlags& flags, const Environment& environment) {
  LANYARD_TRY_SET(Found data, find(kData, flags.data_dir, "--data-dir", environment));
  LANYARD_TRY_SET(Found state, find(kState, flags.state_dir, "--state-dir", environment));
  LANYARD_TRY_SET(Found config, find(kConfig, flags.config_file, "--config", environment));
  Paths paths;
  paths.data_dir = std::move(data.path);
  paths.data_dir_is_default = data.is_default;
  paths.state_dir = std::move(state.path);
  paths.config_file = config.is_default ? config.path / "config.toml" : config.path;
  paths.config_file_is_default = config.is_default;
  return paths;
}

Status prepare_folders(const Paths& paths) {
  LANYARD_TRY(make_private_folder(paths.data_dir));
  LANYARD_TRY(check_data_dir(paths.data_dir));
  LANYARD_TRY(make_private_folder(paths.state_dir));
  return check_private_folder(paths.state_dir, kStateFolder);
}

}  // namespace lanyard::agent
