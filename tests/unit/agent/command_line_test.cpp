#include <catch2/catch.hpp>
#include <sstream>

#include "agent/cli/commands.hpp"
#include "agent/cli/output.hpp"
#include "agent/cli/service_unit.hpp"

using namespace lanyard;
using namespace lanyard::agent;

namespace {

std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

template <class C>
C command(const std::string& line) {
  const auto read = read_command_line(words(line));
  const auto* invocation = std::get_if<Invocation>(&read);
  INFO(line);
  if (invocation == nullptr) INFO(std::get<NoCommand>(read).text);
  REQUIRE(invocation != nullptr);
  REQUIRE(std::holds_alternative<C>(invocation->command));
  return std::get<C>(invocation->command);
}

GlobalOptions globals(const std::string& line) {
  return std::get<Invocation>(read_command_line(words(line))).global;
}

}  // namespace

TEST_CASE("each verb is read with its options") {
  CHECK(command<AgentCommand>("agent").agent.flags.empty());
  std::string flags;
  for (const ConfigFlag& flag :
       command<AgentCommand>("agent --name pi --sync-port 1 --api-port 2 --no-discovery "
                             "--peer a:1 --peer b:2 --log-level debug")
           .agent.flags)
    flags += flag.key + "=" + flag.text + " ";
  CHECK(flags ==
        "device.name=pi sync.port=1 api.port=2 log.level=debug discovery.mode=off "
        "discovery.peers=a:1,b:2 ");
  CHECK(command<UpCommand>("up --name pi").agent.flags.size() == 1);
  static_cast<void>(command<DownCommand>("down"));
  CHECK(command<StatusCommand>("status --watch --check").check);
  CHECK(command<PingCommand>("ping pi").device == "pi");
  CHECK(command<LogCommand>("log -n 7 -f").lines == 7);
  static_cast<void>(command<VersionCommand>("version"));
  CHECK(command<DeviceCommand>("devices add ID --at pi:1").address == "pi:1");
  CHECK(command<DeviceCommand>("devices rename pi kitchen").name == "kitchen");
  CHECK(command<DeviceCommand>("devices forget pi --yes").yes);
  CHECK(command<DeviceCommand>("devices list").action == DeviceCommand::Action::kList);
  CHECK(command<SpaceCommand>("space share notes pi").device == "pi");
  CHECK(command<SpaceCommand>("space info notes").action == SpaceCommand::Action::kInfo);
  const auto token = command<TokenCommand>(
      "token create --app a --space s --space t --write --manage --origin http://h --expires 30");
  CHECK(token.action == TokenCommand::Action::kCreate);
  CHECK(token.spaces == std::vector<std::string>{"s", "t"});
  CHECK(token.app + token.origin == "ahttp://h");
  CHECK((token.write && token.manage && !token.all_spaces));
  CHECK(token.expires_days == 30);
  CHECK(command<TokenCommand>("token create --app a --all-spaces").all_spaces);
  CHECK(command<TokenCommand>("token revoke a -y").yes);
  CHECK(command<TokenCommand>("token list").action == TokenCommand::Action::kList);
  const auto put = command<DataCommand>("data put notes tasks t1 {} --based-on v");
  CHECK(put.action == DataCommand::Action::kPut);
  CHECK(put.space + "/" + put.collection + "/" + put.key == "notes/tasks/t1");
  CHECK(put.value == "{}");
  CHECK(put.based_on == "v");
  CHECK_FALSE(command<DataCommand>("data put notes tasks t1").value);
  CHECK(command<DataCommand>("data put notes tasks t1 -").value == "-");
  const auto query =
      command<DataCommand>("data query notes tasks --where {\"a\":1} --order -n --limit 5000");
  CHECK(query.where == "{\"a\":1}");
  CHECK(query.order == "-n");
  CHECK(query.limit == 5000);
  CHECK(command<ConflictCommand>("conflicts resolve c-1 --use 2").use == 2);
  CHECK(command<ConflictCommand>("conflicts resolve c-1 --merge").merge);
  CHECK(command<ImportCommand>("import f.json --space s --dry-run").space == "s");
  CHECK(command<CheckCommand>("check notes --rebuild").rebuild);
  CHECK(command<ConfigCommand>("config set sync.port 9").value == "9");
}

TEST_CASE("global options stand before or behind the verb") {
  for (const char* const line :
       {"--json --data-dir /d --timeout 2.5 status", "status --json --data-dir /d --timeout 2.5",
        "--json devices list --data-dir /d --timeout 2.5"}) {
    const GlobalOptions global = globals(line);
    CHECK(global.json);
    CHECK(global.paths.data_dir == "/d");
    CHECK(global.timeout == std::chrono::milliseconds(2500));
  }
}

