#include "storage/sqlite.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

#include <array>
#include <mutex>
#include <vector>

#include "replication/types/check.hpp"
#include "storage/descriptors.hpp"
#include "storage/file_swap.hpp"
#include "storage/sqlite_errors.hpp"
#include "storage/sqlite_functions.hpp"
#include "storage/sqlite_wal_writes.hpp"
#include "storage/wal_length.hpp"

namespace lanyard::storage {

/// The WAL of one connection, as its commits go on with it.
struct CommittedWal {
  int pages = 0;         ///< as the last commit left it
  int long_pages = 0;    ///< so many are copied
  bool is_left = false;  ///< to somebody else, who copies it
};

namespace {

constexpr std::int64_t kJournalBytesKept = 64 << 20;
constexpr int kStepsBetweenLooks = 1000;
/// Takes a snapshot, as any read does, and looks at one row.
constexpr const char* kLittleRead = "SELECT 1 FROM sqlite_schema LIMIT 1";

/// Which file, whatever its name: device and inode.
using FileId = std::pair<dev_t, ino_t>;

int copy_wal(sqlite3* handle, int mode) {
  return sqlite3_wal_checkpoint_v2(handle, nullptr, mode, nullptr, nullptr);
}

/// The hook of PRAGMA wal_autocheckpoint, with a rule of our own. What fails is tried again after
/// the next commit, as there.
int on_commit(void* opaque, sqlite3* handle, const char*, int pages) {
  auto& wal = *static_cast<CommittedWal*>(opaque);
  wal.pages = pages;
  if (!wal.is_left && pages >= wal.long_pages) copy_wal(handle, SQLITE_CHECKPOINT_PASSIVE);
  return SQLITE_OK;
}

/// Once per process, before the first connection: SQLite's memory statistics take a lock for every
/// allocation, and nobody reads them.
void configure() {
  static std::once_flag once;
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

}  // namespace

struct Database::Connection {
  sqlite3* handle = nullptr;
  std::string name;
  std::unordered_map<const void*, sqlite3_stmt*> statements;
  std::optional<Sync> sync;
  std::chrono::milliseconds time_limit{0};
  std::chrono::steady_clock::time_point deadline;
  const std::atomic<bool>* is_given_up = nullptr;
  MayRead may_read = nullptr;
  std::vector<std::pair<int, int>> trusted_limits;  ///< of SQLite, as they were before distrust()
  bool blames_statements = false;
  CommittedWal wal;
  std::optional<FileId> wal_file;  ///< once it was seen
  int busy_wait_ms = 0;

