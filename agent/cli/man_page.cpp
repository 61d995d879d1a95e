#include "agent/cli/man_page.hpp"

#include "agent/config_keys.hpp"
#include "agent/errors.hpp"

namespace lanyard::agent {
namespace {

/// Text as troff shows it: a hyphen that can be copied, no line that begins with a request.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool begins = out.empty() || out.back() == '\n';
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    switch (c) {
      case '\\': out += "\\e"; break;
      case '-': out += "\\-"; break;
      case '\'': out += "\\(aq"; break;
      case '`': out += "\\(ga"; break;
      case '^': out += "\\(ha"; break;
      case '~': out += "\\(ti"; break;
      default: out += c;
    }
  }
  return out;
}

/// A sentence that ends as one, whatever it was written for.
std::string sentence(const std::string& text) {
  const bool is_whole = text.ends_with('.') || text.ends_with('?');
  return plain(text) + (is_whole ? "\n" : ".\n");
}

std::string titled(const std::string& request, const std::string& title, const std::string& text) {
  return request + "\n" + title + "\n" + text;
}

std::string option_entries(const std::vector<OptionEntry>& options) {
  std::string out;
  for (const OptionEntry& option : options) {
    std::string names;
    for (const std::string& name : option.names)
      names += (names.empty() ? "\\fB" : ", \\fB") + plain(name) + "\\fR";
    if (!option.value.empty()) names += " \\fI" + plain(option.value) + "\\fR";
    out += titled(".TP", names, sentence(option.help));
  }
  return out;
}

std::string command_entry(std::vector<const CommandEntry*> path) {
  const CommandEntry& command = *path.back();
  std::string out = ".SS " + plain(usage_of(path)) + "\n" + sentence(command.help);
  for (const ArgumentEntry& argument : command.arguments)
    out += titled(".TP", "\\fI" + plain(argument.name) + "\\fR", sentence(argument.help));
  out += option_entries(command.options);
  if (command.commands.empty() && !command.examples.empty())
    out += ".PP\n.nf\n" + plain(command.examples) + "\n.fi\n";
  for (const CommandEntry& below : command.commands) {
    path.push_back(&below);
    out += command_entry(path);
    path.pop_back();
  }
  return out;
}

std::string exit_codes() {
  struct Row {
    int code;
    const char* meaning;
  };
  static constexpr Row kCodes[] = {
      {exit_code::kOk, "Done."},
      {exit_code::kFailed, "It failed; standard error says why and what helps."},
      {exit_code::kUsage, "The command line makes no sense."},
      {exit_code::kNotRunning, "The agent is not running."},
      {exit_code::kNotFound, "There is no such device, space, record or file."},
      {exit_code::kUnreachable, "The other device did not answer in time."},
      {exit_code::kNotAllowed, "This is not allowed."},
      {exit_code::kUnfinished, "status --check: conflicts, or data that is not everywhere yet."},
      {exit_code::kIntegrity, "Stored or received data is damaged."},
      {exit_code::kConfig, "The configuration is not valid."},
      {exit_code::kVersion, "A newer Lanyard is needed."},
      {exit_code::kLocked, "Another agent holds this data folder."},
      {exit_code::kInterrupted, "Interrupted."},
      {exit_code::kOutputClosed, "Standard output was closed."},
  };
  std::string out = ".SH EXIT STATUS\n";
  for (const Row& each : kCodes)
    out += titled(".TP", "\\fB" + std::to_string(each.code) + "\\fR", plain(each.meaning) + "\n");
  return out;
}

std::string configuration() {
  std::string out =
      ".SH CONFIGURATION\nlanyard config set KEY VALUE writes the file that lanyard config path "
      "names. A variable such as LANYARD_SYNC_PORT stands before the file.\n";
  for (const ConfigKey& key : config_keys()) {
    out += titled(".TP", "\\fB" + plain(key.name) + "\\fR", sentence(std::string(key.help)));
    if (!key.default_text.empty()) out += "Default: " + plain(key.default_text) + "\n";
  }
  return out;
}

}  // namespace

std::string man_page(const CommandEntry& root, const std::string& version) {
  std::string out = ".TH LANYARD 1 \"\" \"Lanyard " + plain(version) + "\" \"User Commands\"\n";
  out += ".SH NAME\nlanyard \\- keeps your devices\\(aq data in sync, without a server\n";
  out += ".SH SYNOPSIS\n\\fBlanyard\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR ...]\n";
  out += ".SH DESCRIPTION\n" + sentence(root.help) + ".PP\n.nf\n" + plain(first_steps()) + ".fi\n";
  out += ".SH OPTIONS OF EVERY COMMAND\n" + option_entries(root.options);
  out += ".SH COMMANDS\n";
  for (const CommandEntry& command : root.commands) out += command_entry({&root, &command});
  out += configuration();
  out +=
      ".SH FILES\nThe folders are those of the XDG Base Directory specification, and can be named "
      "with the options above.\n";
  for (const auto& [file, text] : {
           std::pair{"~/.config/lanyard/config.toml", "The configuration."},
           std::pair{"~/.local/share/lanyard", "The data: identity, spaces, control socket."},
           std::pair{"~/.local/state/lanyard", "Logs, and marks of how far this device wrote."},
       })
    out += titled(".TP", plain(file), plain(text) + "\n");
  return out + exit_codes();
}

}  // namespace lanyard::agent
