#include "agent/json/question_reader.hpp"

#include "agent/json/json_views.hpp"
#include "agent/json/op_reader.hpp"
#include "agent/service/sql_service.hpp"

namespace lanyard::agent {
namespace {

constexpr std::int64_t kSqlRowsMax = 10'000;

}  // namespace

Result<storage::RecordQuery> read_record_query(Params& in, std::int64_t limit_or,
                                               std::int64_t limit_max) {
  storage::RecordQuery out;
  if (const auto where = in.optional_json("where")) {
    LANYARD_TRY_SET(out.where, read_where(*where));
  }
  LANYARD_TRY_SET(const auto order, in.optional_text("order"));
  set_order(order.value_or(""), out);
  LANYARD_TRY_SET(const std::int64_t limit,
                  in.integer("limit", limit_or, std::min<std::int64_t>(limit_or, 1), limit_max));
  out.limit = static_cast<std::size_t>(limit);
  LANYARD_TRY_SET(const auto cursor, in.optional_text("cursor"));
  out.cursor = cursor.value_or("");
  return out;
}

Result<SqlWish> read_sql(Params& in) {
  SqlWish out;
  LANYARD_TRY_SET(out.question.sql, in.text("sql"));
  if (in.has("values")) {
    LANYARD_TRY_SET(const auto elements, in.elements("values"));
    LANYARD_TRY_SET(out.question.values, read_values(elements));
  }
  LANYARD_TRY_SET(const std::int64_t limit, in.integer("limit", 1000, 1, kSqlRowsMax));
  constexpr std::int64_t kMostMs = SqlService::kMost.count();
  LANYARD_TRY_SET(const std::int64_t most, in.integer("timeLimitMs", kMostMs, 1, kMostMs));
  LANYARD_TRY(in.finish());
  out.question.rows_max = static_cast<std::size_t>(limit);
  out.most = std::chrono::milliseconds(most);
  return out;
}

Result<storage::SpaceWish> read_space_wish(Params& in) {
  storage::SpaceWish out;
  LANYARD_TRY_SET(out.name, in.optional_text("name"));
  LANYARD_TRY_SET(const auto mode, in.optional_text("syncMode"));
  if (mode) {
    out.mode = sync_mode_from_text(*mode);
    if (!out.mode)
      return fail(Code::kUsage, "\"syncMode\" can be hybrid, local-only or peer-required");
  }
  if (in.has("archived")) {
    LANYARD_TRY_SET(out.archived, in.boolean("archived", false));
  }
  LANYARD_TRY(in.finish());
  if (!out.name && !out.mode && !out.archived)
    return fail(Code::kUsage, "there is nothing to change",
                "Give \"name\", \"syncMode\" or \"archived\".");
  return out;
}

}  // namespace lanyard::agent
