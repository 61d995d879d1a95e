#include "storage/state_hash.hpp"

#include <algorithm>
#include <functional>

#include "replication/types/json_text.hpp"
#include "storage/json_scan.hpp"
#include "storage/record_key.hpp"
#include "storage/record_rows.hpp"

namespace lanyard::storage {
namespace {

using merge::SlotKind;

constexpr std::string_view kLabel = "lanyard-state-v1";

/// The bytes that are hashed for one record: numbers are 8 bytes big-endian, texts have their
/// length before them, dots are log id and seq.
class Encoder {
 public:
  Encoder(Bytes& out, const std::vector<LogId>& logs) : out_(out), logs_(logs) {}

  Encoder& number(std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8)
      out_.push_back(static_cast<std::uint8_t>(value >> shift));
    return *this;
  }
  Encoder& text(std::string_view value) {
    number(value.size());
    append(out_, as_bytes(value));
    return *this;
  }
  Encoder& dot(const merge::LocalDot& dot) {
    append(out_, dot.log < logs_.size() ? logs_[dot.log].view() : LogId{}.view());
    return number(dot.seq);
  }
  /// In the order of log ids: numbers of logs differ from device to device.
  Encoder& dots(const merge::DotSet& dots) {
    std::vector<Bytes> each;
    for (const merge::LocalDot& one : dots) Encoder(each.emplace_back(), logs_).dot(one);
    return list(std::move(each));
  }
  /// Things whose order has no meaning.
  Encoder& list(std::vector<Bytes> each) {
    std::sort(each.begin(), each.end());
    number(each.size());
    for (const Bytes& one : each) append(out_, one);
    return *this;
  }

 private:
  Bytes& out_;
  const std::vector<LogId>& logs_;
};

class StateHasher {
 public:
  StateHasher(Database& database, const Hasher& hasher) : database_(database), hasher_(hasher) {}

  Result<Hash> run() {
    LANYARD_TRY(read_logs());
    state_ = hasher_.hash({as_bytes(kLabel)});
    Query collections(database_, "SELECT number, name FROM lanyard_collections ORDER BY name");
    while (true) {
      LANYARD_TRY_SET(const bool more, collections.next());
      if (!more) return state_;
      LANYARD_TRY(take_collection(static_cast<merge::CollectionNumber>(collections.integer(0)),
                                  collections.text(1)));
    }
  }

 private:
  Status read_logs() {
    Query query(database_, "SELECT log FROM lanyard_logs ORDER BY number");
    while (true) {
      LANYARD_TRY_SET(const bool more, query.next());
      if (!more) return {};
      logs_.push_back(query.fixed<LogId>(0));
    }
  }

  Status take_collection(merge::CollectionNumber number, std::string_view name) {
    Query records(database_,
                  "SELECT key, value, dots FROM lanyard_records WHERE collection = ? ORDER BY key");
    records.bind(number);
    while (true) {
      LANYARD_TRY_SET(const bool more, records.next());
      if (!more) return {};
      const std::string key = key_text(records, 0);
      LANYARD_TRY_SET(const Dots dots, decode_dots(records.blob(2)));
      std::string value(records.text(1));
      if (dots.id_left_out) value = with_id(value, key);
      bytes_.clear();
      Encoder(bytes_, logs_).text(name).text(key).text(value);
      LANYARD_TRY(take_dots(number, key, value, dots));
      state_ = hasher_.hash({state_.view(), bytes_});
    }
  }

  Status take_dots(merge::CollectionNumber number, std::string_view key, std::string_view value,
                   const Dots& dots) {
    std::vector<Bytes> heads;
    for (const merge::RecordHead& head : dots.heads)
      Encoder(heads.emplace_back(), logs_).dot(head.dot).dots(head.hidden_by);
    std::vector<Bytes> things;
    take_shown(value, dots, things);
    if (dots.has_conflicts) {
      LANYARD_TRY_SET(const auto rows, read_conflicts(database_, number, key));
      for (const SideRow& row : rows) take_side(row, things);
    }
    if (dots.has_trash) {
      LANYARD_TRY_SET(const auto rows, read_trash(database_, number, key));
      for (const SideRow& row : rows) take_side(row, things);
    }
    Encoder(bytes_, logs_).list(std::move(heads)).list(std::move(things));
    return {};
  }

  /// The dots behind what is shown; the values themselves stand in the JSON. A member is named by
  /// its place there.
  void take_shown(std::string_view value, const Dots& dots, std::vector<Bytes>& things) const {
    std::size_t member = 0;
    auto entry = dots.entries.begin();
    for_each_member(value, [&](std::string_view, std::string_view) {
      const bool differs = entry != dots.entries.end() && entry->member == member;
      if (!differs) {
        shown(things, member, SlotKind::kValue, 0)
            .dot(dots.base.dot)
            .number(dots.base.timestamp.value);
      } else {
        take_entry(*entry++, things);
      }
      ++member;
    });
  }

  void take_entry(const DotsEntry& entry, std::vector<Bytes>& things) const {
    for (const Stamped& one : entry.values)
      shown(things, entry.member, entry.kind, 0).dot(one.dot).number(one.timestamp.value);
    for (std::size_t i = 0; i < entry.elements.size(); ++i) {
      for (const merge::LocalDot& dot : entry.elements[i])
        shown(things, entry.member, entry.kind, i).dot(dot);
    }
    if (entry.kind == SlotKind::kCounter) shown(things, entry.member, entry.kind, 0);
  }

  Encoder shown(std::vector<Bytes>& things, std::size_t member, SlotKind kind,
                std::size_t element) const {
    Encoder out(things.emplace_back(), logs_);
    out.number(0).number(member).number(static_cast<std::uint64_t>(kind)).number(element);
    return out;
  }

  void take_side(const SideRow& row, std::vector<Bytes>& things) const {
    Encoder out(things.emplace_back(), logs_);
    out.number(1).text(row.field).number(static_cast<std::uint64_t>(row.kind)).text(row.value);
    if (row.kind != SlotKind::kCounter) out.dot(row.dot);
    out.number(row.timestamp.value).dots(row.hidden_by);
  }

  Database& database_;
  const Hasher& hasher_;
  std::vector<LogId> logs_;
  Hash state_;
  Bytes bytes_;
};

}  // namespace

Result<Hash> state_hash(Database& database, const Hasher& hasher) {
  return StateHasher(database, hasher).run();
}

}  // namespace lanyard::storage
