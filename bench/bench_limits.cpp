// What this machine's disk, SQLite and loopback can do at best, on the rows of the chat corpus: the
// limits of docs/GOALS.md that the agents are measured against. Prints one JSON line per limit.
//   bench_limits CORPUS FOLDER [LIMIT...]
//     CORPUS: see corpus.py; FOLDER: on the disk to be measured; without names, all limits
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sodium.h>
#include <sqlite3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSignatureAndHeader = 64 + 56;  // what a log keeps beside the ops

struct Row {
  bool is_chat;
  std::int64_t time, number;
  std::string_view field[4];
  std::size_t packed;  // about what MessagePack takes
};

void check(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string("bench_limits: ") + what);
}

/// What some work cost, in seconds: by the clock on the wall, and of all processors.
struct Took {
  double wall = 0;
  double cpu = 0;
};

double cpu_seconds() {
  timespec used{};
  check(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0, "no clock of the process");
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

Took time_of(const std::function<void()>& work) {
  const double cpu = cpu_seconds();
  const auto start = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  return {wall.count(), cpu_seconds() - cpu};
}

Took median_of(int runs, const std::function<Took()>& run) {
  std::vector<Took> all;
  for (int i = 0; i < runs; ++i) all.push_back(run());
  std::sort(all.begin(), all.end(), [](Took a, Took b) { return a.wall < b.wall; });
  return all[all.size() / 2];
}

void print(const char* limit, std::size_t count, Took took) {
  const auto each = static_cast<double>(count);
  std::printf("{\"limit\":\"%s\",\"n\":%zu,\"seconds\":%.6f,\"per_s\":%.0f,\"cpu_us\":%.2f}\n",
              limit, count, took.wall, each / took.wall, took.cpu / each * 1e6);
}

template <class T>
T take(const char*& at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  at += sizeof value;
  return value;
}

std::vector<Row> read_rows(const std::string& bytes) {
  std::vector<Row> rows;
  const char* at = bytes.data();
  while (at < bytes.data() + bytes.size()) {
    Row& row = rows.emplace_back();
    row.is_chat = take<std::uint8_t>(at) != 0;
    const auto json = take<std::uint32_t>(at);
    row.packed = json - std::min<std::size_t>(json, 12);
    row.time = take<std::int64_t>(at);
    row.number = take<std::int64_t>(at);
    for (std::string_view& field : row.field) {
      const auto size = take<std::uint32_t>(at);
      field = {at, size};
      at += size;
    }
  }
  return rows;
}

/// A database of two tables of records and a log.
class Tables {
 public:
  enum class Key { kText, kBlob };

  Tables(const fs::path& file, Key key, const char* synchronous) : key_(key) {
    for (const char* tail : {"", "-wal", "-shm"}) fs::remove(file.string() + tail);
    check(sqlite3_open(file.c_str(), &database_) == SQLITE_OK, "cannot open a database");
    run("PRAGMA journal_mode=WAL; PRAGMA cache_size=-65536");
    run(std::string("PRAGMA synchronous=") + synchronous);
    run("CREATE TABLE messages (id PRIMARY KEY, chat_id, role, content, timestamp, position);"
        "CREATE TABLE chats (id PRIMARY KEY, title, model, updatedAt, isStarred);"
        "CREATE TABLE log (seq INTEGER PRIMARY KEY, op BLOB)");
    message_ = prepare("INSERT OR REPLACE INTO messages VALUES (?,?,?,?,?,?)");
    chat_ = prepare("INSERT OR REPLACE INTO chats VALUES (?,?,?,?,?)");
    log_ = prepare("INSERT INTO log (op) VALUES (?)");
    begin_ = prepare("BEGIN IMMEDIATE");
    commit_ = prepare("COMMIT");
  }
  ~Tables() {
    for (sqlite3_stmt* each : {message_, chat_, log_, begin_, commit_}) sqlite3_finalize(each);
    sqlite3_close(database_);
  }
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;

  void run(const std::string& sql) {
    check(sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK, "SQL");
  }
  void begin() { step(begin_); }
  void commit() { step(commit_); }
  void log(std::size_t bytes) {
    blob_.resize(std::max(blob_.size(), bytes));
    sqlite3_bind_blob(log_, 1, blob_.data(), static_cast<int>(bytes), SQLITE_STATIC);
    step(log_);
  }
  void insert(const Row& row) {
    sqlite3_stmt* into = row.is_chat ? chat_ : message_;
    bind_id(into, 1, row.field[0], 0);
    if (row.is_chat) {
      bind(into, 2, row.field[1]);
    } else {
      bind_id(into, 2, row.field[1], 1);
    }
    bind(into, 3, row.field[2]);
    if (!row.is_chat) bind(into, 4, row.field[3]);
    const int last = row.is_chat ? 4 : 5;
    sqlite3_bind_int64(into, last, row.time);
    sqlite3_bind_int64(into, last + 1, row.number);
    step(into);
  }

 private:
  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* out = nullptr;
    check(sqlite3_prepare_v2(database_, sql, -1, &out, nullptr) == SQLITE_OK, "SQL");
    return out;
  }
  static void step(sqlite3_stmt* statement) {
    check(sqlite3_step(statement) == SQLITE_DONE, "a statement failed");
    sqlite3_reset(statement);
  }
  static void bind(sqlite3_stmt* into, int at, std::string_view text) {
    sqlite3_bind_text(into, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  }
  /// With Key::kBlob, the 16 bytes that a UUID stands for.
  void bind_id(sqlite3_stmt* into, int at, std::string_view text, int slot) {
    if (key_ == Key::kText) return bind(into, at, text);
    int filled = 0;
    for (std::size_t i = 0; i + 1 < text.size() && filled < 16; ++i) {
      if (text[i] == '-') continue;
      const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
      id_[slot][filled++] = static_cast<unsigned char>(digit(text[i]) << 4 | digit(text[i + 1]));
      ++i;
    }
    sqlite3_bind_blob(into, at, id_[slot], 16, SQLITE_STATIC);
  }

  Key key_;
  sqlite3* database_ = nullptr;
  sqlite3_stmt *message_, *chat_, *log_, *begin_, *commit_;
  std::vector<char> blob_;
  unsigned char id_[2][16] = {};
};

/// A log row and a record row for each record, `per` records a transaction. `beside`: what the log
/// row holds beside the record.
void write_rows(Tables& tables, const std::vector<Row>& rows, std::size_t per, std::size_t beside) {
  for (std::size_t at = 0; at < rows.size();) {
    tables.begin();
    for (std::size_t i = 0; i < per && at < rows.size(); ++i, ++at) {
      tables.log(beside + rows[at].packed);
      tables.insert(rows[at]);
    }
    tables.commit();
  }
}

/// L1: everything that a change has stands in its log row.
Took two_tables(const std::vector<Row>& rows, const fs::path& file, std::size_t per,
                const char* synchronous) {
  Tables tables(file, Tables::Key::kText, synchronous);
  return time_of([&] { write_rows(tables, rows, per, kSignatureAndHeader); });
}

/// L3: 256 records a log row, ids of 16 bytes, 20,000 records a transaction sorted by id.
Took segmented(const std::vector<Row>& rows, const fs::path& file) {
  Tables tables(file, Tables::Key::kBlob, "NORMAL");
  tables.run("PRAGMA wal_autocheckpoint=100000; PRAGMA cache_size=-262144");
  return time_of([&] {
    for (std::size_t at = 0; at < rows.size();) {
      const std::size_t end = std::min(at + 20'000, rows.size());
      tables.begin();
      std::vector<const Row*> sorted;
      for (std::size_t segment = at; segment < end; segment += 256) {
        std::size_t bytes = kSignatureAndHeader;
        for (std::size_t i = segment; i < std::min(segment + 256, end); ++i) {
          bytes += rows[i].packed;
          sorted.push_back(&rows[i]);
        }
        tables.log(bytes);
      }
      std::sort(sorted.begin(), sorted.end(),
                [](const Row* a, const Row* b) { return a->field[0] < b->field[0]; });
      for (const Row* row : sorted) tables.insert(*row);
      tables.commit();
      at = end;
    }
    tables.run("PRAGMA wal_checkpoint(FULL)");
  });
}

/// Edits that come in: the row, and the log of it, over rows that are there.
Took edits(const std::vector<Row>& rows, const fs::path& file) {
  Tables tables(file, Tables::Key::kText, "NORMAL");
  const auto all = [&] { write_rows(tables, rows, 1000, 0); };
  all();
  return time_of(all);
}

Took fsyncs(const fs::path& file, std::size_t count) {
  const int out = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  check(out >= 0, "cannot write to the folder");
  const std::string block(4096, 'x');
  const Took took = time_of([&] {
    for (std::size_t i = 0; i < count; ++i)
      check(write(out, block.data(), block.size()) == 4096 && fdatasync(out) == 0, "fdatasync");
  });
  close(out);
  return took;
}

/// One byte there and back over TCP on loopback.
Took round_trips(std::size_t count) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  check(bind(listener, any, size) == 0 && listen(listener, 1) == 0, "loopback");
  check(getsockname(listener, any, &size) == 0, "loopback");
  std::thread echo([&] {
    const int peer = accept(listener, nullptr, nullptr);
    char byte = 0;
    while (read(peer, &byte, 1) == 1 && write(peer, &byte, 1) == 1) {
    }
    close(peer);
  });
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  check(connect(client, any, size) == 0, "loopback");
  char byte = 0;
  const Took took = time_of([&] {
    for (std::size_t i = 0; i < count; ++i)
      check(write(client, &byte, 1) == 1 && read(client, &byte, 1) == 1, "loopback");
  });
  close(client);
  echo.join();
  close(listener);
  return took;
}

/// What an author does for each change, whatever else a program does: a signature (RFC 8032).
Took signatures(std::size_t count) {
  unsigned char key[crypto_sign_PUBLICKEYBYTES];
  unsigned char secret[crypto_sign_SECRETKEYBYTES];
  check(sodium_init() >= 0 && crypto_sign_keypair(key, secret) == 0, "libsodium");
  unsigned char message[kSignatureAndHeader + 256] = {};
  unsigned char signature[crypto_sign_BYTES];
  return time_of([&] {
    for (std::size_t i = 0; i < count; ++i) {
      std::memcpy(message, &i, sizeof i);
      check(crypto_sign_detached(signature, nullptr, message, sizeof message, secret) == 0,
            "a signature");
    }
  });
}

struct Limit {
  const char* name;
  std::size_t count;
  std::function<Took()> took;
};

void run(const char* corpus, const fs::path& folder, const std::set<std::string>& wanted) {
  std::ifstream in(corpus, std::ios::binary);
  check(in.good(), "cannot read the corpus");
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  const std::vector<Row> rows = read_rows(bytes);
  const fs::path file = folder / "limits.db";
  const std::vector<Row> some(rows.begin(), rows.begin() + std::min<long>(500, std::ssize(rows)));
  const std::vector<Row> ten(rows.begin(), rows.begin() + std::min<long>(10'200, std::ssize(rows)));
  const std::vector<Limit> limits{
      {"L1", rows.size(), [&] { return two_tables(rows, file, 1000, "NORMAL"); }},
      {"L3", rows.size(), [&] { return segmented(rows, file); }},
      {"edits", ten.size(), [&] { return edits(ten, file); }},
      {"single-full", some.size(), [&] { return two_tables(some, file, 1, "FULL"); }},
      {"group-full", ten.size(), [&] { return two_tables(ten, file, 16, "FULL"); }},
      {"batch-full", ten.size(), [&] { return two_tables(ten, file, 1000, "FULL"); }},
      {"fdatasync", 300, [&] { return fsyncs(folder / "limits.sync", 300); }},
      {"signature", 5000, [] { return signatures(5000); }},
      {"loopback", 5000, [] { return round_trips(5000); }}};
  for (const Limit& limit : limits) {
    if (!wanted.empty() && !wanted.contains(limit.name)) continue;
    print(limit.name, limit.count, median_of(3, limit.took));
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::fputs("usage: bench_limits CORPUS FOLDER [LIMIT...]\n", stderr);
    return 2;
  }
  try {
    run(arguments[1], arguments[2], {arguments + 3, arguments + count});
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
