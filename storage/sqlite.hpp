#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "replication/types/bytes.hpp"
#include "replication/types/result.hpp"
#include "storage/wal_length.hpp"

struct sqlite3;
struct sqlite3_stmt;

/// SQLite's C API in a thin coat: errors are values, everything closes itself. A connection and its
/// queries belong to one thread, except for interrupt().
namespace lanyard::storage {

class Where;

/// What a commit waits for (PRAGMA synchronous).
enum class Sync { kNormal, kFull };

class Database {
 public:
  enum class Mode { kCreate, kReadWrite, kReadOnly };
  struct Options {
    std::size_t cache_kib = 2048;
    /// How long to wait for another connection's lock.
    std::chrono::milliseconds busy_wait{5000};
    /// Name of an sqlite3_vfs: tests have disks that fail.
    std::string vfs;
    /// The commit that makes the WAL so long copies it into the file, unless that is left to
    /// somebody else. Rare for a large file: each page is written once however often it changed.
    std::uint64_t wal_bytes = 256 << 20;
  };
  /// `wal_bytes` of small files in which the same rows change again and again.
  static constexpr std::uint64_t kShortWalBytes = 4 << 20;

  /// WAL mode, pages of 4 KiB in new files. kReadOnly, kDiskFull, kInputOutput,
  /// kCorrupt or kBusy; the detail names the file.
  [[nodiscard]] static Result<Database> open(const std::filesystem::path& file, Mode mode,
                                             const Options& options);
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  /// Any number of statements without parameters; rows are thrown away.
  [[nodiscard]] Status execute(const std::string& sql);
  /// The first column of the first row of a statement without parameters; 0 if there is none.
  [[nodiscard]] Result<std::int64_t> number(const std::string& sql);

  /// kReadOnly if the file was moved or removed since it was opened: what is written here would be
  /// gone with the connection. kInputOutput if only its WAL was; what that held is in the file now.
  [[nodiscard]] Status check_place();
  /// BEGIN IMMEDIATE, after setting what its commit waits for: inside a transaction the pragma
  /// would fail. As check_place().
  [[nodiscard]] Status begin(Sync sync);
  /// A consistent view of the file until commit() or rollback().
  [[nodiscard]] Status begin_snapshot();
  /// As check_place(), also after the commit is done: it is no promise then.
  [[nodiscard]] Status commit();
  /// Harmless outside a transaction.
  void rollback();
  [[nodiscard]] bool in_transaction() const;

  /// Another file, or none, lies where this one was opened: what is read here is what that one was.
  [[nodiscard]] bool has_moved() const;

  /// Rows changed by the last statement.
  [[nodiscard]] std::int64_t changes() const;
  /// Rows changed since the connection was opened.
  [[nodiscard]] std::int64_t total_changes() const;
  /// Copies what the WAL holds into the file and empties it, as far as readers let it.
  [[nodiscard]] Status checkpoint();
  /// Somebody else sees to the WAL: no commit of this connection copies it.
  void leave_wal();
  /// How long the last commit of this connection has left the WAL.
  [[nodiscard]] int wal_pages() const;
  /// Copies of the WAL what no reader is in the way of, and waits for none. Where that is all, the
  /// next transaction begins at its start again. Others may write meanwhile. kBusy if somebody else
  /// copies it just now.
  [[nodiscard]] Result<WalCopied> checkpoint_beside_readers();
  /// Copies the whole file, as it is at one moment, into another: page by page, through SQLite's
  /// own backup. Others may write to this one meanwhile.
  [[nodiscard]] Status copy_into(Database& target);
  /// Pages beyond this fail with kDiskFull.
  [[nodiscard]] Status limit_pages(std::uint64_t pages);

