#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "replication/types/bytes.hpp"
#include "replication/types/result.hpp"

/// What the agent and its lookup process say to each other: values in canonical msgpack, each one
/// message of a socket pair that keeps them apart. Both ends are of one build, so nothing here has
/// a version. What the agent is told are names that other programs chose: it believes none of their
/// lengths. A message may bring descriptors too (SCM_RIGHTS): none does yet. Pure.
namespace lanyard::agent {

/// PATH_MAX of linux/limits.h, which is what a link of /proc has at most.
inline constexpr std::size_t kProgramBytesMax = 4096;
/// One question asks for so many: all of them are found in one walk.
inline constexpr std::size_t kLookupSocketsMax = 32;
/// Two names, or the sockets of a question, and some numbers.
inline constexpr std::size_t kLookupBytesMax = 2 * kProgramBytesMax + 64;

/// To the process: who has the sockets of these inodes?
struct LookupQuestion {
  std::uint64_t number = 0;  ///< that each answer brings again
  std::vector<std::uint64_t> sockets = {};
  friend bool operator==(const LookupQuestion&, const LookupQuestion&) = default;
};

/// To the agent, for each of them.
struct LookupAnswer {
  std::uint64_t number = 0;
  std::uint64_t socket = 0;
  pid_t process = 0;         ///< 0: none that may be looked into; of several, the lowest
  std::string program = {};  ///< the file that it runs; empty: cannot be told
  /// How many other programs have it too, in processes that run another file: 2 stands for more.
  std::uint64_t others = 0;
  std::string other = {};  ///< the file of one of those
  pid_t crowded = 0;       ///< one of which only some descriptors were looked at; 0: none
  friend bool operator==(const LookupAnswer&, const LookupAnswer&) = default;
};

[[nodiscard]] Bytes encode(const LookupQuestion& question);
/// A program's name is cut where it is too long.
[[nodiscard]] Bytes encode(const LookupAnswer& answer);
/// kMalformed for anything that the other side would not send.
[[nodiscard]] Result<LookupQuestion> decode_lookup_question(ByteView bytes);
[[nodiscard]] Result<LookupAnswer> decode_lookup_answer(ByteView bytes);

}  // namespace lanyard::agent
