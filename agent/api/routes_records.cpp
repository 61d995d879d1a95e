#include <algorithm>
#include <array>

#include "agent/api/handlers.hpp"
#include "agent/json/json_answers.hpp"
#include "agent/json/op_reader.hpp"
#include "agent/json/question_reader.hpp"
#include "replication/types/limits.hpp"

/// Records: read, listed, counted, written one at a time.
namespace lanyard::agent {
namespace {

using storage::LocalOp;
using storage::ReadRecord;
using storage::RecordQuery;
using storage::Written;

void add_tag(const std::string& version, HttpAnswer& out) {
  out.fields.emplace_back("ETag", "\"" + version + "\"");
}

HttpAnswer record_answer(const ReadRecord& record) {
  HttpAnswer out;
  out.body = record_json(record);
  add_tag(record.version, out);
  return out;
}

// ---- one record

/// RFC 9110, 13.2.2, for a record that is there.
HttpAnswer conditional_answer(const ApiCall& call, const ReadRecord& record) {
  const auto& wanted = call.if_match;
  if (wanted && !wanted->is_any && !wanted->has(record.version, false)) {
    HttpAnswer out = problem_answer(
        412, problem_of(Error(Code::kConflict, "the record is not at the version that was given")));
    add_tag(record.version, out);
    return out;
  }
  const auto& known = call.if_none_match;
  if (!known || (!known->is_any && !known->has(record.version, true))) return record_answer(record);
  HttpAnswer out;
  out.status = 304;
  add_tag(record.version, out);
  return out;
}

/// As the writer checks them, in the transaction.
std::vector<merge::Precondition> conditions_of(const ApiCall& call) {
  std::vector<merge::Precondition> out;
  if (call.if_match) {
    merge::Precondition& each = out.emplace_back();
    each.is_any = call.if_match->is_any;
    for (const EntityTag& tag : call.if_match->tags)
      if (!tag.is_weak) each.versions.push_back(tag.text);
  }
  if (call.if_none_match) {
    merge::Precondition& each = out.emplace_back();
    each.none_of = true;
    each.is_any = call.if_none_match->is_any;
    for (const EntityTag& tag : call.if_none_match->tags) each.versions.push_back(tag.text);
  }
  return out;
}

void get_record(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    in_space(room, call, reply, Right::kRead, [&room, call, reply](const SpaceId& space) {
      auto record = room.reads.get(space, call.names[1], call.names[2]);
      if (record && !is_shown(*record))
        record = fail(Code::kNotFound, "there is no record \"" + call.names[2] +
                                           "\" in the collection \"" + call.names[1] + "\"");
      record ? reply.send(conditional_answer(call, *record)) : reply.error(record.error());
    });
    return {};
  });
}

/// What stands there now says more than the error alone: the version to read and to try again with.
void answer_conflict(ApiRoom& room, const SpaceId& space, const ApiCall& call, const Error& error,
                     const ApiReply& reply) {
  const auto record = room.reads.get(space, call.names[1], call.names[2]);
  const bool has_conditions = call.if_match || call.if_none_match;
  HttpAnswer answer = problem_answer(has_conditions ? 412 : 409, problem_of(error));
  if (record) add_tag(record->version, answer);
  reply.send(std::move(answer));
}

/// A write on its way, and what its answer takes.
struct RecordWrite {
  ApiCall call;
  storage::LocalChange change;
  ApiReply reply;
};

void answer_written(ApiRoom& room, const SpaceId& space, const RecordWrite& write,
                    Result<Written> written) {
  if (!written && written.error().is(Code::kConflict))
    return answer_conflict(room, space, write.call, written.error(), write.reply);
  if (!written) return write.reply.error(written.error());
  const auto& names = write.call.names;
  write.reply.send(record_answer({names[1], names[2], std::move(written->shown),
                                  written->versions.back(), std::move(written->conflicts)}));
}

void write_record_of(const char* op, ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    const auto based_on = query.text("basedOn");
    LANYARD_TRY(query.finish());
    std::vector<LocalOp> ops;
    const std::optional<std::string_view> value = std::string_view(op) == "delete"
                                                      ? std::nullopt
                                                      : std::optional<std::string_view>(call.body);
    LANYARD_TRY(add_ops(op, call.names[1], call.names[2], value, based_on, ops));
    for (LocalOp& each : ops) each.conditions = conditions_of(call);
    call.body.clear();
    // One piece of memory, whoever holds it: what is copied instead costs every write.
    const auto write =
        std::make_shared<RecordWrite>(RecordWrite{std::move(call), {std::move(ops)}, reply});
    write->change.wants_shown = true;
    in_space(room, write->call, reply, Right::kWrite, [&room, write](const SpaceId& space) {
      room.data.write(to_text(space), std::move(write->change),
                      [&room, space, write](Result<Written> written) {
                        answer_written(room, space, *write, std::move(written));
                      });
    });
    return {};
  });
}

