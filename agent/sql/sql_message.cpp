#include "agent/sql/sql_message.hpp"

#include <algorithm>
#include <array>

#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"

namespace lanyard::agent {
namespace {

enum class Kind : std::uint8_t { kOpen = 1, kAsk, kOpened, kHead, kRow, kEnd, kFailure };

/// How a statement may end, as the process says it.
constexpr std::array kCodes = {Code::kUsage,       Code::kTooLarge,     Code::kInterrupted,
                               Code::kNotFound,    Code::kNewerVersion, Code::kCorrupt,
                               Code::kInputOutput, Code::kReadOnly,     Code::kBusy,
                               Code::kDiskFull,    Code::kProtocol};

Bytes with_length(const Bytes& body) {
  Bytes out;
  out.reserve(body.size() + 4);
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(body.size() >> shift));
  append(out, body);
  return out;
}

void begin(CanonicalWriter& out, Kind kind, std::size_t members) {
  out.array(members + 1);
  out.natural(static_cast<std::uint64_t>(kind));
}

void write_text(std::string_view text, CanonicalWriter& out) {
  std::size_t end = std::min(text.size(), kSqlTextBytesMax);
  // Not within a character of UTF-8.
  while (end > 0 && end < text.size() && (text[end] & 0xC0) == 0x80) --end;
  out.binary(as_bytes(text.substr(0, end)));
}

void write_texts(const std::vector<std::string>& texts, CanonicalWriter& out) {
  out.array(texts.size());
  for (const std::string& each : texts) write_text(each, out);
}

void write(const SqlOpen& open, CanonicalWriter& out) {
  begin(out, Kind::kOpen, 1);
  out.binary(as_bytes(open.path));
}
void write(const SqlAsk& ask, CanonicalWriter& out) {
  begin(out, Kind::kAsk, 4);
  out.binary(as_bytes(ask.question.sql));
  out.array(ask.question.values.size());
  for (const Bytes& value : ask.question.values) out.binary(value);
  out.natural(ask.question.rows_max);
  out.natural(static_cast<std::uint64_t>(ask.most.count()));
}
void write(const SqlOpened& /*opened*/, CanonicalWriter& out) { begin(out, Kind::kOpened, 0); }
void write(const SqlHead& head, CanonicalWriter& out) {
  begin(out, Kind::kHead, 2);
  write_texts(head.columns, out);
  write_texts(head.notes, out);
}
void write(const SqlRow& row, CanonicalWriter& out) {
  begin(out, Kind::kRow, 1);
  out.binary(as_bytes(row.json));
}
void write(const SqlEnd& end, CanonicalWriter& out) {
  begin(out, Kind::kEnd, 1);
  out.boolean(end.is_all);
}
void write(const SqlFailure& failure, CanonicalWriter& out) {
  begin(out, Kind::kFailure, 3);
  out.natural(static_cast<std::uint64_t>(failure.code));
  write_text(failure.detail, out);
  write_text(failure.fix, out);
}

template <class Message>
Bytes encode_any(const Message& message) {
  Bytes body;
  CanonicalWriter out(body);
  std::visit([&](const auto& each) { write(each, out); }, message);
  return with_length(body);
}

std::string text_in(CanonicalReader& in, std::size_t max) {
  const ByteView bytes = in.binary();
  if (bytes.size() > max) in.fail(Code::kMalformed);
  return in.failed() ? std::string() : std::string(as_text(bytes));
}

std::vector<std::string> texts_in(CanonicalReader& in, std::size_t count_max) {
  std::vector<std::string> out;
  const std::size_t size = in.array();
  if (size > count_max) in.fail(Code::kMalformed);
  for (std::size_t i = 0; i < size && !in.failed(); ++i)
    out.push_back(text_in(in, kSqlTextBytesMax));
  return out;
}

SqlAsk ask_in(CanonicalReader& in) {
  SqlAsk out;
  out.question.sql = text_in(in, kToSqlProcessBytesMax);
  const std::size_t size = in.array();
  for (std::size_t i = 0; i < size && !in.failed(); ++i)
    out.question.values.push_back(to_bytes(in.binary()));
  out.question.rows_max = in.natural();
  out.most = std::chrono::milliseconds(in.natural());
  return out;
}

SqlFailure failure_in(CanonicalReader& in) {
  SqlFailure out;
  const std::uint64_t code = in.natural();
  const auto known = std::find_if(kCodes.begin(), kCodes.end(), [&](Code each) {
    return static_cast<std::uint64_t>(each) == code;
  });
  if (known == kCodes.end()) in.fail(Code::kMalformed);
  out.code = known == kCodes.end() ? Code::kProtocol : *known;
  out.detail = text_in(in, kSqlTextBytesMax);
  out.fix = text_in(in, kSqlTextBytesMax);
  return out;
}

/// Behind the array's head: which message, whose members follow.
Kind kind_in(CanonicalReader& in, std::size_t& members) {
  const std::size_t size = in.array();
  if (size == 0) in.fail(Code::kMalformed);
  members = size == 0 ? 0 : size - 1;
  return static_cast<Kind>(in.natural());
}

}  // namespace

Bytes encode(const ToSqlProcess& message) { return encode_any(message); }
Bytes encode(const FromSqlProcess& message) { return encode_any(message); }

Result<ToSqlProcess> decode_to_sql_process(ByteView bytes) {
  CanonicalReader in(bytes);
  std::size_t members = 0;
  ToSqlProcess out;
  switch (kind_in(in, members)) {
    case Kind::kOpen:
      if (members != 1) in.fail(Code::kMalformed);
      out = SqlOpen{text_in(in, kSqlTextBytesMax)};
      break;
    case Kind::kAsk:
      if (members != 4) in.fail(Code::kMalformed);
      out = ask_in(in);
      break;
    default: in.fail(Code::kMalformed);
  }
  LANYARD_TRY(in.finish());
  return out;
}

Result<FromSqlProcess> decode_from_sql_process(ByteView bytes) {
  CanonicalReader in(bytes);
  std::size_t members = 0;
  const Kind kind = kind_in(in, members);
  const auto wants = [&](std::size_t wanted) {
    if (members != wanted) in.fail(Code::kMalformed);
  };
  FromSqlProcess out;
  switch (kind) {
    case Kind::kOpened: wants(0); break;
    case Kind::kHead: {
      wants(2);
      SqlHead head;
      head.columns = texts_in(in, kSqlColumnsMax);
      head.notes = texts_in(in, kSqlColumnsMax);
      out = std::move(head);
      break;
    }
    case Kind::kRow:
      wants(1);
      out = SqlRow{text_in(in, storage::kSqlRowBytesMax)};
      break;
    case Kind::kEnd:
      wants(1);
      out = SqlEnd{in.boolean()};
      break;
    case Kind::kFailure:
      wants(3);
      out = failure_in(in);
      break;
    default: in.fail(Code::kMalformed);
  }
  LANYARD_TRY(in.finish());
  return out;
}

bool is_sql_row(std::string_view json, std::size_t columns) {
  const auto row = from_json(json);
  if (!row || !json.starts_with('[')) return false;
  CanonicalReader in(*row);
  return in.array() == columns && !in.failed();
}

}  // namespace lanyard::agent
