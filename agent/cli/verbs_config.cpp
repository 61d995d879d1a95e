#include "agent/build_info.hpp"
#include "agent/cli/session.hpp"
#include "agent/display_text.hpp"
#include "agent/errors.hpp"
#include "agent/json_writer.hpp"
#include "replication/types/nearest_name.hpp"

namespace lanyard::agent {
namespace {

void write_value(const ConfigValue& value, JsonWriter& out) {
  if (const auto* text = std::get_if<std::string>(&value)) out.text(*text);
  if (const auto* number = std::get_if<std::int64_t>(&value)) out.number(*number);
  if (const auto* yes = std::get_if<bool>(&value)) out.boolean(*yes);
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    out.begin_array();
    for (const std::string& element : *list) out.text(element);
    out.end_array();
  }
}

int list_keys(const Config& config, const Output& out) {
  std::vector<std::vector<std::string>> rows = {{"KEY", "VALUE", "FROM", "MEANING"}};
  JsonWriter json;
  json.begin_object().name("keys").begin_array();
  for (const ConfigKey& key : config_keys()) {
    const std::string name(key.name);
    const ConfigValue& value = config.values.at(name);
    const std::string& source = config.sources.at(name);
    rows.push_back(
        {name, display_cut(config_text(value), 40), display_text(source), std::string(key.help)});
    json.begin_object().member("key", name).name("value");
    write_value(value, json);
    json.member("from", source).member("default", key.default_text).member("unit", key.unit);
    json.member("expects", expected_of(key)).member("help", key.help).end_object();
  }
  json.end_array().end_object();
  out.style().json ? out.json("config/1", json.str()) : out.print_table(rows);
  return exit_code::kOk;
}

Result<int> get_key(const std::string& name, const Config& config, const Output& out) {
  const auto value = config.values.find(name);
  if (value == config.values.end()) {
    std::vector<std::string> names;
    for (const auto& [known, ignored] : config.values) names.push_back(known);
    const auto nearest = nearest_name(name, names);
    return fail(
        Code::kInvalidConfig, "there is no key " + name,
        nearest ? "Did you mean " + *nearest + "?" : "`lanyard config list` shows every key.");
  }
  JsonWriter json;
  json.begin_object().member("key", name).name("value");
  write_value(value->second, json);
  json.member("from", config.sources.at(name)).end_object();
  const auto* text = std::get_if<std::string>(&value->second);
  if (out.style().json)
    out.json("config-value/1", json.str());
  else
    out.line(text != nullptr ? display_text(*text) : config_text(value->second));
  return exit_code::kOk;
}

}  // namespace

Result<int> run(const ConfigCommand& command, Session& session) {
  using Action = ConfigCommand::Action;
  session.attempt("");
  const Output& out = session.out();
  if (command.action == Action::kPath) {
    JsonWriter json;
    json.begin_object().member("path", session.paths().config_file.string()).end_object();
    out.style().json ? out.json("config-path/1", json.str())
                     : out.line(session.paths().config_file.string());
    return exit_code::kOk;
  }
  if (command.action == Action::kSet) {
    session.attempt("Could not set " + command.key);
    LANYARD_TRY(set_config(session.paths().config_file, command.key, command.value));
    if (out.style().json) out.json("config-set/1", "{}");
    out.say("ok  " + display_text(command.key) + " is set in " +
            session.paths().config_file.string() + "; it counts when the agent starts again.");
    return exit_code::kOk;
  }
  LANYARD_TRY_SET(const Config config, session.configuration({}));
  if (command.action == Action::kGet) return get_key(command.key, config, out);
  if (command.action == Action::kList) return list_keys(config, out);
  if (out.style().json) out.json("config-check/1", "{\"ok\":true}");
  out.say("ok  The configuration is fine.");
  return exit_code::kOk;
}

Result<int> run(const VersionCommand& /*command*/, Session& session) {
  JsonWriter json;
  json.begin_object().member("version", kBuild).end_object();
  const Output& out = session.out();
  out.style().json ? out.json("version/1", json.str()) : out.line(std::string("lanyard ") + kBuild);
  return exit_code::kOk;
}

}  // namespace lanyard::agent
