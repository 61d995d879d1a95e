# LANYARD_HARDENING and LANYARD_HARDENING_LINK: what a release is compiled and linked with (ADR 0036).
include(CheckCXXCompilerFlag)
set(LANYARD_HARDENING -fPIE -fstack-protector-strong -D_GLIBCXX_ASSERTIONS)
foreach(flag -fstack-clash-protection -fcf-protection)
  string(MAKE_C_IDENTIFIER "LANYARD_HAS${flag}" has)
  check_cxx_compiler_flag("-Werror ${flag}" ${has})
  if(${has})
    list(APPEND LANYARD_HARDENING ${flag})
  endif()
endforeach()
# gcc 12 and clang 9 know the size of what was allocated while the program runs.
if((CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12) OR
   (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 9))
  list(APPEND LANYARD_HARDENING -D_FORTIFY_SOURCE=3)
else()
  list(APPEND LANYARD_HARDENING -D_FORTIFY_SOURCE=2)
endif()
set(LANYARD_HARDENING_LINK -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack)
