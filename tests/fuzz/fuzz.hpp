#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "replication/types/bytes.hpp"
#include "tests/support/memory_peak.hpp"

/// What every fuzz target shares. A target is one file with
/// LLVMFuzzerTestOneInput; with LANYARD_FUZZ it becomes a libFuzzer program, else replay.cpp runs
/// its corpus.
namespace lanyard::fuzz {

/// A property that holds for every input. Aborts, so that the fuzzer keeps the input.
inline void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "fuzz: this input breaks: %s\n", what);
  std::abort();
}

/// No input may take more than 100 ms of this thread's own time, however busy the machine is, or
/// 16 MiB, for each 64 KiB of it that is begun.
class Bounds {
 public:
  explicit Bounds(std::size_t input_bytes) : times_(input_bytes / 65'536 + 1) {}
  ~Bounds() {
    const auto taken = time_spent() - from_;
    require(memory_.bytes() <= times_ * 16 * 1024 * 1024, "16 MiB for 64 KiB of input");
    require(taken <= times_ * std::chrono::milliseconds(100), "100 ms for 64 KiB of input");
  }
  Bounds(const Bounds&) = delete;
  Bounds& operator=(const Bounds&) = delete;

 private:
  static std::chrono::nanoseconds time_spent() {
    timespec spent{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
  }

  std::size_t times_;
  support::MemoryPeak memory_;
  std::chrono::nanoseconds from_ = time_spent();
};

}  // namespace lanyard::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
