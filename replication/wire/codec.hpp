#pragma once

#include <map>
#include <optional>

#include "replication/types/result.hpp"
#include "replication/wire/message.hpp"

namespace lanyard::wire {

/// Ids of spaces, logs and epochs that both ends of one link have met, as small numbers: a live
/// change then costs few bytes. Each direction of a link has one at either end; they stay equal
/// because a link delivers in order. An id beyond its bound is written out in full each time.
class LinkNames {
 public:
  static constexpr std::size_t kMax = 4096;
  /// The number of an id met before.
  [[nodiscard]] std::optional<std::uint64_t> find(ByteView id) const;
  /// Takes an id that was written out in full. Nothing happens if it is known, or at the bound.
  void learn(ByteView id);
  /// The id of a number. The view lives as long as these names.
  [[nodiscard]] std::optional<ByteView> at(std::uint64_t number) const;
  /// Numbers given so far: the next one to be given.
  [[nodiscard]] std::size_t size() const { return ids_.size(); }

 private:
  struct Less {
    using is_transparent = void;
    bool operator()(ByteView left, ByteView right) const { return compare(left, right) < 0; }
  };
  std::map<Bytes, std::uint64_t, Less> numbers_;
  std::vector<Bytes> ids_;
};

/// A message as msgpack: [type, ...], at most limits::kMessageBytesMax bytes. The message keeps the
/// bounds that stand in message.hpp: what breaks one is our own mistake.
[[nodiscard]] Bytes encode(const Message& message, LinkNames& names);

/// The reverse. An unknown type of a newer version is kNewerVersion (skip it, keep the link);
/// anything else that encode() could not have written is kMalformed or kTooLarge, and leaves
/// `names` as they were. Takes no memory by declared counts.
[[nodiscard]] Result<Message> decode(ByteView bytes, LinkNames& names);

}  // namespace lanyard::wire
