# Compiles storage/schema/*.sql into the library: an agent is one binary, whatever folder it lies in.
# Included by the CMakeLists.txt of the root, where lanyard_storage is made.
# lanyard_embed_schema(pattern function): the .sql files that match become `function` of
# storage/migrations.hpp. The first number in a file's name is its version.
function(lanyard_embed_schema pattern function)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/storage/schema/${pattern})
  list(SORT files)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files})
  set(rows "")
  foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME)
    string(REGEX MATCH "[0-9][0-9][0-9][0-9]" number ${name})
    math(EXPR number "1${number} - 10000")
    file(READ ${file} sql)
    string(APPEND rows "    {${number}, R\"sql(${sql})sql\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/${function}.cpp CONTENT
"#include \"storage/migrations.hpp\"

namespace lanyard::storage {

std::span<const Migration> @function@() {
  static constexpr Migration kMigrations[] = {
@rows@  };
  return kMigrations;
}

}  // namespace lanyard::storage
" @ONLY)
  target_sources(lanyard_storage PRIVATE ${CMAKE_BINARY_DIR}/generated/${function}.cpp)
endfunction()

lanyard_embed_schema("[0-9]*.sql" migrations)
lanyard_embed_schema("platform_*.sql" platform_migrations)
lanyard_embed_schema("compat_*.sql" compat_migrations)
