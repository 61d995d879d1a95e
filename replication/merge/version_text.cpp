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
    each_dot([&](ByteView beginning, std::uint64_t seq) {
      const std::optional<LogNumber> log = find(beginning);
      knows_all_ = knows_all_ && log.has_value();
      if (log) out.push_back({*log, seq});
    });
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }
  /// Calls `use(beginning of a log, seq)` for each dot.
  template <class Use>
  void each_dot(Use use) {
    const std::uint64_t count = number();
    for (std::uint64_t i = 0; i < count && !failed_; ++i) {
      const ByteView log = take(kLogBytes);
      std::uint64_t seq = 0;
      for (std::uint64_t left = number(); left > 0 && !failed_; --left) {
        seq += number();
        if (!failed_) use(log, seq);
      }
    }
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

/// The dots of a text, by the beginnings of their logs. Nothing for a text that is no version.
using NamedDot = std::pair<Bytes, std::uint64_t>;
std::optional<std::pair<std::vector<NamedDot>, std::vector<NamedDot>>> parts_of(
    std::string_view text) {
  std::pair<std::vector<NamedDot>, std::vector<NamedDot>> out;
  if (text == kEmpty) return out;
  const std::optional<Bytes> bytes = from_base64url(text);
  if (!bytes || bytes->empty()) return std::nullopt;
  const LogTable none;
  Reader in(*bytes, none);
  in.each_dot([&](ByteView log, std::uint64_t seq) { out.first.emplace_back(to_bytes(log), seq); });
  if (!in.at_end())
    in.each_dot(
        [&](ByteView log, std::uint64_t seq) { out.second.emplace_back(to_bytes(log), seq); });
  if (in.failed() || !in.at_end()) return std::nullopt;
  std::sort(out.first.begin(), out.first.end());
  std::sort(out.second.begin(), out.second.end());
  return out;
}

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

bool has_seen(std::string_view read, std::string_view now) {
  const auto seen = parts_of(read);
  const auto all = parts_of(now);
  if (!seen || !all || (read == kEmpty) != (now == kEmpty)) return false;
  const auto covers = [](const auto& more, const auto& fewer) {
    return std::includes(more.begin(), more.end(), fewer.begin(), fewer.end());
  };
  return covers(seen->first, all->first) && covers(seen->second, all->second);
}

}  // namespace lanyard::merge
