# Compiles files of agent/api into the agent: the description, and the page. Included by the CMakeLists.txt of the root,
# where lanyard_agent is made.

# `function` of lanyard::agent, declared in `header`, answers what `file` holds.
function(lanyard_embed file header function)
  set(from ${CMAKE_SOURCE_DIR}/agent/api/${file})
  set(to ${CMAKE_BINARY_DIR}/generated/${function}.cpp)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${from})
  file(READ ${from} embedded)
  file(CONFIGURE OUTPUT ${to} CONTENT
"#include \"agent/api/@header@\"

namespace lanyard::agent {

std::string_view @function@() {
  return R\"embedded(@embedded@)embedded\";
}

}  // namespace lanyard::agent
" @ONLY)
  target_sources(lanyard_agent PRIVATE ${to})
endfunction()

lanyard_embed(openapi.json openapi.hpp openapi_document)
lanyard_embed(page/status.html page.hpp status_html)
lanyard_embed(page/status.js page.hpp status_js)
lanyard_embed(page/status.css page.hpp status_css)
lanyard_embed(page/icon.svg page.hpp icon_svg)
