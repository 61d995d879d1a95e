#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "replication/merge/local_dot.hpp"
#include "replication/types/bytes.hpp"
#include "replication/types/hlc.hpp"

/// What a store keeps of one record, and nothing more, so that the rules of docs/MERGING.md can be
/// followed (vectors: tests/vectors/merge). Old contexts are not kept; a new change brings the only
/// one that is needed.
namespace lanyard::merge {

/// An edit that no other edit of the record has seen.
struct RecordHead {
  LocalDot dot;
  DotSet hidden_by;
  friend bool operator==(const RecordHead&, const RecordHead&) = default;
};

/// One of several concurrent values of a field.
struct Sibling {
  LocalDot dot;
  Hlc timestamp;
  DotSet hidden_by;
  Bytes value;  ///< canonical msgpack
  friend bool operator==(const Sibling&, const Sibling&) = default;
};

/// The adds of a counter that the same deletes hide, as one sum modulo 2^64.
struct CounterPart {
  DotSet hidden_by;
  std::int64_t sum = 0;
  friend bool operator==(const CounterPart&, const CounterPart&) = default;
};

/// One add of a set element.
struct SetElement {
  Bytes value;  ///< canonical msgpack; elements are equal if these bytes are
  LocalDot dot;
  DotSet hidden_by;
  friend bool operator==(const SetElement&, const SetElement&) = default;
};

/// The three slots of a field. A field without anything in any of them does not exist.
struct Field {
  std::string name;
  std::vector<Sibling> values;       ///< sorted by dot
  std::vector<CounterPart> counter;  ///< sorted by hidden_by; each hidden_by once
  std::vector<SetElement> elements;  ///< sorted by (value, dot)
  [[nodiscard]] bool is_empty() const {
    return values.empty() && counter.empty() && elements.empty();
  }
  /// Where the adds of one element stand: [first, second) of `elements`; where they belong, if it
  /// has none.
  [[nodiscard]] std::pair<std::size_t, std::size_t> adds_of(ByteView element) const;
  friend bool operator==(const Field&, const Field&) = default;
};

struct Record {
  std::vector<RecordHead> heads;  ///< sorted by dot
  std::vector<Field> fields;      ///< sorted by name; none empty
  /// Known to have nothing that a delete hides, which spares a look at many thousand set elements
  /// for every op. False says nothing.
  bool all_visible = false;

  /// Whether it was never edited: there is nothing to store.
  [[nodiscard]] bool is_empty() const { return heads.empty(); }
  /// Whether there is a record to show: some head is not hidden, even without any field.
  [[nodiscard]] bool is_shown() const;
  /// Every delete that hides something of it.
  [[nodiscard]] DotSet deletes() const;
  /// Nothing if the field does not exist.
  [[nodiscard]] const Field* find(std::string_view name) const;
  [[nodiscard]] Field* find(std::string_view name);
  /// Made if missing, and then empty until something is put into it.
  [[nodiscard]] Field& field(std::string_view name);
  friend bool operator==(const Record& left, const Record& right) {
    return left.heads == right.heads && left.fields == right.fields;
  }
};

/// The change hash of a dot, asked for only where two concurrent siblings have equal timestamps.
using HashOf = std::function<Hash(const LocalDot&)>;

}  // namespace lanyard::merge
