#pragma once

#include <string_view>

namespace lanyard::agent {

/// agent/api/openapi.json as it was compiled in: OpenAPI 3.1, which describes every route.
[[nodiscard]] std::string_view openapi_document();

}  // namespace lanyard::agent
