#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "agent/api/http_server.hpp"

namespace lanyard::agent {

/// Makes good JSON of texts in which an app has cut a character in half: an escaped surrogate
/// without its other half becomes U+FFFD. All else stays, byte by byte. For a text that comes in
/// pieces.
class SurrogateMender {
 public:
  /// What can be said of the text so far, behind what was said before.
  [[nodiscard]] std::string take(std::string_view piece);
  [[nodiscard]] std::string end();

 private:
  void look(std::string& out);
  void drop_half(std::string& out);
  std::string held_;  ///< an escape that is not whole yet
};

/// What a client posted. A large one lies in a temporary file without a name and is mapped from
/// there, so that memory which was read can be let go of.
class PostedText {
 public:
  explicit PostedText(std::string text) : text_(std::move(text)) {}
  /// Maps the whole file, whose descriptor it takes. kInputOutput.
  [[nodiscard]] static Result<std::shared_ptr<const PostedText>> map(int descriptor,
                                                                     std::size_t size);
  ~PostedText();
  PostedText(const PostedText&) = delete;
  PostedText& operator=(const PostedText&) = delete;

  [[nodiscard]] std::string_view view() const;
  /// Lets go of the memory of a mapped one; what is read again comes from the file.
  void let_go() const;

 private:
  std::string text_;
  void* mapped_ = nullptr;
  std::size_t size_ = 0;
};

using Posted = std::shared_ptr<const PostedText>;

/// Takes a body of JSON, and gives it on when it is whole: up to 1 MiB in memory, more in a file of
/// `folder`.
[[nodiscard]] std::unique_ptr<BodyTaker> take_posted(
    std::filesystem::path folder, std::function<void(const Result<Posted>& text)> done);

/// As much as a listener takes in one body, or one frame: what express's json() has as "50mb".
inline constexpr std::uint64_t kPostedBytesMax = 52'428'800;
/// The order to take a body so, in files of `folder`, and give it to `post`.
[[nodiscard]] HeadOrder posted_order(std::filesystem::path folder,
                                     std::function<void(Posted body, const ApiReply& reply)> post);
/// What some libraries send with a request that has nothing to say: `{}`, an empty form.
inline constexpr std::uint64_t kIgnoredBytesMax = 8 * limits::kKiB;
/// The order to go on without what the body says, which is little or nothing.
[[nodiscard]] HeadOrder plain_order(std::function<void(const ApiReply& reply)> go);

}  // namespace lanyard::agent