void put_record(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  write_record_of("put", room, call, reply);
}
void patch_record(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  write_record_of("patch", room, call, reply);
}
void delete_record(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  write_record_of("delete", room, call, reply);
}

// ---- many records

Status read_query(QueryText& in, const std::string& collection, RecordQuery& out) {
  out.collection = collection;
  if (const auto where = in.text("where")) {
    LANYARD_TRY_SET(out.where, read_where(*where));
  }
  set_order(in.text("order").value_or(""), out);
  out.cursor = in.text("cursor").value_or("");
  return {};
}

/// All records that a query finds, a line each: page by page, as the client takes them.
class RecordLines : public std::enable_shared_from_this<RecordLines> {
 public:
  RecordLines(ApiRoom& room, const ApiCall& call, const SpaceId& space, std::string type,
              RecordQuery query, std::optional<std::uint64_t> limit, ApiReply reply)
      : room_(room),
        standing_(call.standing),
        name_(call.names.front()),
        space_(space),
        type_(std::move(type)),
        query_(std::move(query)),
        is_export_(!limit && query_.where.empty() && query_.cursor.empty()),
        left_(limit),
        reply_(std::move(reply)) {}

  /// One whose client does not take what it asked for ends with the token, too.
  void start() {
    standing_->watch([weak = weak_from_this()](const Error& why) {
      if (const auto lines = weak.lock()) lines->give_up(why);
    });
    next();
  }

 private:
  static constexpr std::uint64_t kPage = 200;

  void next() {
    query_.limit = std::min<std::uint64_t>(kPage, left_.value_or(kPage));
    room_.long_reads.page(space_, query_,
                          [self = shared_from_this()](const Result<storage::RecordPage>& page) {
                            self->on_page(page);
                          });
  }

  void on_page(const Result<storage::RecordPage>& page) {
    if (is_over_) return;
    const Status may = check_right(*standing_, space_, name_, Right::kRead);
    if (!may) return give_up(may.error());
    if (!page) return give_up(page.error());
    if (!out_) {
      HttpAnswer head;
      head.type = type_;
      out_ = reply_.begin(std::move(head));
    }
    std::string lines;
    for (const ReadRecord& record : page->records) lines += record_json(record) + "\n";
    if (left_) *left_ -= page->records.size();
    query_.cursor = page->cursor;
    const bool is_over = page->cursor.empty() || left_ == 0;
    is_saying_ = true;
    out_->piece(std::move(lines), [self = shared_from_this(), is_over](bool is_open) {
      self->is_saying_ = false;
      if (!is_open) return;
      if (self->lost_) return self->say_why();
      if (!is_over) return self->next();
      self->is_over_ = true;
      self->out_->end();
      if (self->is_export_) self->room_.status.exported();
    });
  }

  /// Behind a head that says 200 the last line says why, and there is no end: nobody is to take
  /// what came for all.
  void give_up(const Error& why) {
    if (std::exchange(is_over_, true)) return;
    if (!out_) return reply_.error(why);
    lost_ = why;
    if (!is_saying_) say_why();
  }
  void say_why() {
    out_->piece(problem_answer(*lost_).body + "\n",
                [self = shared_from_this()](bool) { self->out_.reset(); });
  }

  ApiRoom& room_;
  std::shared_ptr<Standing> standing_;
  std::string name_;  ///< of the space, as the client says it
  SpaceId space_;
  std::string type_;
  RecordQuery query_;
  bool is_export_;  ///< a whole collection
  std::optional<std::uint64_t> left_;
  ApiReply reply_;
  std::optional<AnswerStream> out_;  ///< once the first page is read
  bool is_saying_ = false;           ///< a piece is on its way
  bool is_over_ = false;
  std::optional<Error> lost_;  ///< why it ends before its end
};

/// Of a page, or of all lines.
struct LimitRule {
  std::int64_t otherwise;
  std::int64_t most;
};