  ~Connection() {
    for (const auto& [sql, statement] : statements) sqlite3_finalize(statement);
    sqlite3_close(handle);
  }
};

namespace {

/// Whether the WAL that this connection writes to has its name still. What lies there first is it:
/// SQLite removes none that somebody has open.
template <class Connection>
bool is_wal_in_place(Connection& connection) {
  const char* const path = sqlite3_filename_wal(sqlite3_db_filename(connection.handle, "main"));
  struct stat found {};
  const bool is_there = ::stat(path, &found) == 0;
  if (!connection.wal_file) {
    if (is_there) connection.wal_file = FileId{found.st_dev, found.st_ino};
    return true;
  }
  return is_there && *connection.wal_file == FileId{found.st_dev, found.st_ino};
}

}  // namespace

Database::Database(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const std::filesystem::path& file, Mode mode,
                                const Options& options) {
  if (mode != Mode::kReadOnly) return open_now(file, mode, options);
  const auto no_swap = hold_off_swaps();
  LANYARD_TRY_SET(Database database, open_now(file, mode, options));
  // The WAL is opened by the first read.
  LANYARD_TRY(Query(database, kLittleRead).next());
  return database;
}

Result<Database> Database::open_now(const std::filesystem::path& file, Mode mode,
                                    const Options& options) {
  configure();
  auto connection = std::make_unique<Connection>();
  connection->name = file.filename().string();
  int flags = SQLITE_OPEN_NOMUTEX;
  flags |= mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (mode == Mode::kCreate) flags |= SQLITE_OPEN_CREATE;
  const std::string vfs = gathering_vfs(options.vfs);
  const int opened = sqlite3_open_v2(file.c_str(), &connection->handle, flags,
                                     vfs.empty() ? nullptr : vfs.c_str());
  Database database(std::move(connection));
  if (opened != SQLITE_OK) return fail(database.error());
  sqlite3_extended_result_codes(database.connection_->handle, 1);
  // trusted_schema stays on: Debian's SQLite lets no view and no index use JSON without it. What a
  // file could do with that needs functions that have effects, and there are none here.
  sqlite3_db_config(database.connection_->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  database.connection_->busy_wait_ms = static_cast<int>(options.busy_wait.count());
  sqlite3_busy_timeout(database.connection_->handle, database.connection_->busy_wait_ms);
  std::string pragmas = "PRAGMA cache_size=-" + std::to_string(options.cache_kib) + ";";
  pragmas += "PRAGMA temp_store=MEMORY;";
  if (mode == Mode::kReadOnly) {
    pragmas += "PRAGMA query_only=ON;";
  } else {
    // Freed bytes are overwritten where that costs no write of its own: the log keeps what was
    // deleted anyway.
    pragmas += "PRAGMA page_size=" + std::to_string(kPageBytes) +
               ";PRAGMA secure_delete=FAST;PRAGMA journal_mode=WAL;PRAGMA journal_size_limit=" +
               std::to_string(kJournalBytesKept) + ";";
    database.connection_->wal.long_pages = static_cast<int>(options.wal_bytes / kPageBytes);
    sqlite3_wal_hook(database.connection_->handle, on_commit, &database.connection_->wal);
  }
  LANYARD_TRY(database.execute(pragmas));
  return database;
}

Error Database::error() const {
  sqlite3* handle = connection_->handle;
  const int code = handle == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(handle);
  const Code ours = code_of_sqlite(code);
  const std::string what = handle == nullptr ? "out of memory" : sqlite3_errmsg(handle);
  if (connection_->blames_statements && is_about_sql(code)) return Error(Code::kUsage, what);
  const bool is_of_system = (code & 0xFF) == SQLITE_CANTOPEN || (code & 0xFF) == SQLITE_IOERR;
  if (is_of_system && is_out_of_descriptors(sqlite3_system_errno(handle)))
    return Error(Code::kBusy, connection_->name + " cannot be opened: " + kNoDescriptors,
                 kMoreDescriptors);
  return Error(ours, connection_->name + ": " + what + " (sqlite " + std::to_string(code) + ")",
               fix_for(ours));
}

Status Database::execute(const std::string& sql) {
  if (sqlite3_exec(connection_->handle, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return fail(error());
  return {};
}

Result<std::int64_t> Database::number(const std::string& sql) {
  Query query(*this, sql);
  LANYARD_TRY_SET(const bool found, query.next());
  return found ? query.integer(0) : 0;
}

Status Database::check_place() {
  if (has_moved())
    return fail(Code::kReadOnly,
                connection_->name +
                    " was moved or removed while it was open, or the data folder was: nothing is "
                    "written that would not last",
                "Put it back as it was. Or stop this agent, and start one with what is there now.");
  if (is_wal_in_place(*connection_)) return {};
  // It is still open here, and nowhere else.
  static_cast<void>(copy_wal(connection_->handle, SQLITE_CHECKPOINT_PASSIVE));
  return fail(Code::kInputOutput,
              "the write-ahead log of " + connection_->name + " was removed while it was open",
              "Leave the files beside it alone: what was written last stands in them.");
}

Status Database::begin(Sync sync) {
  LANYARD_TRY(check_place());
  if (connection_->sync != sync) {
    LANYARD_TRY(
        execute(sync == Sync::kFull ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL"));
    connection_->sync = sync;
  }
  LANYARD_TRY(Query(*this, "BEGIN IMMEDIATE").run());
  begin_wal_writes(connection_->handle, sync == Sync::kFull);
  return {};
}

Status Database::begin_snapshot() {
  LANYARD_TRY(Query(*this, "BEGIN").run());
  // The snapshot is taken by the first read. It may be given up: where the schema has changed it
  // is read anew.
  const auto read = Query(*this, kLittleRead).next();
  if (read) return {};
  rollback();
  return fail(read.error());
}

Status Database::copy_into(Database& target) {
  sqlite3* const to = target.connection_->handle;
  sqlite3_backup* const backup = sqlite3_backup_init(to, "main", connection_->handle, "main");
  if (backup == nullptr) return fail(target.error());
  const int stepped = sqlite3_backup_step(backup, -1);
  const int finished = sqlite3_backup_finish(backup);
  if (stepped == SQLITE_DONE && finished == SQLITE_OK) return {};
  return fail(code_of_sqlite(finished == SQLITE_OK ? stepped : finished),
              connection_->name + " cannot be copied (sqlite " + std::to_string(stepped) + ")");
}

Status Database::commit() {
  LANYARD_TRY(Query(*this, "COMMIT").run());
  if (const int left = end_wal_writes(connection_->handle); left != SQLITE_OK)
    return fail(code_of_sqlite(left), connection_->name + ": its write-ahead log is not whole");
  return check_place();
}

void Database::rollback() {
  drop_wal_writes(connection_->handle);
  if (in_transaction()) static_cast<void>(Query(*this, "ROLLBACK").run());
  // What its transaction could not write is nothing to whoever checkpoints next.
  if (!in_transaction()) begin_wal_writes(connection_->handle, false);
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(connection_->handle) == 0; }

bool Database::has_moved() const {
  int moved = 0;
  sqlite3_file_control(connection_->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

std::int64_t Database::changes() const { return sqlite3_changes64(connection_->handle); }
std::int64_t Database::total_changes() const {
  return sqlite3_total_changes64(connection_->handle);
}

Status Database::checkpoint() {
  int code = copy_wal(connection_->handle, SQLITE_CHECKPOINT_PASSIVE);
  if (code != SQLITE_OK && code != SQLITE_BUSY) return fail(error());
  // Readers may be in the way, and are not waited for.
  sqlite3_busy_timeout(connection_->handle, 0);
  code = copy_wal(connection_->handle, SQLITE_CHECKPOINT_TRUNCATE);
  const bool is_done = code == SQLITE_OK || code == SQLITE_BUSY;
  Status done = is_done ? Status() : Status(fail(error()));
  sqlite3_busy_timeout(connection_->handle, connection_->busy_wait_ms);
  return done;
}

void Database::leave_wal() { connection_->wal.is_left = true; }

int Database::wal_pages() const { return connection_->wal.pages; }

Result<WalCopied> Database::checkpoint_beside_readers() {
  WalCopied done;
  if (sqlite3_wal_checkpoint_v2(connection_->handle, nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                &done.pages, &done.copied) != SQLITE_OK)
    return fail(error());
  return done;
}

Status Database::limit_pages(std::uint64_t pages) {
  return execute("PRAGMA max_page_count=" + std::to_string(pages));
}

void Database::limit_time(std::chrono::milliseconds each) {
  connection_->time_limit = each;
  const auto look = [](void* opaque) {
    const auto& connection = *static_cast<const Connection*>(opaque);
    const bool is_given_up = connection.is_given_up != nullptr && *connection.is_given_up;
    return is_given_up || std::chrono::steady_clock::now() >= connection.deadline ? 1 : 0;
  };
  const bool limited = each.count() > 0;
  sqlite3_progress_handler(connection_->handle, limited ? kStepsBetweenLooks : 0,
                           limited ? +look : nullptr, connection_.get());
}

void Database::give_up_with(const std::atomic<bool>& is_given_up) {
  connection_->is_given_up = &is_given_up;
}

void Database::blame_statements() { connection_->blames_statements = true; }

void Database::distrust(MayRead may_read, std::size_t bytes_max) {
  connection_->may_read = may_read;
  sqlite3* const handle = connection_->handle;
  constexpr auto kLimits = std::to_array<std::pair<int, int>>({
      {SQLITE_LIMIT_SQL_LENGTH, 64 * 1024},
      {SQLITE_LIMIT_COLUMN, 256},
      {SQLITE_LIMIT_EXPR_DEPTH, 100},
      {SQLITE_LIMIT_COMPOUND_SELECT, 50},
      {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200},
      {SQLITE_LIMIT_VARIABLE_NUMBER, 1000},
      {SQLITE_LIMIT_ATTACHED, 0},
      {SQLITE_LIMIT_WORKER_THREADS, 0},
      {SQLITE_LIMIT_VDBE_OP, 250'000},
      {SQLITE_LIMIT_TRIGGER_DEPTH, 0},
  });
  trust();
  const auto limit = [&](int what, int most) {
    connection_->trusted_limits.emplace_back(what, sqlite3_limit(handle, what, most));
  };
  for (const auto& [what, most] : kLimits) limit(what, most);
  limit(SQLITE_LIMIT_LENGTH, static_cast<int>(bytes_max));
  const auto look = [](void* opaque, int action, const char* first, const char* second,
                       const char* /*file*/, const char* within) {
    const auto text = [](const char* each) { return std::string_view(each ? each : ""); };
    switch (action) {
      case SQLITE_SELECT:
      case SQLITE_RECURSIVE: return SQLITE_OK;
      case SQLITE_FUNCTION:
        // The one loads code, the other shows an address.
        return text(second) == "load_extension" || text(second) == "fts3_tokenizer" ? SQLITE_DENY
                                                                                    : SQLITE_OK;
      case SQLITE_READ: break;
      default: return SQLITE_DENY;
    }
    const auto& connection = *static_cast<const Connection*>(opaque);
    return connection.may_read(text(first), text(second), text(within)) ? SQLITE_OK : SQLITE_DENY;
  };
  sqlite3_set_authorizer(handle, look, connection_.get());
}

bool Database::is_out_of_memory() const {
  return (sqlite3_errcode(connection_->handle) & 0xFF) == SQLITE_NOMEM;
}

void Database::trust() {
  sqlite3_set_authorizer(connection_->handle, nullptr, nullptr);
  for (const auto& [what, most] : connection_->trusted_limits)
    sqlite3_limit(connection_->handle, what, most);
  connection_->trusted_limits.clear();
}

Status Database::offer_record_functions() {
  if (make_record_functions(connection_->handle) != SQLITE_OK) return fail(error());
  return {};
}

void Database::interrupt() { sqlite3_interrupt(connection_->handle); }

Result<sqlite3_stmt*> Database::statement(const char* sql) {
  sqlite3_stmt*& statement = connection_->statements[sql];
  if (statement == nullptr &&
      sqlite3_prepare_v3(connection_->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement,
                         nullptr) != SQLITE_OK) {
    Error failed = error();
    connection_->statements.erase(sql);
    return fail(std::move(failed));
  }
  return statement;
}

Result<sqlite3_stmt*> Database::prepare_own(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const char* behind = nullptr;
  if (sqlite3_prepare_v2(connection_->handle, sql.c_str(), -1, &statement, &behind) != SQLITE_OK)
    return fail(error());
  if (statement == nullptr) return fail(Code::kUsage, "there is no statement");
  if (std::string_view(behind).find_first_not_of(" \t\r\n;") == std::string_view::npos)
    return statement;
  sqlite3_finalize(statement);
  return fail(Code::kUsage, "there is more than one statement");
}

void Database::begin_time_limit() {
  if (connection_->time_limit.count() > 0)
    connection_->deadline = std::chrono::steady_clock::now() + connection_->time_limit;
}

}  // namespace lanyard::storage
