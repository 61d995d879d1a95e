#include "replication/merge/by_kind.hpp"

#include <algorithm>
#include <set>

#include "replication/merge/show.hpp"
#include "replication/types/canonical.hpp"

namespace lanyard::merge {
namespace {

using oplog::OpKind;
using Kind = CanonicalReader::Kind;

bool has_kind(const Record& record, std::string_view name) {
  const Field* const field = record.find(name);
  return field != nullptr && (!field->counter.empty() || !field->elements.empty());
}

/// What the field shows, if that is a counter or a set.
std::optional<Choice> shown_kind(const Record& record, std::string_view name,
                                 const HashOf& hash_of) {
  if (!has_kind(record, name)) return std::nullopt;
  auto all = choices(*record.find(name), hash_of);
  if (all.empty() || all.front().kind == SlotKind::kValue) return std::nullopt;
  return std::move(all.front());
}

LocalOp op_on(const LocalOp& wish, OpKind kind, std::string_view field) {
  LocalOp out;
  out.kind = kind;
  out.collection = wish.collection;
  out.key = wish.key;
  out.field = field;
  out.based_on = wish.based_on;
  return out;
}

std::set<Bytes> elements_of(ByteView array) {
  std::set<Bytes> out;
  CanonicalReader in(array);
  for (std::size_t left = in.array(); left > 0; --left) out.insert(to_bytes(in.value()));
  return out;
}

tl::unexpected<Error> no_value_for(std::string_view field, SlotKind kind) {
  const bool is_counter = kind == SlotKind::kCounter;
  return fail(Code::kUsage,
              "\"" + std::string(field) + "\" is a " + (is_counter ? "counter" : "set") +
                  (is_counter ? ", and takes a whole number" : ", and takes an array"),
              is_counter ? "Send the number that it is to have, or an op \"add\" with the "
                           "difference. It goes with its record."
                         : "Send the elements that it is to have, or ops \"set-add\" and "
                           "\"set-remove\".");
}

/// Adds the ops that make the field what the client wants. Nothing wanted: it takes it away.
class Differences {
 public:
  Differences(const LocalOp& wish, std::vector<LocalOp>& out) : wish_(wish), out_(out) {}

  Status add(std::string_view field, const Choice& shown, std::optional<ByteView> wanted) {
    const Kind kind = wanted ? CanonicalReader(*wanted).peek() : Kind::kNil;
    if (shown.kind == SlotKind::kCounter) {
      if (kind != Kind::kInteger) return no_value_for(field, shown.kind);
      add_amount(field, CanonicalReader(shown.value).integer(), CanonicalReader(*wanted).integer());
      return {};
    }
    if (wanted && kind != Kind::kArray) return no_value_for(field, shown.kind);
    add_elements(field, elements_of(shown.value),
                 wanted ? elements_of(*wanted) : std::set<Bytes>());
    return {};
  }

 private:
  void add_amount(std::string_view field, std::int64_t before, std::int64_t after) {
    LocalOp op = op_on(wish_, OpKind::kAdd, field);
    // Counters are sums modulo 2^64.
    op.amount = static_cast<std::int64_t>(static_cast<std::uint64_t>(after) -
                                          static_cast<std::uint64_t>(before));
    out_.push_back(std::move(op));
  }

  void add_elements(std::string_view field, const std::set<Bytes>& before,
                    const std::set<Bytes>& after) {
    const auto add_all = [&](OpKind kind, const std::set<Bytes>& from, const std::set<Bytes>& to) {
      for (const Bytes& element : to) {
        if (from.contains(element)) continue;
        LocalOp op = op_on(wish_, kind, field);
        op.element = element;
        out_.push_back(std::move(op));
      }
    };
    add_all(OpKind::kSetRemove, after, before);
    add_all(OpKind::kSetAdd, before, after);
  }

  const LocalOp& wish_;
  std::vector<LocalOp>& out_;
};

}  // namespace

bool is_as_read(const Record& record, const Version& read, const LocalDot& own) {
  const auto knows = [&](DotSet now, const DotSet& seen) {
    std::erase(now, own);
    return is_subset(now, seen);
  };
  Version now = read_version(record);
  return knows(std::move(now.edits), read.edits) && knows(std::move(now.deletes), read.deletes);
}

bool meets_kinds(const LocalOp& wish, const Record& record) {
  return std::any_of(wish.fields.begin(), wish.fields.end(),
                     [&](const auto& field) { return has_kind(record, field.first); }) ||
         std::any_of(wish.names.begin(), wish.names.end(),
                     [&](const std::string& name) { return has_kind(record, name); });
}

Result<std::vector<LocalOp>> by_kind(const LocalOp& wish, const Record& record, bool is_current,
                                     const HashOf& hash_of) {
  std::vector<LocalOp> out(1);
  LocalOp rest = wish;
  rest.fields.clear();
  rest.names.clear();
  Differences differences(wish, out);
  const auto take = [&](std::string_view name, std::optional<ByteView> wanted) -> Result<bool> {
    const auto shown = shown_kind(record, name, hash_of);
    if (!shown) return false;
    if (wanted && equal(*wanted, shown->value)) return true;
    LANYARD_TRY(differences.add(name, *shown, wanted));
    if (is_current) return true;
    return fail(Code::kConflict,
                "\"" + std::string(name) + "\" has counted on since that version was read",
                "Read the record again, or send an op with the difference: add, set-add, "
                "set-remove.");
  };
  for (const auto& [name, value] : wish.fields) {
    LANYARD_TRY_SET(const bool is_taken, take(name, value));
    if (!is_taken) rest.fields.emplace_back(name, value);
  }
  for (const std::string& name : wish.names) {
    LANYARD_TRY_SET(const bool is_taken, take(name, std::nullopt));
    if (!is_taken) rest.names.push_back(name);
  }
  // An unset of nothing would be an edit; a patch of nothing is what stands for one.
  if (rest.kind == OpKind::kUnset && rest.names.empty()) rest.kind = OpKind::kPatch;
  out.front() = std::move(rest);
  return out;
}

}  // namespace lanyard::merge
