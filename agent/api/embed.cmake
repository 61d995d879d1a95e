# Compiles agent/api/openapi.json into the agent, which answers it at /v1/openapi.json.
# Included by the CMakeLists.txt of the root, where lanyard_agent is made.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/agent/api/openapi.json)
file(READ ${CMAKE_SOURCE_DIR}/agent/api/openapi.json openapi_json)
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/openapi.cpp CONTENT
"#include \"agent/api/openapi.hpp\"

namespace lanyard::agent {

std::string_view openapi_document() {
  return R\"openapi(@openapi_json@)openapi\";
}

}  // namespace lanyard::agent
" @ONLY)
target_sources(lanyard_agent PRIVATE ${CMAKE_BINARY_DIR}/generated/openapi.cpp)
