#include "agent/lookup/lookup_message.hpp"

#include <algorithm>
#include <limits>

#include "replication/types/canonical.hpp"

namespace lanyard::agent {

namespace {

/// Bytes and no text: a file's name need not be UTF-8.
void write_name(CanonicalWriter& writer, std::string_view name) {
  writer.binary(as_bytes(name.substr(0, kProgramBytesMax)));
}

std::string read_name(CanonicalReader& in) {
  const ByteView name = in.binary();
  if (name.size() > kProgramBytesMax) in.fail(Code::kMalformed);
  return std::string(as_text(name));
}

pid_t read_process(CanonicalReader& in) {
  const std::uint64_t number = in.natural();
  if (number > static_cast<std::uint64_t>(std::numeric_limits<pid_t>::max()))
    in.fail(Code::kMalformed);
  return static_cast<pid_t>(number);
}

}  // namespace

Bytes encode(const LookupQuestion& question) {
  Bytes out;
  CanonicalWriter writer(out);
  writer.array(2);
  writer.natural(question.number);
  writer.array(question.sockets.size());
  for (const std::uint64_t socket : question.sockets) writer.natural(socket);
  return out;
}

Bytes encode(const LookupAnswer& answer) {
  Bytes out;
  CanonicalWriter writer(out);
  writer.array(7);
  writer.natural(answer.number);
  writer.natural(answer.socket);
  writer.natural(static_cast<std::uint64_t>(answer.process));
  write_name(writer, answer.program);
  writer.natural(answer.others);
  write_name(writer, answer.other);
  writer.natural(static_cast<std::uint64_t>(answer.crowded));
  return out;
}

Result<LookupQuestion> decode_lookup_question(ByteView bytes) {
  CanonicalReader in(bytes);
  if (in.array() != 2) in.fail(Code::kMalformed);
  LookupQuestion out;
  out.number = in.natural();
  const std::size_t sockets = in.array();
  if (sockets > kLookupSocketsMax) in.fail(Code::kMalformed);
  for (std::size_t each = 0; each < std::min(sockets, kLookupSocketsMax); ++each)
    out.sockets.push_back(in.natural());
  LANYARD_TRY(in.finish());
  return out;
}

Result<LookupAnswer> decode_lookup_answer(ByteView bytes) {
  CanonicalReader in(bytes);
  if (in.array() != 7) in.fail(Code::kMalformed);
  LookupAnswer out;
  out.number = in.natural();
  out.socket = in.natural();
  out.process = read_process(in);
  out.program = read_name(in);
  out.others = in.natural();
  out.other = read_name(in);
  out.crowded = read_process(in);
  LANYARD_TRY(in.finish());
  return out;
}

}  // namespace lanyard::agent
