#include "agent/lookup/lookup_message.hpp"

#include <limits>

#include "replication/types/canonical.hpp"

namespace lanyard::agent {

Bytes encode(const LookupQuestion& question) {
  Bytes out;
  CanonicalWriter writer(out);
  writer.array(2);
  writer.natural(question.number);
  writer.natural(question.socket);
  return out;
}

Bytes encode(const LookupAnswer& answer) {
  Bytes out;
  CanonicalWriter writer(out);
  writer.array(3);
  writer.natural(answer.number);
  writer.natural(static_cast<std::uint64_t>(answer.process));
  // Bytes and no text: a file's name need not be UTF-8.
  writer.binary(as_bytes(std::string_view(answer.program).substr(0, kProgramBytesMax)));
  return out;
}

Result<LookupQuestion> decode_lookup_question(ByteView bytes) {
  CanonicalReader in(bytes);
  if (in.array() != 2) in.fail(Code::kMalformed);
  LookupQuestion out;
  out.number = in.natural();
  out.socket = in.natural();
  LANYARD_TRY(in.finish());
  return out;
}

Result<LookupAnswer> decode_lookup_answer(ByteView bytes) {
  CanonicalReader in(bytes);
  if (in.array() != 3) in.fail(Code::kMalformed);
  LookupAnswer out;
  out.number = in.natural();
  const std::uint64_t process = in.natural();
  if (process > static_cast<std::uint64_t>(std::numeric_limits<pid_t>::max()))
    in.fail(Code::kMalformed);
  const ByteView program = in.binary();
  if (program.size() > kProgramBytesMax) in.fail(Code::kMalformed);
  LANYARD_TRY(in.finish());
  out.process = static_cast<pid_t>(process);
  out.program = as_text(program);
  return out;
}

}  // namespace lanyard::agent
