#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/condition.hpp"
#include "storage/sql_value.hpp"

/// Which values of an expression SQLite has to look at for a condition: never fewer than meet it,
/// and mostly no others, so that an index finds them.
namespace lanyard::storage {

/// A piece of SQL and the values of its parameters, in their order.
struct SqlText {
  std::string text;
  std::vector<SqlValue> values;

  SqlText& add(std::string_view sql) {
    text += sql;
    return *this;
  }
  SqlText& add(std::string_view sql, SqlValue value) {
    values.push_back(std::move(value));
    return add(sql);
  }
};

/// Values in SQLite's order: from a bound to a bound, or one of a list.
class SqlRange {
 public:
  struct Bound {
    SqlValue value;
    bool is_open = false;  ///< the value itself is not in it
  };
  /// All values.
  SqlRange() = default;
  [[nodiscard]] static SqlRange of(const Condition& condition);
  [[nodiscard]] static SqlRange texts();
  /// Behind null, before all others.
  [[nodiscard]] static SqlValue first_number();
  [[nodiscard]] static SqlRange beginning_with(const std::string& prefix);

  void from(Bound low);
  void to(Bound high);
  void only(std::vector<SqlValue> values);
  void both(const SqlRange& other);

  [[nodiscard]] bool is_empty() const;
  [[nodiscard]] bool is_one_value() const;
  [[nodiscard]] const std::optional<Bound>& low() const { return low_; }
  [[nodiscard]] const std::optional<Bound>& high() const { return high_; }
  /// Those of the list that are between the bounds; nothing where there is no list.
  [[nodiscard]] std::optional<std::vector<SqlValue>> list() const;

  /// " AND ..." for each constraint on the expression; nothing for all values. Exact but for a list
  /// of null and others, of which it is the bounds alone.
  void add_to(SqlText& sql, const std::string& expression) const;

 private:
  [[nodiscard]] bool holds(const SqlValue& value) const;
  std::optional<Bound> low_;
  std::optional<Bound> high_;
  std::optional<std::vector<SqlValue>> list_;  ///< sorted
};

/// The least text that is behind all that begin so; nothing for "", behind which there is none.
[[nodiscard]] std::optional<std::string> behind_all(std::string prefix);

}  // namespace lanyard::storage
