#include <algorithm>
#include <array>

#include "agent/control/methods.hpp"
#include "agent/json/json_answers.hpp"
#include "agent/json/op_reader.hpp"
#include "agent/json/question_reader.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

using storage::LocalOp;
using storage::Written;

/// A stream that its client does not read is ended: it would only fall behind further.
constexpr std::size_t kStreamWaitingMax = 4 * limits::kMiB;

/// put, patch, delete of one record.
void write_one(const char* op, ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string space, in.text("space"));
    LANYARD_TRY_SET(const std::string collection, in.text("collection"));
    LANYARD_TRY_SET(std::string key, in.text("key"));
    LANYARD_TRY_SET(const auto based_on, in.optional_text("basedOn"));
    const auto value = in.optional_json("value");
    LANYARD_TRY(in.finish());
    std::vector<LocalOp> ops;
    LANYARD_TRY(add_ops(op, collection, key, value, based_on, ops));
    room.data.write(space, {std::move(ops)}, [reply, key](const Result<Written>& written) {
      reply.answer(written, [&](const Written& done) {
        JsonWriter out;
        out.begin_object().member("key", key).member("version", done.versions.back());
        write_change(done.dot, out);
        return out.end_object().take();
      });
    });
    return {};
  });
}

void data_put(ControlRoom& room, Params& params, const Reply& reply) {
  write_one("put", room, params, reply);
}
void data_patch(ControlRoom& room, Params& params, const Reply& reply) {
  write_one("patch", room, params, reply);
}
void data_delete(ControlRoom& room, Params& params, const Reply& reply) {
  write_one("delete", room, params, reply);
}
/// What comes back is what this client had not read. So it is told the version of the record as it
/// is there now: with that of its own change alone, its next edit would meet the values that came
/// back as ones it does not know.
void data_restore(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string space, in.text("space"));
    LANYARD_TRY_SET(const std::string collection, in.text("collection"));
    LANYARD_TRY_SET(std::string key, in.text("key"));
    LANYARD_TRY_SET(const auto based_on, in.optional_text("basedOn"));
    LANYARD_TRY(in.finish());
    std::vector<LocalOp> ops;
    LANYARD_TRY(add_ops("restore", collection, key, std::nullopt, based_on, ops));
    room.data.write(space, {std::move(ops)}, [=, &room](const Result<Written>& written) {
      if (!written) return reply.answer(written, [](const Written&) { return std::string(); });
      room.data.get(space, collection, key,
                    [reply, key, dot = written->dot](const Result<storage::ReadRecord>& record) {
                      reply.answer(record, [&](const storage::ReadRecord& there) {
                        JsonWriter out;
                        out.begin_object().member("key", key).member("version", there.version);
                        write_change(dot, out);
                        return out.end_object().take();
                      });
                    });
    });
    return {};
  });
}

void data_batch(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string space, in.text("space"));
    LANYARD_TRY_SET(const auto elements, in.elements("ops"));
    LANYARD_TRY_SET(const bool with_versions, in.boolean("versions", false));
    LANYARD_TRY(in.finish());
    if (elements.empty()) return fail(Code::kUsage, "the batch has no ops");
    std::vector<LocalOp> ops;
    ops.reserve(elements.size());
    std::vector<std::size_t> last_of;  // the last op that each element came to
    for (const std::string_view element : elements) {
      LANYARD_TRY(read_op(element, ops));
      last_of.push_back(ops.size() - 1);
    }
    room.data.write(space, {std::move(ops), with_versions}, [=](const Result<Written>& written) {
      reply.answer(written, [&](const Written& done) {
        JsonWriter out;
        out.begin_object();
        write_change(done.dot, out);
        out.member("applied", last_of.size());
        if (with_versions) {
          out.name("versions").begin_array();
          for (const std::size_t op : last_of) out.text(done.versions.at(op));
          out.end_array();
        }
        return out.end_object().take();
      });
    });
    return {};
  });
}

void data_get(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string space, in.text("space"));
    LANYARD_TRY_SET(const std::string collection, in.text("collection"));
    LANYARD_TRY_SET(const std::string key, in.text("key"));
    LANYARD_TRY(in.finish());
    room.data.get(space, collection, key, [reply](const Result<storage::ReadRecord>& record) {
      reply.answer(record, record_json);
    });
    return {};
  });
}

Result<storage::RecordQuery> query_of(Params& in) {
  LANYARD_TRY_SET(std::string collection, in.text("collection"));
  LANYARD_TRY_SET(storage::RecordQuery out, read_record_query(in));
  out.collection = std::move(collection);
  return out;
}

void data_query(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string space, in.text("space"));
    LANYARD_TRY_SET(const storage::RecordQuery query, query_of(in));
    LANYARD_TRY(in.finish());
    room.data.query(space, query, [reply](const Result<storage::RecordPage>& page) {
      reply.answer(page, page_json);
    });
    return {};
  });
}

void data_count(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string space, in.text("space"));
    LANYARD_TRY_SET(const storage::RecordQuery query, query_of(in));
    LANYARD_TRY(in.finish());
    room.data.count(space, query, [reply](const Result<std::uint64_t>& count) {
      reply.answer(count, count_json);
    });
    return {};
  });
}

