#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "replication/types/bytes.hpp"
#include "replication/types/result.hpp"

/// What the agent and its lookup process say to each other: values in canonical msgpack, each one
/// message of a socket pair that keeps them apart. Both ends are of one build, so nothing here has
/// a version. What the agent is told are names that other programs chose: it believes none of their
/// lengths. A message may bring descriptors too (SCM_RIGHTS): none does yet. Pure.
namespace lanyard::agent {

/// PATH_MAX of linux/limits.h, which is what a link of /proc has at most.
inline constexpr std::size_t kProgramBytesMax = 4096;
inline constexpr std::size_t kLookupBytesMax = kProgramBytesMax + 32;

/// To the process: who has the socket of this inode?
struct LookupQuestion {
  std::uint64_t number = 0;  ///< that its answer brings again
  std::uint64_t socket = 0;
  friend bool operator==(const LookupQuestion&, const LookupQuestion&) = default;
};

/// To the agent.
struct LookupAnswer {
  std::uint64_t number = 0;
  pid_t process = 0;         ///< 0: none that may be looked into
  std::string program = {};  ///< the file that it runs; empty: cannot be told
  friend bool operator==(const LookupAnswer&, const LookupAnswer&) = default;
};

[[nodiscard]] Bytes encode(const LookupQuestion& question);
/// A program's name is cut where it is too long.
[[nodiscard]] Bytes encode(const LookupAnswer& answer);
/// kMalformed for anything that the other side would not send.
[[nodiscard]] Result<LookupQuestion> decode_lookup_question(ByteView bytes);
[[nodiscard]] Result<LookupAnswer> decode_lookup_answer(ByteView bytes);

}  // namespace lanyard::agent
