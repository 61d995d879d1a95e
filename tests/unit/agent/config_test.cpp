#include "agent/config.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/unit/agent/temporary_folder.hpp"

using namespace lanyard;
using namespace lanyard::agent;
using lanyard::agent::testing::TemporaryFolder;

namespace {

ConfigRequest a_request(const TemporaryFolder& home) {
  ConfigRequest request;
  request.environment = {{"HOME", home.path().string()}};
  request.host_name = "ada-laptop";
  request.system_file = home.path() / "etc/config.toml";
  return request;
}

constexpr const char* kFile = ".config/lanyard/config.toml";

struct BadFile {
  const char* name;
  const char* content;
  const char* detail;  // in the error, after the file's name
  const char* fix;
};

}  // namespace

TEST_CASE("without any file every key has its default") {
  const TemporaryFolder home;
  const auto config = load_config(a_request(home));
  REQUIRE(config);
  CHECK(config->device_name == "ada-laptop");
  CHECK(config->sync_port == 7761);
  CHECK(config->sync_port_is_default);
  CHECK(config->sync_listen.empty());
  CHECK(config->api_port == 7760);
  CHECK(config->api_listen == std::vector<std::string>{"127.0.0.1", "::1"});
  CHECK(config->discovery_mode == DiscoveryMode::kAuto);
  CHECK(config->discovery_peers.empty());
  CHECK(config->log.level == LogLevel::kInfo);
  CHECK(config->paths.data_dir == home.path() / ".local/share/lanyard");
  CHECK(config->paths.state_dir == home.path() / ".local/state/lanyard");
  for (const ConfigKey& key : config_keys()) {
    CHECK(config->sources.at(std::string(key.name)) == "default");
    if (key.name != "device.name")
      CHECK((key.default_text.empty() ? std::string("\"\"") : std::string(key.default_text)) ==
            config_text(config->values.at(std::string(key.name))));
  }
}

TEST_CASE("the last one who speaks wins: system, file, drop-ins, variables, flags") {
  const TemporaryFolder home;
  const std::string all =
      "[sync]\nport = 1\nlisten = \"127.0.0.1\"\n[api]\nport = 1\n"
      "[device]\nname = \"system\"\n[log]\nlevel = \"debug\"\n";
  (void)home.file("etc/config.toml", all);
  const auto file = home.file(kFile,
                              "sync.port = 2\napi.port = 2\n[device]\nname = \"file\"\n"
                              "[log]\nlevel = \"error\"\n");
  (void)home.file(".config/lanyard/conf.d/20.toml", "[sync]\nport = 4\n[api]\nport = 4\n");
  (void)home.file(".config/lanyard/conf.d/10.toml",
                  "[sync]\nport = 3\n[device]\nname = \"drop\"\n");
  ConfigRequest request = a_request(home);
  request.environment["LANYARD_SYNC_PORT"] = "5";
  request.environment["LANYARD_API_PORT"] = "5";
  request.environment["LANYARD_DISCOVERY_PEERS"] = "pi:7761, [::1]:99";
  request.flags = {{"api.port", "--api-port", "6"}};
  const auto config = load_config(request);
  REQUIRE(config);
  CHECK(config->sync_listen == "127.0.0.1");
  CHECK(config->log.level == LogLevel::kError);
  CHECK(config->device_name == "drop");
  CHECK(config->sync_port == 5);
  CHECK_FALSE(config->sync_port_is_default);
  CHECK(config->api_port == 6);
  CHECK(config->discovery_peers == std::vector<std::string>{"pi:7761", "[::1]:99"});
  CHECK(config->sources.at("log.level") == file.string() + ":6");
  CHECK(config->sources.at("sync.port") == "LANYARD_SYNC_PORT");
  CHECK(config->sources.at("api.port") == "--api-port");
}

