#include "agent/cli/kept_flags.hpp"

#include <algorithm>

#include "agent/config_file.hpp"
#include "agent/display_text.hpp"

namespace lanyard::agent {
namespace {

using Texts = std::vector<std::string>;

void leave(KeptFlags& kept, const ConfigFlag& flag, const std::string& reason) {
  kept.for_this_run.push_back(flag);
  kept.reasons.push_back(reason);
}

/// What `up` says of a key, beside what the environment of this one call says of it: a start by
/// systemd, or from another terminal, has no such variable.
Result<Config> configuration_of_files(const Session& session) {
  ConfigRequest request;
  request.paths = session.options().paths;
  request.environment = session.environment();
  for (const ConfigKey& key : config_keys()) request.environment.erase(variable_of(key));
  request.host_name = host_name();
  return load_config(request);
}

/// The value holds what was asked for: it is that, or a list with all of it.
bool holds(const ConfigValue& value, const ConfigValue& asked) {
  const auto* wanted = std::get_if<Texts>(&asked);
  if (wanted == nullptr) return value == asked;
  const Texts& all = std::get<Texts>(value);
  return std::all_of(wanted->begin(), wanted->end(), [&](const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  });
}

/// A list is added to: who names one more peer does not give up those that they wrote down.
ConfigValue added_to(const ConfigValue& present, const ConfigValue& asked) {
  const auto* more = std::get_if<Texts>(&asked);
  if (more == nullptr) return asked;
  Texts all = std::get<Texts>(present);
  for (const std::string& one : *more)
    if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
  return all;
}

/// As a variable says it.
std::string text_of(const ConfigValue& value, const ConfigFlag& flag) {
  const auto* list = std::get_if<Texts>(&value);
  if (list == nullptr) return flag.text;
  std::string out;
  for (const std::string& one : *list) out += (out.empty() ? "" : ",") + one;
  return out;
}

/// Who says otherwise than `asked` when an agent starts, now that the file says so; empty: nobody.
Result<std::string> objection(const ConfigFlag& flag, const ConfigValue& asked,
                              const Session& session) {
  LANYARD_TRY_SET(const Config with_variables, session.configuration({}));
  LANYARD_TRY_SET(const Config files, configuration_of_files(session));
  for (const Config* config : {&with_variables, &files})
    if (!holds(config->values.at(flag.key), asked)) return config->sources.at(flag.key);
  return std::string();
}

/// One flag into the file, unless something that wins over the file says otherwise.
Status keep_one(const ConfigFlag& flag, const Session& session, KeptFlags& kept) {
  LANYARD_TRY_SET(const ConfigValue asked,
                  config_value_from_text(*find_config_key(flag.key), flag.text));
  LANYARD_TRY_SET(const Config files, configuration_of_files(session));
  LANYARD_TRY_SET(const Config present, session.configuration({}));
  const ConfigValue& written = files.values.at(flag.key);
  // A port that is asked for is not the default one, even where it is the same number: no other
  // takes its place where it is in use.
  if (files.sources.at(flag.key) != "default" && holds(written, asked) &&
      holds(present.values.at(flag.key), asked))
    return {};
  const ConfigValue wanted = added_to(written, asked);
  LANYARD_TRY_SET(const std::optional<std::string> before, read_config_file(kept.file));
  if (const Status set = set_config(kept.file, flag.key, text_of(wanted, flag)); !set) {
    leave(kept, flag, display_text(set.error().detail) + ".");
    return {};
  }
  const Result<std::string> other = objection(flag, asked, session);
  if (other && other->empty()) {
    kept.settings.push_back(flag.key + " = " + config_text(wanted));
    kept.keys.push_back(flag.key);
    return {};
  }
  LANYARD_TRY(put_back_config(kept.file, before));
  if (!other) return fail(other.error());
  leave(kept, flag, display_text(*other) + " says otherwise at every start.");
  return {};
}

/// The texts that a command line gives a flag: `--peer a:1 --peer b:2`, `--name=ada`.
Texts given(const std::vector<std::string>& arguments, const std::string& flag) {
  Texts out;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].starts_with(flag + "="))
      out.push_back(arguments[i].substr(flag.size() + 1));
    else if (arguments[i] == flag && i + 1 < arguments.size())
      out.push_back(arguments[++i]);
  }
  return out;
}

/// The agent that runs was started with this.
bool has_heard(const std::vector<std::string>& arguments, const ConfigFlag& flag) {
  if (flag.flag == "--no-discovery")
    return std::find(arguments.begin(), arguments.end(), flag.flag) != arguments.end();
  const Texts texts = given(arguments, flag.flag);
  if (texts.empty()) return false;
  const ConfigKey& key = *find_config_key(flag.key);
  const auto asked = config_value_from_text(key, flag.text);
  const auto heard =
      config_value_from_text(key, key.type == KeyType::kList ? text_of(texts, flag) : texts.back());
  return asked && heard && *asked == *heard;
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
  for (const ConfigFlag& flag : flags) {
    if (const Status done = keep_one(flag, session, kept); !done) {
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
      out.say("\n! " + kept.for_this_run[i].flag + " is not kept: " + kept.reasons[i] +
              " It counts until the agent stops.");
    else if (!has_heard(*running, kept.for_this_run[i]))
      out.say("\n! The agent was running already, and has not heard of " +
              kept.for_this_run[i].flag + ".\n  Fix: lanyard down, then  lanyard up  with it");
  }
}

}  // namespace lanyard::agent
