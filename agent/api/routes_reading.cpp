#include <array>

#include "agent/api/handlers.hpp"
#include "agent/json/json_answers.hpp"
#include "agent/json/question_reader.hpp"
#include "replication/types/limits.hpp"

/// Readings that may take their time, and the indexes that make them short.
namespace lanyard::agent {
namespace {

void get_history(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& in) -> Status {
    storage::HistoryQuestion question;
    question.collection = call.names[1];
    question.key = call.names[2];
    LANYARD_TRY_SET(const std::int64_t limit, in.integer("limit", 50, 1, limits::kPageRows));
    question.limit = static_cast<std::size_t>(limit);
    question.cursor = in.text("cursor").value_or("");
    LANYARD_TRY(in.finish());
    in_space(room, call, reply, Right::kRead, [&room, question, reply](const SpaceId& space) {
      room.long_reads.history(space, question, [reply](const Result<LongReads::History>& history) {
        reply.answer(history, history_json);
      });
    });
    return {};
  });
}

void list_collections(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    in_space(room, call, reply, Right::kRead, [&room, reply](const SpaceId& space) {
      room.long_reads.numbers(space, [reply](const Result<storage::SpaceNumbers>& numbers) {
        reply.answer(numbers, collections_json);
      });
    });
    return {};
  });
}

void ask_sql(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    LANYARD_TRY_SET(Params in, params_of(call.body));
    LANYARD_TRY_SET(const SqlWish wish, read_sql(in));
    // A token of which there are many, or a page of the person.
    const std::string asker = call.access.token ? to_hex(call.access.token->view()) : "";
    in_space(room, call, reply, Right::kRead, [&room, asker, wish, reply](const SpaceId& space) {
      room.sql.ask(
          space, asker, wish.question, wish.most,
          [reply](const Result<storage::SqlAnswer>& answer) { reply.answer(answer, sql_json); });
    });
    return {};
  });
}

void list_indexes(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    in_space(room, call, reply, Right::kRead,
             [&room, collection = call.names[1], reply](const SpaceId& space) {
               room.data.indexes(space, collection,
                                 [reply](const Result<std::vector<std::string>>& fields) {
                                   reply.answer(fields, indexes_json);
                                 });
             });
    return {};
  });
}

void declare_index(bool is_wanted, ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    const storage::DeclaredIndex index{call.names[1], call.names[2]};
    in_space(room, call, reply, Right::kWrite,
             [&room, index, is_wanted, reply](const SpaceId& space) {
               room.data.declare_index(space, index, is_wanted,
                                       [reply](const Result<std::vector<std::string>>& fields) {
                                         reply.answer(fields, indexes_json);
                                       });
             });
    return {};
  });
}

void put_index(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  declare_index(true, room, call, reply);
}
void delete_index(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  declare_index(false, room, call, reply);
}

constexpr std::string_view kIndexPath =
    "/v1/spaces/{space}/collections/{collection}/indexes/{field}";

constexpr std::array kReadingRoutes = std::to_array<Route>({
    {"GET", "/v1/spaces/{space}/collections", Need::kToken, list_collections},
    {"GET", "/v1/spaces/{space}/collections/{collection}/records/{key}/history", Need::kToken,
     get_history},
    {"POST", "/v1/spaces/{space}/sql", Need::kToken, ask_sql, Takes::kQuestion},
    {"GET", "/v1/spaces/{space}/collections/{collection}/indexes", Need::kToken, list_indexes},
    {"PUT", kIndexPath, Need::kToken, put_index},
    {"DELETE", kIndexPath, Need::kToken, delete_index},
});

}  // namespace

std::span<const Route> reading_routes() { return kReadingRoutes; }

}  // namespace lanyard::agent
