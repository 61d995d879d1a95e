#include "replication/merge/carry_over.hpp"

#include <algorithm>
#include <map>

#include "replication/merge/show.hpp"
#include "replication/types/canonical.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::merge {
namespace {

using oplog::OpKind;

/// What a reader of nothing has seen (version_text.hpp).
constexpr const char* kNothingRead = "0";
/// Ops of one change: large sets and records of many fields are spread over several.
constexpr std::size_t kOpsMax = 500;
/// Values of one change, unless one value alone has more: below what a change may name.
constexpr std::size_t kBytesMax = limits::kChunkedChangeBytesMax / 2;

/// The values that a field shows or could show, greatest first.
std::vector<Bytes> values_of(const Field* field, const HashOf& hash_of) {
  std::vector<Bytes> out;
  if (field == nullptr) return out;
  // Of the other space only the set of values counts: any order of them does.
  const HashOf any = hash_of ? hash_of : [](const LocalDot&) { return Hash{}; };
  for (Choice& choice : choices(*field, any))
    if (choice.kind == SlotKind::kValue) out.push_back(std::move(choice.value));
  return out;
}

using Members = std::map<std::string_view, ByteView>;

std::optional<Members> members_of(ByteView value) {
  CanonicalReader in(value);
  if (in.peek() != CanonicalReader::Kind::kMap) return std::nullopt;
  Members out;
  for (std::size_t left = in.map(); left > 0; --left) {
    const std::string_view name = in.text();
    out.emplace(name, in.value());
  }
  return out;
}

/// Both objects as one; nothing if they are not both objects, or contradict each other.
std::optional<Bytes> united(ByteView left, ByteView right) {
  auto all = members_of(left);
  const auto more = members_of(right);
  if (!all || !more) return std::nullopt;
  for (const auto& [name, value] : *more) {
    const auto [place, is_new] = all->try_emplace(name, value);
    if (!is_new && !equal(place->second, value)) return std::nullopt;
  }
  Bytes out;
  CanonicalWriter writer(out);
  writer.map(all->size());
  for (const auto& [name, value] : *all) {
    writer.text(name);
    writer.raw(value);
  }
  return out;
}

class Carrier {
 public:
  Carrier(const NamedRecord& from, const Record& into, std::string into_version)
      : from_(from), into_(into), into_version_(std::move(into_version)) {}

  void take(const Field& field, const HashOf& hash_of) {
    take_values(field, hash_of);
    if (!field.counter.empty() && field.counter.front().hidden_by.empty()) {
      LocalOp& op = add(OpKind::kAdd, kNothingRead);
      op.field = field.name;
      op.amount = field.counter.front().sum;
    }
    for (std::size_t each = 0; each < field.elements.size(); ++each) {
      const SetElement& element = field.elements[each];
      const bool is_again = each > 0 && field.elements[each - 1].value == element.value;
      if (!element.hidden_by.empty() || is_again || has(field.name, element.value)) continue;
      LocalOp& op = add(OpKind::kSetAdd, kNothingRead);
      op.field = field.name;
      op.element = element.value;
    }
  }

  /// Losers first: the last one written is the one that is shown, as before.
  std::vector<LocalChange> changes() && {
    std::vector<LocalChange> out;
    for (auto loser = losers_.rbegin(); loser != losers_.rend(); ++loser) {
      LocalOp op = named(OpKind::kPatch, kNothingRead);
      op.fields.emplace_back(loser->first, loser->second);
      out.push_back({{std::move(op)}, false});
    }
    const bool is_bare =
        out.empty() && united_.empty() && rest_.empty() && !into_.is_shown() && winners_.empty();
    std::vector<LocalOp> all;
    patch(winners_, kNothingRead, all);
    patch(united_, into_version_, all);
    if (is_bare) all.push_back(named(OpKind::kPatch, kNothingRead));
    std::move(rest_.begin(), rest_.end(), std::back_inserter(all));
    std::size_t bytes = 0;
    LocalChange change{{}, false};
    for (LocalOp& op : all) {
      const std::size_t size = bytes_of(op.fields);
      const bool is_full = change.ops.size() == kOpsMax || bytes + size > kBytesMax;
      if (is_full && !change.ops.empty()) {
        out.push_back(std::exchange(change, LocalChange{{}, false}));
        bytes = 0;
      }
      bytes += size;
      change.ops.push_back(std::move(op));
    }
    if (!change.ops.empty()) out.push_back(std::move(change));
    return out;
  }

 private:
  static std::size_t bytes_of(const NamedValues& fields) {
    std::size_t out = 0;
    for (const auto& [name, value] : fields) out += value.size();
    return out;
  }

  /// Patches of these fields, as few as there may be.
  void patch(const NamedValues& fields, const std::string& based_on,
             std::vector<LocalOp>& out) const {
    std::size_t bytes = 0;
    bool is_first = true;
    for (const auto& [name, value] : fields) {
      if (std::exchange(is_first, false) || bytes + value.size() > kBytesMax) {
        out.push_back(named(OpKind::kPatch, based_on));
        bytes = 0;
      }
      bytes += value.size();
      out.back().fields.emplace_back(name, value);
    }
  }

  void take_values(const Field& field, const HashOf& hash_of) {
    std::vector<Bytes> ours = values_of(&field, hash_of);
    const std::vector<Bytes> theirs = values_of(into_.find(field.name), {});
    const bool both_single = ours.size() == 1 && theirs.size() == 1;
    if (auto whole = both_single ? united(theirs.front(), ours.front()) : std::nullopt) {
      if (*whole != theirs.front()) united_.emplace_back(field.name, *whole);
      return;
    }
    std::erase_if(ours, [&](const Bytes& value) {
      return std::find(theirs.begin(), theirs.end(), value) != theirs.end();
    });
    if (!ours.empty()) winners_.emplace_back(field.name, ours.front());
    for (std::size_t each = 1; each < ours.size(); ++each)
      losers_.emplace_back(field.name, std::move(ours[each]));
  }

  /// Whether the other space's set shows the element.
  [[nodiscard]] bool has(const std::string& name, ByteView element) const {
    const Field* field = into_.find(name);
    if (field == nullptr) return false;
    const auto [first, last] = field->adds_of(element);
    for (std::size_t each = first; each < last; ++each)
      if (field->elements[each].hidden_by.empty()) return true;
    return false;
  }

  [[nodiscard]] LocalOp named(OpKind kind, const std::string& based_on) const {
    LocalOp op;
    op.kind = kind;
    op.collection = from_.collection;
    op.key = from_.key;
    op.based_on = based_on;
    return op;
  }
  LocalOp& add(OpKind kind, const std::string& based_on) {
    return rest_.emplace_back(named(kind, based_on));
  }

  const NamedRecord& from_;
  const Record& into_;
  std::string into_version_;
  NamedValues winners_;
  std::vector<std::pair<std::string, Bytes>> losers_;
  NamedValues united_;
  std::vector<LocalOp> rest_;
};

}  // namespace

std::vector<LocalChange> carry_over(const NamedRecord& from, const HashOf& hash_of,
                                    const Record& into, const std::string& into_version) {
  if (!from.record.is_shown()) return {};
  Carrier carrier(from, into, into_version);
  for (const Field& field : from.record.fields) carrier.take(field, hash_of);
  return std::move(carrier).changes();
}

}  // namespace lanyard::merge
