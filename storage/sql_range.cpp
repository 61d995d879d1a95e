#include "storage/sql_range.hpp"

#include <algorithm>
#include <limits>

#include "replication/types/canonical.hpp"

namespace lanyard::storage {
namespace {

using Kind = CanonicalReader::Kind;

bool sql_before(const SqlValue& left, const SqlValue& right) {
  return compare_sql(left, right) < 0;
}

/// Behind all texts, before all UUIDs.
SqlValue first_bytes() { return Bytes{}; }
SqlValue first_text() { return std::string(); }

/// Numbers, or texts.
void keep_kind_of(const SqlValue& value, SqlRange& range) {
  const bool is_text = std::holds_alternative<std::string>(value);
  range.from({is_text ? first_text() : SqlRange::first_number()});
  range.to({is_text ? first_bytes() : first_text(), true});
}

/// Equal to an array or object: some JSON that begins so. It may spell its numbers otherwise.
SqlRange containers(char first) { return SqlRange::beginning_with(std::string(1, first)); }

SqlRange equals(ByteView value) {
  const Kind kind = CanonicalReader(value).peek();
  if (kind == Kind::kArray) return containers('[');
  if (kind == Kind::kMap) return containers('{');
  SqlRange out;
  out.only({sql_value_of(value)});
  return out;
}

SqlRange one_of(const std::vector<Bytes>& values) {
  SqlRange out;
  std::vector<SqlValue> list;
  for (const Bytes& each : values) {
    const Kind kind = CanonicalReader(each).peek();
    if (kind == Kind::kArray || kind == Kind::kMap) return out;
    list.push_back(sql_value_of(each));
  }
  out.only(std::move(list));
  return out;
}

}  // namespace

std::optional<std::string> behind_all(std::string prefix) {
  if (prefix.empty()) return std::nullopt;
  // No text has the byte 0xFF. That what comes out may be no text does not matter to an order by
  // bytes.
  ++prefix.back();
  return prefix;
}

SqlValue SqlRange::first_number() { return -std::numeric_limits<double>::infinity(); }

SqlRange SqlRange::texts() {
  SqlRange out;
  out.from({first_text()});
  out.to({first_bytes(), true});
  return out;
}

SqlRange SqlRange::beginning_with(const std::string& prefix) {
  SqlRange out = texts();
  out.from({prefix});
  if (auto behind = behind_all(prefix)) out.to({std::move(*behind), true});
  return out;
}

SqlRange SqlRange::of(const Condition& condition) {
  SqlRange out;
  const ByteView first = condition.values.empty() ? ByteView() : condition.values.front();
  switch (condition.comparison) {
    case Comparison::kEqual: return equals(first);
    case Comparison::kNotEqual: return out;
    case Comparison::kIn: return one_of(condition.values);
    case Comparison::kPrefix: return beginning_with(std::string(CanonicalReader(first).text()));
    default: break;
  }
  SqlValue value = sql_value_of(first);
  keep_kind_of(value, out);
  const bool is_open =
      condition.comparison == Comparison::kGreater || condition.comparison == Comparison::kLess;
  const bool is_low = condition.comparison == Comparison::kGreater ||
                      condition.comparison == Comparison::kGreaterOrEqual;
  is_low ? out.from({std::move(value), is_open}) : out.to({std::move(value), is_open});
  return out;
}

void SqlRange::from(Bound low) {
  if (low_) {
    const auto order = compare_sql(low.value, low_->value);
    if (order < 0 || (order == 0 && !low.is_open)) return;
  }
  low_ = std::move(low);
}

void SqlRange::to(Bound high) {
  if (high_) {
    const auto order = compare_sql(high.value, high_->value);
    if (order > 0 || (order == 0 && !high.is_open)) return;
  }
  high_ = std::move(high);
}

void SqlRange::only(std::vector<SqlValue> values) {
  std::sort(values.begin(), values.end(), sql_before);
  const auto same = [](const SqlValue& a, const SqlValue& b) { return compare_sql(a, b) == 0; };
  values.erase(std::unique(values.begin(), values.end(), same), values.end());
  if (list_)
    std::erase_if(values, [&](const SqlValue& each) {
      return !std::binary_search(list_->begin(), list_->end(), each, sql_before);
    });
  list_ = std::move(values);
}

void SqlRange::both(const SqlRange& other) {
  if (other.low_) from(*other.low_);
  if (other.high_) to(*other.high_);
  if (other.list_) only(*other.list_);
}

bool SqlRange::holds(const SqlValue& value) const {
  if (low_) {
    const auto order = compare_sql(value, low_->value);
    if (order < 0 || (order == 0 && low_->is_open)) return false;
  }
  if (!high_) return true;
  const auto order = compare_sql(value, high_->value);
  return order < 0 || (order == 0 && !high_->is_open);
}

bool SqlRange::is_empty() const {
  if (const auto values = list()) return values->empty();
  return low_ && high_ && !holds(low_->value) && compare_sql(low_->value, high_->value) >= 0;
}

std::optional<std::vector<SqlValue>> SqlRange::list() const {
  if (!list_) return std::nullopt;
  std::vector<SqlValue> out = *list_;
  std::erase_if(out, [&](const SqlValue& each) { return !holds(each); });
  return out;
}

bool SqlRange::is_one_value() const {
  const auto values = list();
  return values && values->size() == 1;
}

void SqlRange::add_to(SqlText& sql, const std::string& expression) const {
  const auto values = list();
  const auto is_null = [](const SqlValue& each) {
    return std::holds_alternative<std::monostate>(each);
  };
  const bool has_null = values && std::any_of(values->begin(), values->end(), is_null);
  if (has_null && values->size() == 1) {
    sql.add(" AND " + expression + " IS NULL");
  } else if (values && !has_null) {
    sql.add(" AND " + expression + (values->size() == 1 ? "=" : " IN ("));
    for (std::size_t i = 0; i < values->size(); ++i) sql.add(i > 0 ? ",?" : "?", (*values)[i]);
    if (values->size() != 1) sql.add(")");
  } else {
    // No list, or one with null and others: rare, and no index finds both.
    if (low_) sql.add(" AND " + expression + (low_->is_open ? ">?" : ">=?"), low_->value);
    if (high_) sql.add(" AND " + expression + (high_->is_open ? "<?" : "<=?"), high_->value);
  }
}

}  // namespace lanyard::storage