  /// Statements that run longer fail with kInterrupted. Zero: no limit.
  void limit_time(std::chrono::milliseconds each);
  /// What runs fails with kInterrupted as soon as this is true. It outlives this; needs
  /// limit_time().
  void give_up_with(const std::atomic<bool>& is_given_up);
  /// The file is as it should be: what is wrong with a statement from now on is kUsage.
  void blame_statements();
  /// For statements of strangers: from now on they read, and only columns of which `may_read` says
  /// so; make no value above `bytes_max`. `within`: the view
  /// that asks, or what a statement calls a part of itself; empty: the statement.
  using MayRead = bool (*)(std::string_view table, std::string_view column,
                           std::string_view within);
  void distrust(MayRead may_read, std::size_t bytes_max);
  /// The last failure came of memory that the system did not give.
  [[nodiscard]] bool is_out_of_memory() const;
  /// For statements of ours again.
  void trust();
  /// For statements of ours that read records; the schema names none of these.
  ///   lanyard_meets(?, value, key)    whether a record meets the conditions that are bound
  ///   lanyard_member(value, 'name')   a member of a record by its name as JSON spells it: what
  ///                                   json_extract gives, but a text whole, also behind U+0000
  [[nodiscard]] Status offer_record_functions();
  /// From any thread: what runs now fails with kInterrupted.
  void interrupt();

 private:
  friend class Query;
  struct Connection;
  explicit Database(std::unique_ptr<Connection> connection);
  [[nodiscard]] static Result<Database> open_now(const std::filesystem::path& file, Mode mode,
                                                 const Options& options);
  [[nodiscard]] Result<sqlite3_stmt*> statement(const char* sql);
  /// For one query, which finalizes it.
  [[nodiscard]] Result<sqlite3_stmt*> prepare_own(const std::string& sql);
  void begin_time_limit();
  [[nodiscard]] Error error() const;

  std::unique_ptr<Connection> connection_;
};

/// One use of a statement that its connection keeps prepared. `sql` is a literal: statements are
/// found by its address. Parameters are bound in order; what they point to must live as long as the
/// query. Errors wait until the first step.
class Query {
 public:
  Query(Database& database, const char* sql);
  /// The same for a text that is made up, of one statement: prepared for this use only.
  Query(Database& database, const std::string& sql);
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query();

  Query& bind(std::int64_t value);
  Query& bind(std::uint32_t value) { return bind(static_cast<std::int64_t>(value)); }
  /// The same 64 bits, read as signed.
  Query& bind(std::uint64_t value) { return bind(static_cast<std::int64_t>(value)); }
  Query& bind(double value);
  Query& bind(std::string_view text);
  Query& bind(const char* text) = delete;
  Query& bind(ByteView blob);
  Query& bind_null();
  /// For lanyard_meets() alone.
  Query& bind(const Where& where);

  /// How many values it wants.
  [[nodiscard]] int parameters() const;
  /// Whether it can be run at all: what is wrong with its text.
  [[nodiscard]] Status check() const;

  /// True: there is a row to read.
  [[nodiscard]] Result<bool> next();
  /// To the end, without rows.
  [[nodiscard]] Status run();

  enum class Type { kNull, kInteger, kReal, kText, kBlob };
  [[nodiscard]] Type type(int column) const;
  [[nodiscard]] int columns() const;
  [[nodiscard]] std::string column_name(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::uint64_t natural(int column) const {
    return static_cast<std::uint64_t>(integer(column));
  }
  [[nodiscard]] double real(int column) const;
  /// Views last until the next step.
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] ByteView blob(int column) const;
  [[nodiscard]] bool is_null(int column) const { return type(column) == Type::kNull; }
  /// A blob of exactly that size.
  template <class Fixed>
  [[nodiscard]] Fixed fixed(int column) const {
    return Fixed::from(blob(column)).value_or(Fixed{});
  }

 private:
  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
  bool is_own_ = false;
  int bound_ = 0;
  std::optional<Error> error_;
};

/// `text` inside SQL: between ' as a literal, between " as a name.
[[nodiscard]] std::string sql_quoted(std::string_view text, char quote);

}  // namespace lanyard::storage
