#include "agent/import/guarded_input.hpp"

#include <unistd.h>

#include <cerrno>

namespace lanyard::agent {
namespace {

constexpr std::size_t kDigitsMax = 1000;

bool ends_token(char c) {
  return c == ',' || c == ':' || c == '{' || c == '}' || c == '[' || c == ']' || c == ' ' ||
         c == '\n' || c == '\r' || c == '\t';
}

}  // namespace

GuardedInput::GuardedInput(int descriptor, std::size_t string_bytes_max, Progress progress)
    : descriptor_(descriptor),
      string_bytes_max_(string_bytes_max),
      progress_(std::move(progress)) {}

GuardedInput::int_type GuardedInput::underflow() {
  if (error_) return traits_type::eof();
  if (progress_) {
    if (Status go_on = progress_(bytes_); !go_on) {
      error_ = go_on.error();
      return traits_type::eof();
    }
  }
  ssize_t got = -1;
  do {
    got = read(descriptor_, block_.data(), kBlockBytes);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    error_ = Error(Code::kInputOutput,
                   "the file cannot be read: " + std::generic_category().message(errno));
  }
  if (got <= 0) return traits_type::eof();
  bytes_ += static_cast<std::uint64_t>(got);
  const std::size_t shown = scan(static_cast<std::size_t>(got));
  if (shown == 0) return traits_type::eof();
  setg(block_.data(), block_.data(), block_.data() + shown);
  return traits_type::to_int_type(block_[0]);
}

std::size_t GuardedInput::scan(std::size_t size) {
  for (std::size_t at = 0; at < size; ++at) {
    const char c = block_[at];
    if (c == '\n') ++line_;
    if (in_string_) {
      ++token_;
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
        token_ = 0;
      }
    } else if (c == '"') {
      in_string_ = true;
      token_ = 0;
    } else {
      token_ = ends_token(c) ? 0 : token_ + 1;
    }
    if (token_ > (in_string_ ? string_bytes_max_ : kDigitsMax)) return cut(at);
  }
  return size;
}

std::size_t GuardedInput::cut(std::size_t at) {
  const std::string most = in_string_ ? std::to_string(string_bytes_max_ >> 20) + " MiB"
                                      : std::to_string(kDigitsMax) + " digits";
  error_ =
      Error(Code::kTooLarge, "line " + std::to_string(line_) + ": a value is longer than " + most,
            "Take that value out of the file; nothing was imported.");
  ++at;
  if (in_string_ && escaped_) block_[at++] = '\\';
  block_[at++] = in_string_ ? '"' : ' ';
  return at;
}

}  // namespace lanyard::agent
