#pragma once

#include <string_view>
#include <vector>

#include "replication/merge/record.hpp"

namespace lanyard::merge {

/// Makes those of these fields that are missing, all in one pass: one by one, each moves all that
/// stand behind it. They are empty until something is put into them. `names`: sorted and distinct.
void make_fields(Record& record, const std::vector<std::string_view>& names);

}  // namespace lanyard::merge
