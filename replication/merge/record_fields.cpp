#include "replication/merge/record_fields.hpp"

#include <algorithm>

namespace lanyard::merge {

void make_fields(Record& record, const std::vector<std::string_view>& names) {
  std::vector<Field> missing;
  for (const std::string_view name : names)
    if (record.find(name) == nullptr) missing.push_back({std::string(name), {}, {}, {}});
  if (missing.empty()) return;
  const auto before = static_cast<std::ptrdiff_t>(record.fields.size());
  std::move(missing.begin(), missing.end(), std::back_inserter(record.fields));
  std::inplace_merge(record.fields.begin(), record.fields.begin() + before, record.fields.end(),
                     [](const Field& left, const Field& right) { return left.name < right.name; });
}

}  // namespace lanyard::merge
