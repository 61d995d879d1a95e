"""Violations that check_rooms.py must find, and clean code in which it must find nothing."""

import planted

_HEADER = "#pragma once\n"

# (file, text, rule, line on which it must be found)
PLANTED = [
    # Arrows.
    ("replication/types/a.hpp", _HEADER + '#include "replication/oplog/op.hpp"\n', "arrow", 2),
    ("replication/types/b.cpp", '#include "replication/ports.hpp"\n', "arrow", 1),
    ("replication/oplog/a.cpp", '\n#include "replication/merge/record.hpp"\n', "arrow", 2),
    ("replication/merge/a.cpp", '#include "replication/wire/codec.hpp"\n', "arrow", 1),
    ("replication/wire/a.cpp", '#include "replication/engine/engine.hpp"\n', "arrow", 1),
    ("replication/engine/a.cpp", '#include "storage/store.hpp"\n', "arrow", 1),
    ("replication/ports.hpp", _HEADER + '#include "crypto/identity.hpp"\n', "arrow", 2),
    ("crypto/a.cpp", '#include "storage/store.hpp"\n', "arrow", 1),
    ("discovery/a.cpp", '#include "crypto/identity.hpp"\n', "arrow", 1),
    ("storage/a.cpp", '#include "replication/engine/engine.hpp"\n', "arrow", 1),
    ("storage/b.cpp", '#include "replication/wire/codec.hpp"\n', "arrow", 1),
    ("storage/c.cpp", '#include "agent/agent.hpp"\n', "arrow", 1),
    ("storage/d.cpp", '#include "storage/sqlite.cpp"\n', "arrow", 1),
    ("tests/unit/types/a.cpp", '#include "storage/store.hpp"\n', "arrow", 1),
    ("tests/sim/a.cpp", '#include "agent/agent.hpp"\n', "arrow", 1),
    # Paths, folders, headers.
    ("crypto/b.cpp", '#include "identity.hpp"\n', "full-path", 1),
    ("crypto/c.cpp", '#include "../replication/types/ids.hpp"\n', "full-path", 1),
    ("crypto/d.cpp", "#include <replication/types/ids.hpp>\n", "full-path", 1),
    ("attic/a.cpp", "int f() { return 1; }\n", "room", 1),
    ("crypto/e.h", _HEADER, "ending", 1),
    ("crypto/f.hpp", "// words\n#ifndef F\n#define F\n#endif\n", "pragma-once", 1),
    ("crypto/g.hpp", _HEADER + "using namespace std;\n", "using-namespace", 2),
    # One home per library.
    ("storage/e.hpp", _HEADER + "#include <tl/expected.hpp>\n", "home", 2),
    ("replication/engine/b.cpp", "#include <msgpack.hpp>\n", "home", 1),
    ("replication/oplog/run.cpp", "#include <zstd.h>\n", "home", 1),
    ("agent/links/a.cpp", "#include <sodium.h>\n", "home", 1),
    ("agent/a.cpp", "#include <sqlite3.h>\n", "home", 1),
    ("agent/driver.cpp", "#include <asio.hpp>\n", "home", 1),
    ("storage/f.cpp", "#include <asio/io_context.hpp>\n", "home", 1),
    ("discovery/discovery.cpp", "#include <asio.hpp>\n", "home", 1),
    ("discovery/lookups.cpp", "#include <avahi-core/core.h>\n", "home", 1),
    ("agent/links/b.cpp", "#include <nlohmann/json.hpp>\n", "home", 1),
    ("agent/main.cpp", "#include <CLI/CLI.hpp>\n", "home", 1),
    ("storage/g.cpp", "#include <spdlog/spdlog.h>\n", "home", 1),
    ("agent/agent.cpp", "#include <toml++/toml.h>\n", "home", 1),
    ("agent/b.cpp", "#include <boost/beast.hpp>\n", "home", 1),
    ("agent/c.cpp", "#include <leveldb/db.h>\n", "home", 1),
    # Pure rooms.
    ("replication/engine/c.cpp", "#include <thread>\n", "pure", 1),
    ("replication/engine/d.cpp", "#include <unordered_map>\n", "pure", 1),
    ("replication/merge/b.cpp", "#include <iostream>\n", "pure", 1),
    ("replication/merge/c.cpp", "#include <cstdio>\n", "pure", 1),
    ("replication/wire/b.cpp", "#include <unistd.h>\n", "pure", 1),
    ("replication/wire/c.cpp", "#include <sys/socket.h>\n", "pure", 1),
    ("replication/wire/d.cpp", "auto t = 1;\nvoid f() { std::chrono::steady_clock::now(); }\n",
     "pure", 2),
    ("replication/types/c.cpp", "void f() { std::random_device d; }\n", "pure", 1),
    ("replication/types/d.cpp", "long f() { return time(nullptr); }\n", "pure", 1),
    ("replication/types/e.cpp", "void f() {\n  std::cerr << 1;\n}\n", "pure", 2),
    ("replication/types/f.cpp", "void f() { std::printf(\"x\"); }\n", "pure", 1),
    ("replication/engine/e.cpp", "void f(std::mutex& m) { std::lock_guard lock(m); }\n", "pure", 1),
    ("replication/engine/f.cpp", "struct S { std::atomic<int> n; };\n", "pure", 1),
    ("replication/engine/g.cpp", "struct S { std::unordered_set<int> n; };\n", "pure", 1),
    ("replication/engine/h.cpp", "struct S { std::map<const Peer*, int> n; };\n", "pure", 1),
    ("replication/engine/i.cpp", "void f() { std::ifstream in; }\n", "pure", 1),
    ("replication/engine/j.cpp", "auto f() { return std::getenv(\"HOME\"); }\n", "pure", 1),
    # State that outlives a call.
    ("replication/merge/d.cpp", "namespace lanyard {\nint counter = 0;\n}\n", "global-state", 2),
    ("replication/merge/e.cpp", "namespace {\nstd::map<int, int> cache;\n}\n", "global-state", 2),
    ("replication/merge/f.cpp", "int f() {\n  static int n = 0;\n  return ++n;\n}\n",
     "global-state", 2),
    ("replication/merge/g.hpp", _HEADER + "namespace a::b {\ninline Clock clock{};\n}\n",
     "global-state", 3),
]

