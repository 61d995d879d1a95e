#include "agent/cli/service_unit.hpp"

#include <pwd.h>
#include <unistd.h>

#include <fstream>

#include "agent/cli/printed_error.hpp"
#include "agent/cli/subprocess.hpp"
#include "agent/folder_hash.hpp"

namespace lanyard::agent {
namespace {

constexpr std::chrono::seconds kAnswerWithin{2};
constexpr std::chrono::seconds kStartWithin{30};

ProcessOutcome systemctl(std::vector<std::string> words, std::chrono::milliseconds limit) {
  words.insert(words.begin(), {"systemctl", "--user"});
  return run_program(words, limit);
}

std::string first_lines(const std::string& text) {
  std::string out = text.substr(0, 400);
  while (!out.empty() && out.back() == '\n') out.pop_back();
  for (char& c : out)
    if (c == '\n') c = ' ';
  return out;
}

/// What a person's own systemd can put in force everywhere: it has no right to drop capabilities,
/// which a person's programs do not have anyway, and what needs a name space of mounts does not
/// start, or has no effect, where it may make none. A user name space would take from the agent the
/// sight of who speaks to it (/proc). packaging/lanyard@.service has it all.
constexpr const char* kRestrictions =
    "NoNewPrivileges=yes\nUMask=0077\nLimitCORE=0\nLockPersonality=yes\n"
    "MemoryDenyWriteExecute=yes\nRestrictRealtime=yes\nRestrictSUIDSGID=yes\n"
    "RestrictNamespaces=yes\nRestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n"
    "SystemCallArchitectures=native\nSystemCallFilter=@system-service\n"
    "SystemCallFilter=seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self\n"
    "SystemCallFilter=~@privileged @keyring\nSystemCallErrorNumber=EPERM\n";

}  // namespace

std::string unit_word(const std::string& argument) {
  std::string out = "\"";
  for (const char c : argument) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '%' || c == '$') out += c;
    out += c;
  }
  return out + "\"";
}

std::string unit_text(const std::vector<std::string>& arguments) {
  std::string command;
  for (const std::string& argument : arguments)
    command += (command.empty() ? "" : " ") + unit_word(argument);
  return "# Written by `lanyard up`, taken away by `lanyard down`.\n"
         "[Unit]\nDescription=Lanyard, local-first sync\n\n"
         "[Service]\nType=notify\nExecStart=" +
         command + "\nRestart=on-failure\nRestartSec=2\nRestartPreventExitStatus=9 10 11\n" +
         kRestrictions + "\n[Install]\nWantedBy=default.target\n";
}

ServiceUnit::ServiceUnit(const Session& session) {
  const Paths& paths = session.paths();
  name_ = paths.data_dir_is_default
              ? "lanyard.service"
              : "lanyard-" + folder_hash(paths.data_dir.string()).substr(0, 8) + ".service";
  const auto& environment = session.environment();
  const auto xdg = environment.find("XDG_CONFIG_HOME");
  const auto home = environment.find("HOME");
  std::filesystem::path config;
  if (xdg != environment.end() && std::filesystem::path(xdg->second).is_absolute())
    config = xdg->second;
  else if (home != environment.end())
    config = std::filesystem::path(home->second) / ".config";
  file_ = config / "systemd/user" / name_;
}

bool ServiceUnit::is_available() {
  return systemctl({"show-environment"}, kAnswerWithin).code == 0;
}

bool ServiceUnit::is_installed() const { return std::filesystem::exists(file_); }

bool ServiceUnit::is_active() const {
  return systemctl({"is-active", "--quiet", name_}, kAnswerWithin).code == 0;
}

Status ServiceUnit::start(const std::vector<std::string>& arguments) const {
  std::error_code failed;
  std::filesystem::create_directories(file_.parent_path(), failed);
  std::ofstream(file_, std::ios::trunc) << unit_text(arguments);
  if (failed || !is_installed())
    return fail(Code::kReadOnly, "the unit file " + file_.string() + " cannot be written",
                "Make its folder writable.");
  const ProcessOutcome reloaded = systemctl({"daemon-reload"}, kStartWithin);
  const ProcessOutcome started =
      reloaded.code == 0 ? systemctl({"enable", "--now", name_}, kStartWithin) : reloaded;
  if (started.code == 0) return {};
  const ProcessOutcome said = run_program(
      {"journalctl", "--user", "--unit", name_, "--lines", "12", "--output", "cat", "--no-pager"},
      kAnswerWithin);
  static_cast<void>(stop());
  if (auto printed = printed_error(said.output)) return tl::unexpected(std::move(*printed));
  return fail(Code::kNotRunning,
              "systemd could not start " + name_ + ": " +
                  first_lines(said.output.empty() ? started.output : said.output),
              "Mend that, or see what it says with  lanyard agent");
}

Status ServiceUnit::stop() const {
  const ProcessOutcome stopped = systemctl({"disable", "--now", name_}, kStartWithin);
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
  static_cast<void>(systemctl({"daemon-reload"}, kStartWithin));
  if (stopped.code == 0) return {};
  return fail(Code::kUnreachable,
              "systemd could not stop " + name_ + ": " + first_lines(stopped.output),
              "See  systemctl --user status " + name_);
}

bool ServiceUnit::lingers() {
  const passwd* user = getpwuid(getuid());
  return user != nullptr &&
         std::filesystem::exists(std::string("/var/lib/systemd/linger/") + user->pw_name);
}

}  // namespace lanyard::agent