TEST_CASE("a bad configuration file is refused with file, line, key and the fix") {
  const BadFile rows[] = {
      {"unknown key", "[sync]\nprot = 1\n", ":2:sync.prot: there is no such key",
       "Did you mean sync.port?"},
      {"unknown key without its table", "port = 1\n", ":1:port: there is no such key",
       "Did you mean sync.port?"},
      {"unknown table", "[nothing-like-it]\nx = 1\n", "nothing-like-it.x: there is no such key",
       "Take it out"},
      {"empty unknown table", "[synk]\n", ":1:synk: there is no such key", ""},
      {"key is a table", "[sync.port]\nx = 1\n", ":1:sync.port: the value has the wrong type",
       "Give an integer from 0 to 65535."},
      {"table is a value", "sync = 1\n", ":1:sync: there is no such key", ""},
      {"text for integer", "[sync]\nport = \"1\"\n", ":2:sync.port: the value has the wrong type",
       "Give an integer from 0 to 65535."},
      {"float for integer", "[sync]\nport = 1.5\n", ":2:sync.port: the value has the wrong type",
       ""},
      {"integer for text", "[device]\nname = 5\n", ":2:device.name: the value has the wrong type",
       "Give a text."},
      {"text for list", "[discovery]\npeers = \"a:1\"\n",
       ":2:discovery.peers: the value has the wrong type", "Give a list of texts."},
      {"number in list", "[discovery]\npeers = [1]\n",
       ":2:discovery.peers: the value has the wrong type", ""},
      {"port too large", "[sync]\nport = 65536\n", ":2:sync.port: 65536 is out of range",
       "Give an integer from 0 to 65535."},
      {"port negative", "[api]\nport = -1\n", ":2:api.port: -1 is out of range", ""},
      {"unknown choice", "[log]\nlevel = \"loud\"\n",
       ":2:log.level: \"loud\" is not one of the choices", "\"debug\", \"info\""},
      {"peer without port", "[discovery]\npeers = [\"pi\"]\n",
       ":2:discovery.peers: \"pi\" is not of the form host:port", ""},
      {"peer with a path", "[discovery]\npeers = [\"a/b:1\"]\n", "is not of the form host:port",
       ""},
      {"REST for everyone", "[api]\nlisten = [\"0.0.0.0\"]\n",
       ":2:api.listen: \"0.0.0.0\" is not a loopback address", ""},
      {"REST for the LAN", "[api]\nlisten = [\"127.0.0.1\", \"192.168.1.2\"]\n",
       "\"192.168.1.2\" is not a loopback address", ""},
      {"listen on a name", "[sync]\nlisten = \"localhost\"\n", "\"localhost\" is not an IP address",
       ""},
      {"name too long",
       "[device]\nname = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
       ":2:device.name:", "Give a text."},
      {"name that turns text around", "[device]\nname = \"a\\u202Eb\"\n",
       "has characters that cannot be shown", ""},
      {"empty name", "[device]\nname = \"\"\n",
       ":2:device.name: \"\" cannot be a name: a name is empty", "Give a text."},
      {"key twice", "[sync]\nport = 1\nport = 2\n", ":3:", "TOML"},
      {"not TOML", "{\"sync\": 1}", ":1:1: ", "TOML"},
      {"cut short", "[sync\n", ":1:", "TOML"},
      {"not UTF-8", "[device]\nname = \"\xff\"\n", ":2:", "TOML"},
  };
  for (const BadFile& row : rows) {
    INFO(row.name);
    const TemporaryFolder home;
    const auto file = home.file(kFile, row.content);
    const auto config = load_config(a_request(home));
    REQUIRE_FALSE(config);
    CHECK(config.error().is(Code::kInvalidConfig));
    CHECK(config.error().detail.starts_with(file.string()));
    CHECK_THAT(config.error().detail, Catch::Contains(row.detail));
    CHECK_THAT(config.error().fix, Catch::Contains(row.fix));
  }
}

TEST_CASE("what is no small readable file is refused unread") {
  const TemporaryFolder home;
  const auto file = home.path() / "config.toml";
  ConfigRequest request = a_request(home);
  request.paths.config_file = file.string();
  std::string why;
  SECTION("a folder") {
    std::filesystem::create_directory(file);
    why = "it is a folder";
  }
  SECTION("missing although it was asked for") { why = "there is no such file"; }
  SECTION("1 GiB") {
    (void)home.file("config.toml", "");
    REQUIRE(truncate(file.c_str(), 1 << 30) == 0);
    why = "larger than 64 KiB";
  }
  SECTION("a pipe") {
    REQUIRE(mkfifo(file.c_str(), 0600) == 0);
    why = "not a regular file";
  }
  const auto config = load_config(request);
  REQUIRE_FALSE(config);
  CHECK(config.error().is(Code::kInvalidConfig));
  CHECK_THAT(config.error().detail, Catch::Contains(why));
  CHECK_FALSE(config.error().fix.empty());
}

TEST_CASE("an empty file is no mistake") {
  const TemporaryFolder home;
  (void)home.file(kFile, "");
  CHECK(load_config(a_request(home)));
}

