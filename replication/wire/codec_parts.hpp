#pragma once

#include "replication/wire/codec.hpp"

/// What the files of the codec share. For codec*.cpp only.
namespace lanyard::wire {

/// First element of a message. Part of the wire version: never given another meaning.
enum class MessageType : std::uint8_t {
  kHello = 1,
  kDigestRoot = 2,
  kDigestBuckets = 3,
  kDigestSpaces = 4,
  kPull = 5,
  kGrant = 6,
  kPackPart = 7,
  kInStep = 8,
  kLiveRun = 9,
  kHave = 10,
  kCredit = 11,
  kAcknowledge = 12,
  kPing = 13,
  kBye = 14,
  kAddresses = 15,
  kForkPoints = 16,
  kFork = 17,
  kPresence = 18,
  kForgotten = 19,
  kSharedAgain = 20,
  kNames = 21,
  kClockPart = 22
};
inline constexpr std::uint64_t kMessageTypeMax = 22;
static_assert(std::variant_size_v<Message> == kMessageTypeMax);

inline constexpr std::size_t kDigestBuckets = 256;

/// Elements of the array that a message of a known type is, its type included.
[[nodiscard]] constexpr std::size_t elements_of(MessageType type) {
  switch (type) {
    case MessageType::kDigestRoot:
    case MessageType::kDigestBuckets:
    case MessageType::kBye:
    case MessageType::kForgotten:
    case MessageType::kSharedAgain:
    case MessageType::kNames:
    case MessageType::kAddresses: return 2;
    case MessageType::kDigestSpaces:
    case MessageType::kInStep:
    case MessageType::kClockPart:
    case MessageType::kCredit:
    case MessageType::kAcknowledge:
    case MessageType::kPing: return 3;
    case MessageType::kPull:
    case MessageType::kForkPoints:
    case MessageType::kPresence:
    case MessageType::kPackPart: return 4;
    case MessageType::kHello:
    case MessageType::kHave: return 5;
    case MessageType::kFork:
    case MessageType::kLiveRun: return 6;
    case MessageType::kGrant: return 7;
  }
  return 0;
}

/// The names of a link while one message is written or read. What the message writes out in full
/// counts at once within it, and for the link only when the whole message was good.
class Naming {
 public:
  explicit Naming(const LinkNames& known) : known_(known) {}

  [[nodiscard]] std::optional<std::uint64_t> find(ByteView id) const;
  [[nodiscard]] std::optional<ByteView> at(std::uint64_t number) const;
  void meet(ByteView id);
  /// `names`: those that this was made of.
  void commit(LinkNames& names) const;

 private:
  const LinkNames& known_;
  LinkNames fresh_;  ///< numbered from where `known_` ends
};

/// Where the bytes of a message go: into memory, or against bytes that they must be equal to. The
/// latter is how decode() knows that encode() would have written what it was given.
class Sink {
 public:
  explicit Sink(Bytes& out) : out_(&out) {}
  explicit Sink(ByteView expected) : expected_(expected) {}

  void write(const char* data, std::size_t size);
  /// Everything expected was written, and nothing else.
  [[nodiscard]] bool is_equal() const { return is_equal_ && expected_.empty(); }

 private:
  Bytes* out_ = nullptr;
  ByteView expected_;
  bool is_equal_ = true;
};

void write(const Message& message, Naming& naming, Sink& sink);

/// Reads a message of a known type without asking whether it is in its one encoding.
[[nodiscard]] Result<Message> read(MessageType type, ByteView bytes, Naming& naming);

}  // namespace lanyard::wire
