#include "replication/merge/version_text.hpp"

#include <algorithm>

#include "replication/types/base64url.hpp"

namespace lanyard::merge {
namespace {

constexpr std::string_view kEmpty = "0";
constexpr std::size_t kLogBytes = 8;

void write(Bytes& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

void write(Bytes& out, const DotSet& dots, const LogTable& logs) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < dots.size(); ++i) count += i == 0 || dots[i].log != dots[i - 1].log;
  write(out, count);
  for (std::size_t i = 0; i < dots.size();) {
    std::size_t end = i;
    while (end < dots.size() && dots[end].log == dots[i].log) ++end;
    append(out, logs.id_of(dots[i].log).view().first(kLogBytes));
    write(out, end - i);
    for (std::uint64_t last = 0; i < end; ++i) {
      write(out, dots[i].seq - last);
      last = dots[i].seq;
    }
  }
}

/// Reads until the first mistake; then everything is empty.
class Reader {
 public:
  Reader(ByteView in, const LogTable& logs) : in_(in), logs_(logs) {}

  DotSet dots() {
    DotSet out;
    const std::uint64_t count = number();
    for (std::uint64_t i = 0; i < count && !failed_; ++i) {
      const std::optional<LogNumber> log = find(take(kLogBytes));
      knows_all_ = knows_all_ && log.has_value();
      std::uint64_t seq = 0;
      for (std::uint64_t left = number(); left > 0 && !failed_; --left) {
        seq += number();
        if (log) out.push_back({*log, seq});
      }
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool knows_all() const { return knows_all_; }
  [[nodiscard]] bool at_end() const { return at_ == in_.size(); }

 private:
  ByteView take(std::size_t size) {
    if (size > in_.size() - at_) {
      failed_ = true;
      return {};
    }
    at_ += size;
    return in_.subspan(at_ - size, size);
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const ByteView byte = take(1);
      if (failed_) return 0;
      value |= static_cast<std::uint64_t>(byte[0] & 0x7F) << shift;
      if (byte[0] < 0x80) return value;
    }
    failed_ = true;
    return 0;
  }
  std::optional<LogNumber> find(ByteView beginning) const {
    for (std::size_t i = 0; i < logs_.size() && !failed_; ++i) {
      const auto number = static_cast<LogNumber>(i);
      if (equal(logs_.id_of(number).view().first(kLogBytes), beginning)) return number;
    }
    return std::nullopt;
  }

  ByteView in_;
  const LogTable& logs_;
  std::size_t at_ = 0;
  bool failed_ = false;
  bool knows_all_ = true;
};

}  // namespace

std::string to_text(const Version& version, const LogTable& logs) {
  if (version.is_empty()) return std::string(kEmpty);
  Bytes out;
  write(out, version.edits, logs);
  if (!version.deletes.empty()) write(out, version.deletes, logs);
  return to_base64url(out);
}

Result<Version> version_from_text(std::string_view text, const LogTable& logs) {
  LANYARD_TRY_SET(NamedVersion named, named_version_from_text(text, logs));
  return std::move(named.version);
}

Result<NamedVersion> named_version_from_text(std::string_view text, const LogTable& logs) {
  if (text == kEmpty) return NamedVersion{};
  const std::optional<Bytes> bytes = from_base64url(text);
  if (bytes && !bytes->empty()) {
    NamedVersion named;
    Reader in(*bytes, logs);
    named.version.edits = in.dots();
    if (!in.at_end()) named.version.deletes = in.dots();
    named.is_known = in.knows_all();
    if (!in.failed() && in.at_end()) return named;
  }
  return fail(Code::kUsage, "the version is not one that a read returned",
              "Send the version of the last read unchanged, or none.");
}

}  // namespace lanyard::merge
