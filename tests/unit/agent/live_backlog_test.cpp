// What a client of the live channel is still to be told, and the cursors that it is given.
#include "agent/api/live_backlog.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace lanyard::agent {
namespace {

using storage::Missed;
using storage::MissedChange;

LogId log_of(std::uint8_t number) {
  LogId out{};
  out.bytes.fill(number);
  return out;
}

VectorClock clock_of(std::uint64_t first, std::uint64_t second) {
  VectorClock out;
  if (first > 0) out[log_of(1)].seq = Seq{first};
  if (second > 0) out[log_of(2)].seq = Seq{second};
  return out;
}

/// Changes of two logs as one device applied them: some about nothing that is wanted.
std::vector<MissedChange> history() {
  const auto change = [](std::uint8_t log, std::uint64_t seq, std::vector<std::string> keys) {
    MissedChange out{{log_of(log), Seq{seq}}, {}};
    for (std::string& key : keys) out.records.push_back({"c", std::move(key)});
    return out;
  };
  return {change(1, 1, {"a", "b", "c"}),
          change(2, 1, {}),
          change(2, 2, {"d"}),
          change(1, 2, {}),
          change(1, 3, {"a", "e"}),
          change(2, 3, {"f", "d"}),
          change(1, 4, {})};
}

/// What storage answers to somebody who holds this, `at_most` changes at a time.
Missed missed_since(const VectorClock& held, std::size_t at_most) {
  Missed out;
  out.before = held;
  out.after = held;
  for (const MissedChange& change : history()) {
    if (change.dot.seq <= seq_in(held, change.dot.log)) continue;
    out.more = out.changes.size() == at_most;
    if (out.more) return out;
    out.changes.push_back(change);
    out.after[change.dot.log].seq = change.dot.seq;
  }
  return out;
}

/// Tells a client that comes with this cursor at most so many records. Its cursor afterwards.
LiveCursor tell(LiveCursor cursor, std::size_t at_most, std::size_t records,
                std::vector<std::string>& heard) {
  LiveBacklog backlog;
  backlog.begin(cursor);
  while (records > 0) {
    Missed part = missed_since(backlog.told(), at_most);
    const bool more = part.more;
    backlog.add(std::move(part));
    while (records > 0) {
      const auto next = backlog.next();
      if (!next) break;
      --records;
      heard.push_back(next->name.key);
      const auto read = cursor_from_text(next->cursor);
      REQUIRE(read);
      cursor = *read;
    }
    if (!more && backlog.is_empty()) {
      CHECK(backlog.told() == clock_of(4, 3));
      return cursor;
    }
  }
  return cursor;
}

}  // namespace

TEST_CASE("whoever comes again with a cursor is told the rest, and never twice of one change") {
  const std::vector<std::string> all = {"a", "b", "c", "d", "a", "e", "f", "d"};
  for (std::size_t at_most = 1; at_most < 9; ++at_most) {
    for (std::size_t records = 1; records < 10; ++records) {
      INFO(at_most << " changes a part, cut behind " << records);
      std::vector<std::string> heard;
      LiveCursor cursor;
      for (int visits = 0; visits < 12; ++visits) {
        cursor = tell(cursor, at_most, records, heard);
        for (const MissedChange& change : history())
          for (const merge::RecordName& name : change.records)
            if (change.dot.seq <= seq_in(cursor.told, change.dot.log))
              CHECK(std::count(heard.begin(), heard.end(), name.key) > 0);
      }
      CHECK(heard.size() <= all.size());
      if (at_most == 1 || records == 1) CHECK(heard == all);
      if (at_most > 6 && records > 5)
        CHECK(heard == std::vector<std::string>{"a", "b", "c", "d", "e", "f"});
      // The last change is about nothing that is wanted: it may be left for the next visit.
      CHECK(!cursor.begun);
      CHECK(covers(cursor.told, clock_of(3, 3)));
    }
  }
}

TEST_CASE("a batch that was just committed is told whole before its end is") {
  LiveBacklog backlog;
  backlog.begin({clock_of(1, 0), std::nullopt});
  storage::Touched touched{{{"c", "b"}, {"d", "x"}, {"c", "a"}, {"c", "b"}}, true, clock_of(3, 1)};
  backlog.add(touched, "c");
  const auto first = backlog.next();
  REQUIRE(first);
  CHECK(cursor_from_text(first->cursor) == LiveCursor{clock_of(1, 0), std::nullopt});
  const auto second = backlog.next();
  REQUIRE(second);
  CHECK(cursor_from_text(second->cursor) == LiveCursor{clock_of(3, 1), std::nullopt});
  CHECK((first->name.key + second->name.key) == "ab");
  CHECK(!backlog.next());
}

TEST_CASE("a client that is told of nothing gets a cursor before its own is too old") {
  LiveBacklog backlog;
  backlog.begin({clock_of(1, 0), std::nullopt});
  int cursors = 0;
  for (std::uint64_t seq = 2; seq <= 5000; ++seq) {
    backlog.add(storage::Touched{{{"other", "k"}}, true, clock_of(seq, 0)}, "c");
    CHECK(backlog.is_empty());
    if (const auto cursor = backlog.overdue_cursor()) {
      ++cursors;
      CHECK(cursor_from_text(*cursor) == LiveCursor{clock_of(seq, 0), std::nullopt});
    }
  }
  CHECK(cursors == 9);
}

}  // namespace lanyard::agent
