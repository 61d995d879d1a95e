#include "discovery/loaded_library.hpp"

#include <dlfcn.h>

namespace lanyard::discovery {

Result<LoadedLibrary> LoadedLibrary::open(const std::string& soname) {
  void* handle = dlopen(soname.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return fail(Code::kNotFound, soname + " is not installed");
  return LoadedLibrary(soname, handle);
}

void* LoadedLibrary::find_any(const char* name) {
  void* found = dlsym(handle_, name);
  if (found == nullptr && missing_.empty()) missing_ = name;
  return found;
}

Status LoadedLibrary::finish() const {
  if (missing_.empty()) return {};
  return fail(Code::kNotFound, soname_ + " has no " + missing_);
}

}  // namespace lanyard::discovery