void data_collections(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string space, in.text("space"));
    LANYARD_TRY(in.finish());
    room.directory.find(space, [&room, reply](const Result<SpaceId>& found) {
      if (!found) return reply.error(found.error());
      room.long_reads.numbers(*found, [reply](const Result<storage::SpaceNumbers>& numbers) {
        reply.answer(numbers, collections_json);
      });
    });
    return {};
  });
}

void data_history(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    storage::HistoryQuestion question;
    LANYARD_TRY_SET(const std::string space, in.text("space"));
    LANYARD_TRY_SET(question.collection, in.text("collection"));
    LANYARD_TRY_SET(question.key, in.text("key"));
    LANYARD_TRY_SET(const std::int64_t limit, in.integer("limit", 50, 1, limits::kPageRows));
    question.limit = static_cast<std::size_t>(limit);
    LANYARD_TRY_SET(const auto cursor, in.optional_text("cursor"));
    question.cursor = cursor.value_or("");
    LANYARD_TRY(in.finish());
    room.directory.find(space, [&room, question, reply](const Result<SpaceId>& found) {
      if (!found) return reply.error(found.error());
      room.long_reads.history(*found, question, [reply](const Result<LongReads::History>& history) {
        reply.answer(history, history_json);
      });
    });
    return {};
  });
}

void data_sql(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string space, in.text("space"));
    LANYARD_TRY_SET(const SqlWish wish, read_sql(in));
    room.directory.find(space, [&room, wish, reply](const Result<SpaceId>& found) {
      if (!found) return reply.error(found.error());
      room.sql.ask(
          *found, "person", wish.question, wish.most,
          [reply](const Result<storage::SqlAnswer>& answer) { reply.answer(answer, sql_json); });
    });
    return {};
  });
}

void send_changed(const Reply& reply, const Result<std::vector<storage::ReadRecord>>& changed,
                  bool all) {
  if (!changed) return reply.error(changed.error());
  if (reply.waiting_bytes() > kStreamWaitingMax)
    return reply.error(Error(Code::kBusy, "the changes were not read fast enough",
                             "Watch again, and read what matters once more."));
  for (const storage::ReadRecord& record : *changed) {
    JsonWriter out;
    out.begin_object().name("record");
    write_record(record, out);
    reply.progress(out.end_object().take());
  }
  if (!all) reply.progress("{\"resync\":true}");
}

/// A stream: one progress line per changed record, until the client leaves.
void data_watch(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string space, in.text("space"));
    LANYARD_TRY_SET(const std::string collection, in.text("collection"));
    storage::Where where;
    if (const auto json = in.optional_json("where")) {
      LANYARD_TRY_SET(where, read_where(*json));
    }
    LANYARD_TRY(in.finish());
    room.data.watch(
        space, collection, std::move(where),
        [reply](const Result<std::vector<storage::ReadRecord>>& changed, bool all) {
          send_changed(reply, changed, all);
        },
        [&room, reply](const Result<std::uint64_t>& watch) {
          if (!watch) return reply.error(watch.error());
          if (!reply.is_open()) return room.data.unwatch(*watch);  // it left meanwhile
          reply.on_closed([&room, number = *watch] { room.data.unwatch(number); });
          reply.progress("{\"watching\":true}");
        });
    return {};
  });
}

Result<ImportService::Incoming> incoming_of(std::string_view json) {
  ImportService::Incoming out;
  LANYARD_TRY_SET(JsonObject object, JsonObject::parse(json));
  Params in(std::move(object));
  LANYARD_TRY_SET(out.collection, in.text("collection"));
  LANYARD_TRY_SET(out.key, in.text("key"));
  LANYARD_TRY_SET(const std::string_view value, in.json("value"));
  LANYARD_TRY(in.finish());
  LANYARD_TRY_SET(out.fields, fields_from_json(value));
  return out;
}

void import_write(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string space, in.text("space"));
    LANYARD_TRY_SET(const auto elements, in.elements("records"));
    LANYARD_TRY_SET(const bool dry_run, in.boolean("dryRun", false));
    LANYARD_TRY(in.finish());
    std::vector<ImportService::Incoming> records;
    for (const std::string_view element : elements) {
      LANYARD_TRY_SET(ImportService::Incoming record, incoming_of(element));
      records.push_back(std::move(record));
    }
    room.imports.merge(space, std::move(records), dry_run,
                       [reply](const Result<ImportService::Outcome>& outcome) {
                         reply.answer(outcome, [](const ImportService::Outcome& done) {
                           JsonWriter out;
                           out.begin_object().member("added", done.added);
                           out.member("changed", done.changed).member("same", done.same);
                           return out.end_object().take();
                         });
                       });
    return {};
  });
}

constexpr std::array kDataMethods = std::to_array<ControlMethod>({
    {"data.put", data_put},
    {"data.batch", data_batch},
    {"data.get", data_get},
    {"data.query", data_query},
    {"data.patch", data_patch},
    {"data.delete", data_delete},
    {"data.restore", data_restore},
    {"data.count", data_count},
    {"data.collections", data_collections},
    {"data.history", data_history},
    {"data.sql", data_sql},
    {"data.watch", data_watch},
    {"import.write", import_write},
});

}  // namespace

std::span<const ControlMethod> data_methods() { return kDataMethods; }

}  // namespace lanyard::agent