TEST_CASE("variables are held to the same rules, and a misspelt one is found") {
  struct Row {
    const char* name;
    const char* value;
    const char* detail;
  };
  const Row rows[] = {
      {"LANYARD_SYNC_PORT", "x", "LANYARD_SYNC_PORT (sync.port): \"x\" is not an integer"},
      {"LANYARD_SYNC_PORT", "", "is not an integer"},
      {"LANYARD_SYNC_PORT", "99999", "99999 is out of range"},
      {"LANYARD_SYNC_PROT", "1", "LANYARD_SYNC_PROT: there is no such variable"},
      {"LANYARD_API_LISTEN", "0.0.0.0", "is not a loopback address"},
      {"LANYARD_LOG_LEVEL", "LOUD", "is not one of the choices"},
      {"LANYARD_DATA_DIR", "here", "by a relative path, \"here\""},
      {"LANYARD_CONFIG", "./config.toml", "by a relative path"},
  };
  for (const Row& row : rows) {
    INFO(row.name << "=" << row.value);
    const TemporaryFolder home;
    ConfigRequest request = a_request(home);
    request.environment[row.name] = row.value;
    const auto config = load_config(request);
    REQUIRE_FALSE(config);
    CHECK(config.error().is(Code::kInvalidConfig));
    CHECK_THAT(config.error().detail, Catch::Contains(row.detail));
  }
  const TemporaryFolder home;
  ConfigRequest request = a_request(home);
  request.environment["LANYARD_SOMETHING_OF_ANOTHER_PROGRAM"] = "1";
  CHECK(load_config(request));
}

TEST_CASE("a path is absolute, and without HOME there is none") {
  const TemporaryFolder home;
  ConfigRequest request = a_request(home);
  request.paths.data_dir = "data";
  const auto relative = load_config(request);
  REQUIRE_FALSE(relative);
  CHECK_THAT(relative.error().detail, Catch::Contains("--data-dir"));
  CHECK_THAT(relative.error().fix, Catch::Contains("/data"));
  request.paths.data_dir.reset();
  request.environment = {};
  const auto homeless = load_config(request);
  REQUIRE_FALSE(homeless);
  CHECK_THAT(homeless.error().detail, Catch::Contains("HOME"));
  request.environment = {{"HOME", "/h"}, {"XDG_DATA_HOME", "/d"}, {"XDG_STATE_HOME", "relative"}};
  const auto config = load_config(request);
  REQUIRE(config);
  CHECK(config->paths.data_dir == "/d/lanyard");
  CHECK(config->paths.state_dir == "/h/.local/state/lanyard");
}

TEST_CASE("the data folder is made private, and one that others may write to is refused") {
  const TemporaryFolder home;
  Paths paths;
  paths.data_dir = home.path() / "a/b/data";
  paths.state_dir = home.path() / "state";
  REQUIRE(prepare_folders(paths));
  struct stat made {};
  REQUIRE(stat(paths.data_dir.c_str(), &made) == 0);
  CHECK((made.st_mode & 0777) == 0700);
  REQUIRE(chmod(paths.data_dir.c_str(), 0777) == 0);
  const auto open_to_all = prepare_folders(paths);
  REQUIRE_FALSE(open_to_all);
  CHECK(open_to_all.error().is(Code::kUnsafePermissions));
  CHECK_THAT(open_to_all.error().fix, Catch::Contains("chmod 700"));
  paths.data_dir = home.file("file", "");
  const auto no_folder = prepare_folders(paths);
  REQUIRE_FALSE(no_folder);
  CHECK(no_folder.error().is(Code::kInvalidConfig));
}

TEST_CASE("the state folder is nobody else's to write to, and no link") {
  const TemporaryFolder home;
  Paths paths;
  paths.data_dir = home.path() / "data";
  paths.state_dir = home.path() / "state";
  REQUIRE(prepare_folders(paths));
  REQUIRE(chmod(paths.state_dir.c_str(), 0770) == 0);
  const auto open_to_some = prepare_folders(paths);
  REQUIRE_FALSE(open_to_some);
  CHECK(open_to_some.error().is(Code::kUnsafePermissions));
  CHECK_THAT(open_to_some.error().detail, Catch::Contains("state folder"));
  REQUIRE(chmod(paths.state_dir.c_str(), 0700) == 0);
  std::filesystem::create_directory_symlink(paths.state_dir, home.path() / "link");
  paths.state_dir = home.path() / "link";
  const auto linked = prepare_folders(paths);
  REQUIRE_FALSE(linked);
  CHECK(linked.error().is(Code::kUnsafePermissions));
  CHECK_THAT(linked.error().fix, Catch::Contains("--state-dir"));
  // A data folder may lie on another disk.
  paths.state_dir = home.path() / "state";
  std::filesystem::create_directory_symlink(paths.data_dir, home.path() / "data-link");
  paths.data_dir = home.path() / "data-link";
  CHECK(prepare_folders(paths));
}

