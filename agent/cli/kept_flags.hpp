#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/cli/session.hpp"

/// What `lanyard up` is told lasts: it is kept in the configuration file, where a person finds and
/// changes it, and not in the arguments of one process, which end with it.
namespace lanyard::agent {

/// What became of the flags of one `lanyard up`.
struct KeptFlags {
  /// `device.name = "ada"`: written into `file` just now.
  std::vector<std::string> settings;
  /// The keys of `settings`.
  std::vector<std::string> keys;
  /// What could not be kept: it counts for the agent that is started with it.
  std::vector<ConfigFlag> for_this_run;
  /// Why not, as a sentence, and what to do; one for each of `for_this_run`.
  std::vector<std::string> reasons;
  std::filesystem::path file;
  /// What the file held before; nothing: there was none.
  std::optional<std::string> before;
};

/// Writes what differs from the configuration's files into the person's own. A list is added to.
/// What a variable alone says is written too: it does not last. Not kept is what a variable or a
/// file of conf.d says otherwise, everything where the file cannot be written, and everything for a
/// data folder of its own with the person's common file: that would rename their other agents too.
[[nodiscard]] Result<KeptFlags> keep_flags(const std::vector<ConfigFlag>& flags,
                                           const Session& session);

/// The file as it was: for a start that failed.
void take_back(const KeptFlags& kept);

/// Says what was kept, and what was not. `running`: the arguments of the agent that runs already
/// and has not heard of it; nothing: one was started.
void say_kept(const KeptFlags& kept, const std::optional<std::vector<std::string>>& running,
              const Output& out);

}  // namespace lanyard::agent
