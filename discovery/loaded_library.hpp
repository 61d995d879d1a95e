#pragma once

#include <string>

#include "replication/types/result.hpp"

namespace lanyard::discovery {

/// A shared library that this process opens while it runs, for good: it is never closed. Its names
/// are its own: nothing that is linked or opened elsewhere binds to them. For libraries of which a
/// process may hold one or the other (docs/adr/0024-one-avahi-library-in-a-process.md).
class LoadedLibrary {
 public:
  /// `soname`: with the version of its binary interface ("libavahi-core.so.7"). kNotFound if it is
  /// not installed; the detail says it for people.
  [[nodiscard]] static Result<LoadedLibrary> open(const std::string& soname);

  /// Points `function` at the library's function of that name. One that is missing is remembered
  /// for finish().
  template <typename Function>
  void find(const char* name, Function*& function) {
    function = reinterpret_cast<Function*>(find_any(name));
  }
  /// kNotFound if a function was missing: a library of another version.
  [[nodiscard]] Status finish() const;

 private:
  LoadedLibrary(std::string soname, void* handle) : soname_(std::move(soname)), handle_(handle) {}
  void* find_any(const char* name);

  std::string soname_;
  void* handle_;
  std::string missing_;
};

}  // namespace lanyard::discovery
