#include "agent/cli/kept_flags.hpp"

#include <algorithm>

#include "agent/config_file.hpp"
#include "agent/display_text.hpp"

namespace lanyard::agent {
namespace {

std::string as_setting(const ConfigFlag& flag, const ConfigValue& value) {
  return flag.key + " = " + config_text(value);
}

void leave(KeptFlags& kept, const ConfigFlag& flag, const std::string& reason) {
  kept.for_this_run.push_back(flag);
  kept.reasons.push_back(flag.flag + " is not kept: " + reason);
}

/// One flag into the file, unless something that wins over the file says otherwise.
Status keep_one(const ConfigFlag& flag, const Config& present, const Session& session,
                KeptFlags& kept) {
  LANYARD_TRY_SET(const ConfigValue wanted,
                  config_value_from_text(*find_config_key(flag.key), flag.text));
  // A port that is asked for is not the default one, even where it is the same number: no other
  // takes its place where it is in use.
  if (present.values.at(flag.key) == wanted && present.sources.at(flag.key) != "default") return {};
  LANYARD_TRY_SET(const std::optional<std::string> before, read_config_file(kept.file));
  if (const Status set = set_config(kept.file, flag.key, flag.text); !set) {
    leave(kept, flag, display_text(set.error().detail) + ".");
    return {};
  }
  LANYARD_TRY_SET(const Config after, session.configuration({}));
  if (after.values.at(flag.key) == wanted) {
    kept.settings.push_back(as_setting(flag, wanted));
    kept.keys.push_back(flag.key);
    return {};
  }
  LANYARD_TRY(put_back_config(kept.file, before));
  leave(kept, flag, display_text(after.sources.at(flag.key)) + " says otherwise at every start.");
  return {};
}

/// The agent that runs was started with this.
bool has_heard(const std::vector<std::string>& arguments, const ConfigFlag& flag) {
  auto at = std::find(arguments.begin(), arguments.end(), flag.flag);
  if (at == arguments.end()) return false;
  if (flag.flag == "--no-discovery") return true;
  ++at;
  return at != arguments.end() && flag.text.starts_with(*at);
}

}  // namespace

Result<KeptFlags> keep_flags(const std::vector<ConfigFlag>& flags, const Session& session) {
  const Paths& paths = session.paths();
  KeptFlags kept;
  kept.file = paths.config_file;
  if (flags.empty()) return kept;
  if (!paths.data_dir_is_default && paths.config_file_is_default) {
    for (const ConfigFlag& flag : flags)
      leave(kept, flag,
            "the data folder is one of its own, and " + paths.config_file.string() +
                " is that of your other agents too. Give it a file with --config.");
    return kept;
  }
  LANYARD_TRY_SET(kept.before, read_config_file(kept.file));
  LANYARD_TRY_SET(const Config present, session.configuration({}));
  for (const ConfigFlag& flag : flags) {
    if (const Status done = keep_one(flag, present, session, kept); !done) {
      take_back(kept);
      return fail(done.error());
    }
  }
  return kept;
}

void take_back(const KeptFlags& kept) {
  if (!kept.keys.empty()) static_cast<void>(put_back_config(kept.file, kept.before));
}

void say_kept(const KeptFlags& kept, const std::optional<std::vector<std::string>>& running,
              const Output& out) {
  if (!kept.settings.empty()) {
    std::string all;
    for (const std::string& setting : kept.settings) all += (all.empty() ? "" : ", ") + setting;
    out.say("\nok  Kept in " + kept.file.string() + ": " + display_text(all) +
            (running ? "\n! The agent was running already, and takes that at its next start.\n"
                       "  Fix: lanyard down && lanyard up"
                     : ""));
  }
  for (std::size_t i = 0; i < kept.reasons.size(); ++i) {
    if (!running)
      out.say("\n! " + kept.reasons[i] + " It counts until the agent stops.");
    else if (!has_heard(*running, kept.for_this_run[i]))
      out.say("\n! The agent was running already, and has not heard of " +
              kept.for_this_run[i].flag + ".\n  Fix: lanyard down, then  lanyard up  with it");
  }
}

}  // namespace lanyard::agent