# (file, text) in which nothing may be found.
CLEAN = [
    ("replication/types/result.hpp", _HEADER + "#include <tl/expected.hpp>\n#include <chrono>\n"),
    ("replication/types/check.cpp",
     '#include "replication/types/check.hpp"\n#include <cstdio>\n'
     'void check_failed() { std::fprintf(stderr, "x"); }\n'),
    ("replication/wire/codec.cpp", '#include <msgpack.hpp>\n#include "replication/oplog/op.hpp"\n'),
    ("replication/oplog/pack.cpp", '#include <zstd.h>\n#include "replication/ports.hpp"\n'),
    ("replication/engine/engine.cpp",
     '#include "replication/wire/message.hpp"\n// std::cout << steady_clock::now();\n'
     'namespace lanyard {\nnamespace {\nconstexpr int kOne = 1;\n'
     'constexpr int kSix = kOne * 6;\nstatic_assert(kSix <= 3 * kOne && kOne == kOne);\n'
     'const char* const kName = "now()";\n'
     "struct Step {\n  int count = 0;\n  std::map<int, int> peers;\n};\n"
     "std::vector<int> steps(int from, int to) { return {from, to}; }\n}  // namespace\n"
     "Engine::Engine(int a) : a_{a}, b_(0) {}\n"
     "Step Engine::step(Input input, Now now) {\n  Step local;\n  local.count = 1;\n"
     "  if (auto found = peers_.find(1); found != peers_.end()) local = {};\n  return local;\n}\n"
     "bool operator==(const Step& a, const Step& b) { return a.count == b.count; }\n"
     "class Engine final : public Base {\n public:\n  static Engine make(int a);\n"
     "  static constexpr int kSize = 3;\n\n private:\n  int a_ = 0;\n};\n"
     "template <class T>\nT twice(T value) { return value + value; }\n"
     "enum class Kind { kA = 1, kB };\nusing Peers = std::vector<int>;\n"
     "const Category& category() {\n  static const Category only;\n  return only;\n}\n"
     "}  // namespace lanyard\n"),
    ("agent/links/listener.hpp", _HEADER + '#include "agent/net.hpp"\n#include <asio.hpp>\n'),
    ("agent/net.hpp", _HEADER + "#include <asio/ip/tcp.hpp>\n"),
    ("agent/control/server.cpp", "#include <sys/un.h>\n#include <nlohmann/json.hpp>\n"),
    ("storage/sqlite.cpp", "#include <sqlite3.h>\n#include <mutex>\n#include <fcntl.h>\n"
     '#include "replication/merge/apply.hpp"\n'),
    ("crypto/identity.cpp", '#include <sodium.h>\n#include "replication/ports.hpp"\n'),
    ("tests/unit/types/ids.cpp",
     '#include <catch2/catch.hpp>\n#include "replication/types/ids.hpp"\n'),
    ("tests/integration/sync.cpp", '#include <sqlite3.h>\n#include "agent/agent.hpp"\n'),
    ("build/dev/generated.cpp", '#include "anything.h"\n'),
]


def run(check_tree):
    """Runs both tables; returns how many violations were planted and what went wrong."""
    return planted.run(check_tree, PLANTED, CLEAN)
