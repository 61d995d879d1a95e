#include "tests/support/memory_peak.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LANYARD_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LANYARD_SANITIZED
#endif

namespace {

// Signed: a shared library may take what we give back.
std::ptrdiff_t taken = 0;
std::ptrdiff_t peak = 0;

void count(std::ptrdiff_t more) {
  taken += more;
  peak = std::max(peak, taken);
}

}  // namespace

#ifdef LANYARD_SANITIZED

// A sanitizer brings its own allocator, and tells of its use. gcc does not ship the header that
// declares this.
extern "C" {
std::size_t __sanitizer_get_allocated_size(const volatile void* memory);
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*, std::size_t),
                                              void (*on_free)(const volatile void*));
}

namespace {

void on_malloc(const volatile void* /*memory*/, std::size_t size) {
  count(static_cast<std::ptrdiff_t>(size));
}
void on_free(const volatile void* memory) {
  if (memory != nullptr)
    count(-static_cast<std::ptrdiff_t>(__sanitizer_get_allocated_size(memory)));
}
bool start() { return __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) != 0; }

}  // namespace

#else

#include <malloc.h>

// The linker sends every malloc, realloc and free of the program's own objects here (--wrap), those
// of header-only libraries too.
extern "C" {
void* __real_malloc(std::size_t size);
void* __real_realloc(void* memory, std::size_t size);
void __real_free(void* memory);
}

namespace {

std::ptrdiff_t size_of(void* memory) {
  return memory == nullptr ? 0 : static_cast<std::ptrdiff_t>(malloc_usable_size(memory));
}

void* counted(void* memory) {
  count(size_of(memory));
  return memory;
}

void* take(std::size_t size) {
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

bool start() { return true; }

}  // namespace

extern "C" {
void* __wrap_malloc(std::size_t size) { return counted(__real_malloc(size)); }
void* __wrap_realloc(void* memory, std::size_t size) {
  count(-size_of(memory));
  return counted(__real_realloc(memory, size));
}
void __wrap_free(void* memory) {
  count(-size_of(memory));
  __real_free(memory);
}
}

void* operator new(std::size_t size) { return take(size); }
void* operator new[](std::size_t size) { return take(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

#endif

namespace lanyard::support {

MemoryPeak::MemoryPeak() {
  static const bool started = start();
  if (!started) std::abort();  // a bound that is not measured would always hold
  before_ = peak = taken;
}

std::size_t MemoryPeak::bytes() const { return static_cast<std::size_t>(peak - before_); }

}  // namespace lanyard::support
