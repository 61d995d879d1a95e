#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <streambuf>
#include <string>

#include "replication/types/result.hpp"

namespace lanyard::agent {

/// A file as a stream for a JSON parser that keeps a whole token in memory, and repeats it in its
/// errors: a string longer than `string_bytes_max`, or a number of more than 1,000 digits, is
/// closed there, the stream ends behind it, and error() says where. Reads 64 KiB at a time.
class GuardedInput final : public std::streambuf {
 public:
  /// Asked before each block with the bytes read so far; an error ends the stream.
  using Progress = std::function<Status(std::uint64_t done)>;

  /// Reads `descriptor`, which the caller keeps open, from where it stands.
  GuardedInput(int descriptor, std::size_t string_bytes_max, Progress progress);

  /// Why the stream ended before the file did. To be asked at each event of the parser.
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 protected:
  int_type underflow() override;

 private:
  static constexpr std::size_t kBlockBytes = 65536;
  /// Closes the token that is too long; the new size of the block.
  [[nodiscard]] std::size_t cut(std::size_t at);
  /// How much of the block may be shown.
  [[nodiscard]] std::size_t scan(std::size_t size);

  int descriptor_;
  std::size_t string_bytes_max_;
  Progress progress_;
  std::array<char, kBlockBytes + 2> block_;  // and room to close a string
  std::uint64_t bytes_ = 0;
  std::uint64_t line_ = 1;
  std::size_t token_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  std::optional<Error> error_;
};

}  // namespace lanyard::agent
