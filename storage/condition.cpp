#include "storage/condition.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

#include "replication/types/canonical.hpp"
#include "replication/types/check.hpp"
#include "replication/types/json_text.hpp"
#include "replication/types/value_order.hpp"
#include "storage/json_scan.hpp"

namespace lanyard::storage {
namespace {

using Kind = CanonicalReader::Kind;

Kind kind_of(ByteView value) { return CanonicalReader(value).peek(); }

bool is_number(Kind kind) { return kind == Kind::kInteger || kind == Kind::kReal; }

/// Values of different kinds have no order, and neither have those that are no number or text.
bool have_order(ByteView left, ByteView right) {
  const Kind kind = kind_of(left);
  return kind == Kind::kText ? kind_of(right) == Kind::kText
                             : is_number(kind) && is_number(kind_of(right));
}

bool is_before(const Bytes& left, const Bytes& right) { return compare_values(left, right) < 0; }

/// Equal values in one order too, however a client put them.
bool is_spelled_before(const Bytes& left, const Bytes& right) {
  const auto order = compare_values(left, right);
  return order != 0 ? order < 0 : left < right;
}

bool begins_with(ByteView value, ByteView prefix) {
  return kind_of(value) == Kind::kText &&
         CanonicalReader(value).text().starts_with(CanonicalReader(prefix).text());
}

bool is_met(const Condition& condition, const Bytes& value) {
  const auto order = [&] { return compare_values(value, condition.values.front()); };
  const auto has_order = [&] { return have_order(value, condition.values.front()); };
  switch (condition.comparison) {
    case Comparison::kEqual: return order() == 0;
    case Comparison::kNotEqual: return order() != 0;
    case Comparison::kGreater: return has_order() && order() > 0;
    case Comparison::kGreaterOrEqual: return has_order() && order() >= 0;
    case Comparison::kLess: return has_order() && order() < 0;
    case Comparison::kLessOrEqual: return has_order() && order() <= 0;
    case Comparison::kIn:
      return std::binary_search(condition.values.begin(), condition.values.end(), value, is_before);
    case Comparison::kPrefix: return begins_with(value, condition.values.front());
  }
  return false;
}

Status check(const Condition& condition) {
  if (condition.comparison == Comparison::kIn) return {};
  if (condition.values.size() != 1)
    return fail(Code::kUsage, "a condition compares with one value");
  const Kind kind = kind_of(condition.values.front());
  switch (condition.comparison) {
    case Comparison::kPrefix:
      if (kind == Kind::kText) return {};
      return fail(Code::kUsage, "only a text can be the beginning of another");
    case Comparison::kGreater:
    case Comparison::kGreaterOrEqual:
    case Comparison::kLess:
    case Comparison::kLessOrEqual:
      if (kind == Kind::kText || is_number(kind)) return {};
      return fail(Code::kUsage, "only numbers and texts have an order");
    default: return {};
  }
}

Status check_size(const std::vector<Condition>& conditions) {
  if (conditions.size() > Where::kConditionsMax)
    return fail(Code::kTooLarge, "where has " + std::to_string(conditions.size()) +
                                     " conditions, and 64 are taken at most");
  std::size_t values = 0;
  for (const Condition& each : conditions) values += each.values.size();
  if (values > Where::kValuesMax)
    return fail(Code::kTooLarge,
                "where names " + std::to_string(values) + " values, and 10,000 are taken at most",
                "Ask in several parts.");
  return {};
}

Bytes text_value(std::string_view text) {
  Bytes out;
  CanonicalWriter(out).text(text);
  return out;
}

/// What the record has under the name; nothing if it has no such member.
std::optional<Bytes> member_of(std::string_view json, std::string_view name) {
  const auto found = find_member(json, name);
  if (!found) return std::nullopt;
  auto value = from_json(*found, limits::kTextDepthMax);
  if (!value) return std::nullopt;
  return std::move(*value);
}

}  // namespace

struct Where::Tests {
  /// The conditions on one field.
  struct OfField {
    std::string name;  ///< as it is spelled
    bool is_id = false;
    std::vector<const Condition*> conditions;  ///< in `all`
  };
  std::vector<Condition> all;
  std::vector<OfField> fields;
};

std::string spelled(std::string_view name) {
  std::string out;
  append_json_string(name, out);
  return out.substr(1, out.size() - 2);
}

Result<Where> Where::of(std::vector<Condition> conditions) {
  if (conditions.empty()) return Where();
  LANYARD_TRY(check_size(conditions));
  for (Condition& each : conditions) {
    LANYARD_TRY(check(each));
    std::sort(each.values.begin(), each.values.end(), is_spelled_before);
  }
  std::sort(conditions.begin(), conditions.end(), [](const Condition& a, const Condition& b) {
    return std::tie(a.field, a.comparison, a.values) < std::tie(b.field, b.comparison, b.values);
  });
  const auto tests = std::make_shared<Tests>();
  tests->all = std::move(conditions);
  for (const Condition& each : tests->all) {
    std::string name = spelled(each.field);
    if (tests->fields.empty() || tests->fields.back().name != name)
      tests->fields.push_back({std::move(name), each.field == "id", {}});
    tests->fields.back().conditions.push_back(&each);
  }
  return Where(std::shared_ptr<const Tests>(tests));
}

Where::Where(std::vector<Condition> own) {
  auto made = of(std::move(own));
  LANYARD_CHECK(made, "conditions of our own can be asked");
  *this = std::move(*made);
}

bool Where::is_met_by(std::string_view json, std::string_view key) const {
  if (!tests_) return true;
  for (const Tests::OfField& field : tests_->fields) {
    std::optional<Bytes> value = member_of(json, field.name);
    if (field.is_id && (!value || kind_of(*value) == Kind::kNil)) value = text_value(key);
    for (const Condition* const each : field.conditions)
      if (value ? !is_met(*each, *value) : each->comparison != Comparison::kNotEqual) return false;
  }
  return true;
}

const std::vector<Condition>& Where::conditions() const {
  static const std::vector<Condition> kNone;
  return tests_ ? tests_->all : kNone;
}

bool Where::asks_for_id() const {
  return std::any_of(conditions().begin(), conditions().end(),
                     [](const Condition& each) { return each.field == "id"; });
}

}  // namespace lanyard::storage