LimitRule limit_rule(bool as_lines) {
  if (as_lines) return {0, std::numeric_limits<std::int64_t>::max()};
  return {100, static_cast<std::int64_t>(limits::kPageRows)};
}

bool wants_lines(const ApiCall& call) { return lines_type_of(call.accept).has_value(); }

void answer_records(ApiRoom& room, const ApiCall& call, const RecordQuery& query,
                    const ApiReply& reply) {
  const auto lines = lines_type_of(call.accept);
  in_space(room, call, reply, Right::kRead,
           [&room, kept = call, query, lines, reply](const SpaceId& space) {
             if (!lines) {
               return room.long_reads.page(space, query,
                                           [reply](const Result<storage::RecordPage>& page) {
                                             reply.answer(page, page_json);
                                           });
             }
             const auto most = query.limit == 0 ? std::optional<std::uint64_t>() : query.limit;
             std::make_shared<RecordLines>(room, kept, space, *lines, query, most, reply)->start();
           });
}

void answer_count(ApiRoom& room, const ApiCall& call, const RecordQuery& query,
                  const ApiReply& reply) {
  in_space(room, call, reply, Right::kRead, [&room, query, reply](const SpaceId& space) {
    room.long_reads.count(space, query, [reply](const Result<std::uint64_t>& count) {
      reply.answer(count, count_json);
    });
  });
}

void list_records(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& in) -> Status {
    RecordQuery query;
    LANYARD_TRY(read_query(in, call.names[1], query));
    const LimitRule rule = limit_rule(wants_lines(call));
    LANYARD_TRY_SET(
        const std::int64_t limit,
        in.integer("limit", rule.otherwise, std::min<std::int64_t>(rule.otherwise, 1), rule.most));
    LANYARD_TRY(in.finish());
    query.limit = static_cast<std::size_t>(limit);
    answer_records(room, call, query, reply);
    return {};
  });
}

/// Which records are counted: those that meet the condition, or all.
Result<RecordQuery> count_query(const ApiCall& call, std::optional<std::string_view> where) {
  RecordQuery query;
  query.collection = call.names[1];
  if (where) {
    LANYARD_TRY_SET(query.where, read_where(*where));
  }
  return query;
}

void count_records(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& in) -> Status {
    LANYARD_TRY_SET(const RecordQuery query, count_query(call, in.text("where")));
    LANYARD_TRY(in.finish());
    answer_count(room, call, query, reply);
    return {};
  });
}

// ---- the same, asked in a body, which holds more than an address does

void query_records(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& in) -> Status {
    LANYARD_TRY(in.finish());
    LANYARD_TRY_SET(Params asked, params_of(call.body));
    const LimitRule rule = limit_rule(wants_lines(call));
    LANYARD_TRY_SET(RecordQuery query, read_record_query(asked, rule.otherwise, rule.most));
    LANYARD_TRY(asked.finish());
    query.collection = call.names[1];
    answer_records(room, call, query, reply);
    return {};
  });
}

void query_count(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& in) -> Status {
    LANYARD_TRY(in.finish());
    LANYARD_TRY_SET(Params asked, params_of(call.body));
    LANYARD_TRY_SET(const RecordQuery query, count_query(call, asked.optional_json("where")));
    LANYARD_TRY(asked.finish());
    answer_count(room, call, query, reply);
    return {};
  });
}

constexpr std::string_view kRecordPath =
    "/v1/spaces/{space}/collections/{collection}/records/{key}";
constexpr std::string_view kRecordsPath = "/v1/spaces/{space}/collections/{collection}/records";

constexpr std::string_view kCountPath = "/v1/spaces/{space}/collections/{collection}/count";

constexpr std::array kRecordRoutes = std::to_array<Route>({
    {"GET", kRecordsPath, Need::kToken, list_records},
    {"POST", "/v1/spaces/{space}/collections/{collection}/query", Need::kToken, query_records,
     Takes::kQuestion},
    {"GET", kCountPath, Need::kToken, count_records},
    {"POST", kCountPath, Need::kToken, query_count, Takes::kQuestion},
    {"GET", kRecordPath, Need::kToken, get_record},
    {"PUT", kRecordPath, Need::kToken, put_record, Takes::kJson},
    {"PATCH", kRecordPath, Need::kToken, patch_record, Takes::kPatch},
    {"DELETE", kRecordPath, Need::kToken, delete_record},
});

}  // namespace

std::span<const Route> record_routes() { return kRecordRoutes; }

}  // namespace lanyard::agent