TEST_CASE("a command line that makes no sense is one line, the right form, and a hint") {
  const char* const rows[] = {"--json",
                              "jump",
                              "--jump status",
                              "status --jump",
                              "status extra",
                              "devices jump",
                              "data",
                              "devices add",
                              "devices add ID --at",
                              "devices rename pi",
                              "space create",
                              "token create",
                              "token create --app a --space",
                              "token create --app a --space s t",
                              "token create --app a --space s --all-spaces",
                              "token create --app a --all-spaces --expires 0",
                              "token revoke",
                              "token list extra",
                              "data put notes",
                              "data query notes tasks --limit 0",
                              "data query notes tasks --limit x",
                              "data get notes tasks t1 extra",
                              "conflicts resolve c-1",
                              "conflicts resolve c-1 --use 1 --merge",
                              "conflicts resolve c-1 --use 0",
                              "config set sync.port",
                              "--timeout 0 status",
                              "--timeout x status",
                              "agent --sync-port"};
  for (const char* const row : rows) {
    INFO(row);
    const auto read = read_command_line(words(row));
    REQUIRE(std::holds_alternative<NoCommand>(read));
    const auto& no = std::get<NoCommand>(read);
    CHECK(no.is_error);
    CHECK_THAT(no.text,
               Catch::StartsWith("lanyard: ") && Catch::Contains("  Fix: see  lanyard help"));
    const bool has_usage = no.text.find("\n  Usage: lanyard ") != std::string::npos;
    CHECK(std::count(no.text.begin(), no.text.end(), '\n') == (has_usage ? 3 : 2));
  }
}

TEST_CASE("numbers, sizes and times are shown for people") {
  CHECK(count_text(0) == "0");
  CHECK(count_text(999) == "999");
  CHECK(count_text(1204) == "1,204");
  CHECK(count_text(1234567) == "1,234,567");
  CHECK(bytes_text(999) == "999 B");
  CHECK(bytes_text(3100) == "3.1 kB");
  CHECK(bytes_text(180'000) == "180 kB");
  CHECK(bytes_text(2'400'000) == "2.4 MB");
  CHECK(duration_text(11'520'000) == "3 h 12 m");
  CHECK(duration_text(59'999) == "59 s");
  CHECK(duration_text(90'000'000) == "1 d 1 h");
  CHECK(age_text(0, 5) == "never");
  CHECK(age_text(1000, 2000) == "now");
  CHECK(age_text(1, 7'200'001) == "2 h ago");
  CHECK(plural(1, "device") == "1 device");
  CHECK(plural(1204, "change") == "1,204 changes");
}

TEST_CASE("a table lines up by columns, whatever the letters and colours") {
  CHECK(table({{"NAME", "N"}, {"caf\xC3\xA9", "1"}, {"\x1B[32mpi\x1B[0m", "2"}}) ==
        "NAME  N\ncaf\xC3\xA9  1\n\x1B[32mpi\x1B[0m    2\n");
}

TEST_CASE("a table is cut to the terminal where it is widest, and what is copied stays whole") {
  const std::string id(20, '7');
  const std::string words = "a meaning of many words";
  const std::vector<std::vector<std::string>> rows = {{"ID", "NAME", "MEANING"},
                                                      {id, "pi", "\x1B[32m" + words + "\x1B[0m"}};
  CHECK(table(rows) == table(rows, 0));
  CHECK(table(rows, 51) == table(rows));
  const std::string cut = table(rows, 40);
  CHECK_THAT(cut, Catch::Contains(id + "  pi    \x1B[32ma meaning o\u2026\x1B[0m\n"));
  CHECK_THAT(table(rows, 5), Catch::Contains(id) && Catch::Contains("\u2026"));
  CHECK_THAT(table({{"NAME"}, {"\u5bb6\u5bb6\u5bb6\u5bb6\u5bb6\u5bb6"}}, 9),
             Catch::Contains("\n\u5bb6\u5bb6\u5bb6\u5bb6\u2026\n"));
}

TEST_CASE("a unit's command line means its words, whatever is in them") {
  CHECK(unit_word("/a b/\"c\"\\%h$X") == "\"/a b/\\\"c\\\"\\\\%%h$$X\"");
  CHECK_THAT(unit_text({"/usr/bin/lanyard", "agent"}),
             Catch::Contains("\nExecStart=\"/usr/bin/lanyard\" \"agent\"\n"));
}

TEST_CASE("a unit restricts what it starts, by what a person's systemd can enforce everywhere") {
  const std::string text = unit_text({"/usr/bin/lanyard", "agent"});
  for (const char* line :
       {"NoNewPrivileges=yes", "UMask=0077", "LimitCORE=0", "LockPersonality=yes",
        "MemoryDenyWriteExecute=yes", "RestrictRealtime=yes", "RestrictSUIDSGID=yes",
        "RestrictNamespaces=yes", "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service", "SystemCallFilter=~@privileged @keyring",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK"}) {
    CAPTURE(line);
    CHECK_THAT(text, Catch::Contains("\n" + std::string(line) + "\n"));
  }
  // These do not start, or mean nothing, without the right to make name spaces.
  for (const char* name : {"PrivateUsers", "PrivateDevices", "CapabilityBoundingSet", "Protect"})
    CHECK_THAT(text, !Catch::Contains(name));
}