TEST_CASE("a link is not written through for a log file") {
  const TemporaryFolder home;
  const auto target = home.file("precious", "kept");
  std::filesystem::create_symlink(target, home.path() / "agent.log");
  LogOptions options;
  options.target = LogTarget::kFile;
  options.file = home.path() / "agent.log";
  const auto started = start_logging(options);
  REQUIRE_FALSE(started);
  CHECK(started.error().is(Code::kUnsafePermissions));
  CHECK(std::filesystem::file_size(target) == 4);
}

TEST_CASE("setting a key changes its line and no other") {
  struct Row {
    const char* before;
    const char* key;
    const char* value;
    const char* after;
  };
  const Row rows[] = {
      {"", "sync.port", "9", "[sync]\nport = 9\n"},
      {"# mine\n[sync]\n# why\nport = 1 # here\nlisten = \"::\"\n", "sync.port", "9",
       "# mine\n[sync]\n# why\nport = 9 # here\nlisten = \"::\"\n"},
      {"[sync]\nlisten = \"::\"\n[log]\nlevel = \"info\"\n", "sync.port", "9",
       "[sync]\nport = 9\nlisten = \"::\"\n[log]\nlevel = \"info\"\n"},
      {"sync.port = 1\n", "sync.port", "9", "sync.port = 9\n"},
      {"[sync] # mine\n  port = 1\t# was sync.port\r\n", "sync.port", "9",
       "[sync] # mine\n  port = 9\t# was sync.port\r\n"},
      {"[sync] # mine\nlisten = \"::\"\n", "sync.port", "9",
       "[sync] # mine\nport = 9\nlisten = \"::\"\n"},
      {"device.name = \"a \\\"#\\\" b\" # \"why\"\n", "device.name", "c",
       "device.name = \"c\" # \"why\"\n"},
      {"device.name = 'a # b'#why\n", "device.name", "c", "device.name = \"c\"#why\n"},
      {"[log]\nlevel = \"info\"\n", "device.name", "Ada's \"pi\"",
       "[log]\nlevel = \"info\"\n\n[device]\nname = \"Ada's \\\"pi\\\"\"\n"},
      {"", "discovery.peers", "a:1,b:2", "[discovery]\npeers = [\"a:1\", \"b:2\"]\n"},
  };
  for (const Row& row : rows) {
    const TemporaryFolder home;
    const auto file = home.file("config.toml", row.before);
    const Status set = set_config(file, row.key, row.value);
    INFO(row.before << (set ? "" : set.error().detail));
    REQUIRE(set);
    CHECK(testing::content_of(file) == row.after);
  }
  const TemporaryFolder home;
  const auto file = home.file("config.toml", "[sync]\nport = 1\n");
  CHECK_FALSE(set_config(file, "sync.port", "x"));
  CHECK_FALSE(set_config(file, "sync.prot", "1"));
  CHECK(testing::content_of(file) == "[sync]\nport = 1\n");
}

TEST_CASE("a configuration file that is a link stays one, and its target keeps its mode") {
  const TemporaryFolder home;
  const auto target = home.file("dotfiles/lanyard.toml", "[sync]\nport = 1\n");
  REQUIRE(chmod(target.c_str(), 0640) == 0);
  const auto link = home.path() / "config.toml";
  std::filesystem::create_symlink("dotfiles/lanyard.toml", link);
  const auto is_as_it_was_made = [&] {
    struct stat found {};
    return std::filesystem::is_symlink(link) && stat(target.c_str(), &found) == 0 &&
           (found.st_mode & 07777) == 0640;
  };
  REQUIRE(set_config(link, "sync.port", "9"));
  CHECK(is_as_it_was_made());
  CHECK(testing::content_of(target) == "[sync]\nport = 9\n");
  REQUIRE(put_back_config(link, "[sync]\nport = 1\n"));
  CHECK(is_as_it_was_made());
  CHECK(testing::content_of(target) == "[sync]\nport = 1\n");

  // A link to a file that is yet to be made: so it is again when that is taken back.
  std::filesystem::remove(target);
  REQUIRE(set_config(link, "sync.port", "9"));
  CHECK(testing::content_of(target) == "[sync]\nport = 9\n");
  REQUIRE(put_back_config(link, std::nullopt));
  CHECK(std::filesystem::is_symlink(link));
  CHECK_FALSE(std::filesystem::exists(target));
}

TEST_CASE("a setting that makes the file larger than one that is read is refused") {
  const TemporaryFolder home;
  std::string full;
  while (full.size() < 65530) full += "# 3456789\n";
  const auto file = home.file("config.toml", full.substr(0, 65530));
  CHECK_FALSE(set_config(file, "sync.port", "9"));
  CHECK(testing::content_of(file).size() == 65530);
}
