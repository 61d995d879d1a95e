#include <sqlite3.h>

#include "replication/types/check.hpp"
#include "storage/sqlite.hpp"
#include "storage/sqlite_functions.hpp"

namespace lanyard::storage {

Query::Query(Database& database, const char* sql) : database_(database) {
  auto statement = database.statement(sql);
  if (!statement) {
    error_ = std::move(statement).error();
    return;
  }
  LANYARD_CHECK(sqlite3_stmt_busy(*statement) == 0, "a statement is used by one query at a time");
  statement_ = *statement;
}

Query::Query(Database& database, const std::string& sql) : database_(database), is_own_(true) {
  auto statement = database.prepare_own(sql);
  if (statement)
    statement_ = *statement;
  else
    error_ = std::move(statement).error();
}

Query::~Query() {
  if (is_own_) {
    sqlite3_finalize(statement_);
  } else if (statement_ != nullptr) {
    sqlite3_reset(statement_);
  }
}

Query& Query::bind(std::int64_t value) {
  if (statement_ != nullptr) sqlite3_bind_int64(statement_, ++bound_, value);
  return *this;
}

Query& Query::bind(double value) {
  if (statement_ != nullptr) sqlite3_bind_double(statement_, ++bound_, value);
  return *this;
}

Query& Query::bind(std::string_view text) {
  // An empty view may have no address, which would be NULL.
  const char* data = text.data() == nullptr ? "" : text.data();
  if (statement_ != nullptr && sqlite3_bind_text64(statement_, ++bound_, data, text.size(),
                                                   SQLITE_STATIC, SQLITE_UTF8) != SQLITE_OK)
    error_ = database_.error();
  return *this;
}

Query& Query::bind(ByteView blob) {
  const void* data = blob.data() == nullptr ? static_cast<const void*>("") : blob.data();
  if (statement_ != nullptr &&
      sqlite3_bind_blob64(statement_, ++bound_, data, blob.size(), SQLITE_STATIC) != SQLITE_OK)
    error_ = database_.error();
  return *this;
}

Query& Query::bind_null() {
  if (statement_ != nullptr) sqlite3_bind_null(statement_, ++bound_);
  return *this;
}

Query& Query::bind(const Where& where) {
  // SQLite hands the address back as it got it.
  if (statement_ != nullptr)
    sqlite3_bind_pointer(statement_, ++bound_, const_cast<Where*>(&where), kWherePointer, nullptr);
  return *this;
}

int Query::parameters() const {
  return statement_ == nullptr ? 0 : sqlite3_bind_parameter_count(statement_);
}

Status Query::check() const { return error_ ? Status(fail(*error_)) : Status(); }

Result<bool> Query::next() {
  if (error_) return fail(*error_);
  if (sqlite3_stmt_busy(statement_) == 0) database_.begin_time_limit();
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  error_ = database_.error();
  return fail(*error_);
}

Status Query::run() {
  while (true) {
    LANYARD_TRY_SET(const bool more, next());
    if (!more) return {};
  }
}

Query::Type Query::type(int column) const {
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_INTEGER: return Type::kInteger;
    case SQLITE_FLOAT: return Type::kReal;
    case SQLITE_TEXT: return Type::kText;
    case SQLITE_BLOB: return Type::kBlob;
    default: return Type::kNull;
  }
}

int Query::columns() const { return statement_ == nullptr ? 0 : sqlite3_column_count(statement_); }

std::string Query::column_name(int column) const {
  const char* const name = sqlite3_column_name(statement_, column);
  return name == nullptr ? std::string() : std::string(name);
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

double Query::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string_view Query::text(int column) const {
  const unsigned char* data = sqlite3_column_text(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr) return {};
  return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)};
}

ByteView Query::blob(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr) return {};
  return {static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)};
}

}  // namespace lanyard::storage
