#include "replication/wire/codec.hpp"

#include "replication/types/canonical.hpp"
#include "replication/types/limits.hpp"
#include "replication/wire/codec_parts.hpp"

namespace lanyard::wire {
namespace {

/// Bytes of a message beside its payloads, roughly: so that large ones are not moved as they grow.
constexpr std::size_t kUsualBytes = 256;

std::size_t payload_bytes(const Message& message) {
  if (const auto* part = std::get_if<PackPart>(&message)) return part->bytes.size();
  if (const auto* fork = std::get_if<Fork>(&message))
    return fork->first.size() + fork->second.size();
  const auto* run = std::get_if<LiveRun>(&message);
  std::size_t bytes = 0;
  if (run != nullptr) {
    for (const LiveRun::Item& item : run->items) bytes += item.payload.size();
  }
  return bytes;
}

/// The type of a message, before anything else of it is looked at: what a newer version says need
/// not be readable here.
Result<MessageType> type_of(ByteView bytes) {
  CanonicalReader in(bytes);
  const std::size_t elements = in.array();
  const std::uint64_t type = in.natural();
  if (in.failed() || type == 0) return fail(Code::kMalformed, "message");
  if (type > kMessageTypeMax) return fail(Code::kNewerVersion, "message");
  if (elements != elements_of(static_cast<MessageType>(type)))
    return fail(Code::kMalformed, "elements of a message");
  return static_cast<MessageType>(type);
}

}  // namespace

// ---- names

std::optional<std::uint64_t> LinkNames::find(ByteView id) const {
  const auto found = numbers_.find(id);
  if (found == numbers_.end()) return std::nullopt;
  return found->second;
}

void LinkNames::learn(ByteView id) {
  if (ids_.size() >= kMax || !numbers_.try_emplace(to_bytes(id), ids_.size()).second) return;
  ids_.push_back(to_bytes(id));
}

std::optional<ByteView> LinkNames::at(std::uint64_t number) const {
  if (number >= ids_.size()) return std::nullopt;
  return ids_[number];
}

std::optional<std::uint64_t> Naming::find(ByteView id) const {
  if (const auto number = known_.find(id)) return number;
  const auto fresh = fresh_.find(id);
  return fresh ? std::optional(known_.size() + *fresh) : std::nullopt;
}

std::optional<ByteView> Naming::at(std::uint64_t number) const {
  return number < known_.size() ? known_.at(number) : fresh_.at(number - known_.size());
}

void Naming::meet(ByteView id) {
  if (known_.size() + fresh_.size() < LinkNames::kMax) fresh_.learn(id);
}

void Naming::commit(LinkNames& names) const {
  for (std::uint64_t number = 0; number < fresh_.size(); ++number) names.learn(*fresh_.at(number));
}

// ---- the two doors

void Sink::write(const char* data, std::size_t size) {
  const ByteView bytes = as_bytes({data, size});
  if (out_ != nullptr) return append(*out_, bytes);
  is_equal_ = is_equal_ && size <= expected_.size() && equal(expected_.first(size), bytes);
  if (is_equal_) expected_ = expected_.subspan(size);
}

Bytes encode(const Message& message, LinkNames& names) {
  Bytes bytes;
  bytes.reserve(payload_bytes(message) + kUsualBytes);
  Naming naming(names);
  Sink sink(bytes);
  write(message, naming, sink);
  naming.commit(names);
  return bytes;
}

Result<Message> decode(ByteView bytes, LinkNames& names) {
  if (bytes.size() > limits::kMessageBytesMax) return fail(Code::kTooLarge, "message");
  LANYARD_TRY_SET(const MessageType type, type_of(bytes));
  Naming naming(names);
  LANYARD_TRY_SET(Message message, read(type, bytes, naming));

  Naming again(names);
  Sink same(bytes);
  write(message, again, same);
  if (!same.is_equal()) return fail(Code::kMalformed, "not the one encoding of a message");
  naming.commit(names);
  return message;
}

}  // namespace lanyard::wire
