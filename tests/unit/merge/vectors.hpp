#pragma once

#include <nlohmann/json.hpp>

#include "replication/merge/version.hpp"
#include "tests/support/merge_world.hpp"

/// The test vectors of tests/vectors/merge (its README says what they mean), and the state of a
/// record in their terms.
namespace lanyard::testing {

/// All vectors of one file of tests/vectors/merge.
[[nodiscard]] nlohmann::json vectors_in(const std::string& file);

/// Canonical msgpack; also of natural numbers up to 2^64 - 1, which JSON text here does not take.
[[nodiscard]] Bytes canonical_of(const nlohmann::json& value);

/// A dot with its log's letter, so that stores may number logs differently.
using LetterDot = std::pair<std::string, std::uint64_t>;
using LetterDots = std::set<LetterDot>;

/// What people see of a record: lists of dots and trash entries as sets, values as bytes.
struct RecordView {
  struct InInbox {
    std::string kind;
    Bytes value;
    LetterDots dots;
    friend bool operator==(const InInbox&, const InInbox&) = default;
  };
  struct InTrash {
    std::string kind;
    Bytes value;     ///< or the sum
    LetterDots dot;  ///< none for a counter
    LetterDots deleted_by;
    friend auto operator<=>(const InTrash&, const InTrash&) = default;
  };
  Bytes shown;  ///< nil if there is no such record
  std::map<std::string, std::string> kinds;
  std::map<std::string, std::vector<InInbox>> inbox;
  std::map<std::string, std::multiset<InTrash>> trash;
  std::map<LetterDot, LetterDots> heads;
  friend bool operator==(const RecordView&, const RecordView&) = default;
};
using Views = std::map<RecordName, RecordView>;

/// One store's reading of a vector: its own numbers for the logs, in the order in which it meets
/// them.
class VectorReader {
 public:
  [[nodiscard]] ChangePtr change(const nlohmann::json& change, bool effective);
  [[nodiscard]] MergeOp op(const nlohmann::json& op);
  [[nodiscard]] merge::LocalDot dot(const nlohmann::json& dot);
  [[nodiscard]] merge::DotSet dots(const nlohmann::json& dots);
  [[nodiscard]] merge::Version version(const nlohmann::json& version);
  [[nodiscard]] Views views(const MergeStore& store) const;

 private:
  [[nodiscard]] LetterDot letter(const merge::LocalDot& dot) const;
  [[nodiscard]] LetterDots letters(const merge::DotSet& dots) const;
  void view_field(const merge::Field& field, const merge::HashOf& hash_of, RecordView& out) const;
  LogNumbers logs_;
};

/// `expect.records` of a vector.
[[nodiscard]] Views expected_views(const nlohmann::json& records);

}  // namespace lanyard::testing
