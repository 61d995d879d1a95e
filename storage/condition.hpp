#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "replication/types/bytes.hpp"
#include "replication/types/result.hpp"

/// What records are asked for: the one meaning that conditions have, wherever they are asked. SQL
/// only narrows down which records are looked at (query_parts.hpp).
namespace lanyard::storage {

enum class Comparison {
  kEqual,
  kNotEqual,
  kGreater,
  kGreaterOrEqual,
  kLess,
  kLessOrEqual,
  kIn,
  kPrefix
};

/// A condition on one top-level field, or on `id`: the member of that name or, where it is absent
/// or null, the record's key. Equality is compare_values(): 1 equals 1.0, and neither equals "1" or
/// true. Order is among numbers and among texts, which compare by their bytes. A record without the
/// field meets only kNotEqual.
struct Condition {
  std::string field;
  Comparison comparison = Comparison::kEqual;
  std::vector<Bytes> values;  ///< canonical; one, for kIn any number
  friend bool operator==(const Condition&, const Condition&) = default;
};

/// Conditions that can be asked; all of them must hold. Copies share what they are made of.
class Where {
 public:
  static constexpr std::size_t kConditionsMax = 64;
  static constexpr std::size_t kValuesMax = 10'000;

  /// None: every record.
  Where() = default;
  /// kUsage for a value that the comparison does not take, kTooLarge for more conditions or values
  /// than are taken.
  [[nodiscard]] static Result<Where> of(std::vector<Condition> conditions);
  /// Conditions that this program itself asks, and that can be asked.
  Where(std::vector<Condition> own);  // NOLINT(google-explicit-constructor)
  Where(std::initializer_list<Condition> own) : Where(std::vector<Condition>(own)) {}

  /// `json`: of the record, as it is stored or as it is shown.
  [[nodiscard]] bool is_met_by(std::string_view json, std::string_view key) const;
  [[nodiscard]] bool empty() const { return !tests_; }
  /// Sorted, also within kIn: the same for the same question, however it is spelled.
  [[nodiscard]] const std::vector<Condition>& conditions() const;
  /// Whether one of them is on `id`.
  [[nodiscard]] bool asks_for_id() const;

 private:
  struct Tests;
  explicit Where(std::shared_ptr<const Tests> tests) : tests_(std::move(tests)) {}
  std::shared_ptr<const Tests> tests_;
};

/// A member name as it is spelled in JSON, without the quotes.
[[nodiscard]] std::string spelled(std::string_view name);

}  // namespace lanyard::storage
