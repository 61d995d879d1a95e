#include "agent/compat/posted_text.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "agent/compat/compat_gate.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kInMemoryMax = limits::kMiB;
constexpr std::size_t kEscapeSize = 6;  // \uD83D
constexpr const char* kReplacement = "\\uFFFD";

/// The code unit of "\uXXXX"; nothing if it is none.
std::optional<unsigned> code_unit(std::string_view escape) {
  unsigned out = 0;
  if (escape.size() != kEscapeSize || !escape.starts_with("\\u")) return std::nullopt;
  const auto read = std::from_chars(escape.data() + 2, escape.data() + kEscapeSize, out, 16);
  const bool is_whole = read.ec == std::errc() && read.ptr == escape.data() + kEscapeSize;
  return is_whole ? std::optional(out) : std::nullopt;
}

bool is_high(unsigned unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool is_low(unsigned unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

Error spool_error(int number) {
  return Error(number == ENOSPC || number == EDQUOT ? Code::kDiskFull : Code::kInputOutput,
               "what was posted cannot be kept: " + std::generic_category().message(number));
}

}  // namespace

// ---- SurrogateMender

std::string SurrogateMender::take(std::string_view piece) {
  std::string out;
  out.reserve(piece.size());
  for (std::size_t at = 0; at < piece.size(); ++at) {
    if (held_.empty()) {
      const std::size_t escape = piece.find('\\', at);
      out.append(piece.substr(at, escape == std::string_view::npos ? escape : escape - at));
      if (escape == std::string_view::npos) break;
      at = escape;
    }
    held_ += piece[at];
    look(out);
  }
  return out;
}

/// Says what is held as soon as it is known what it is.
void SurrogateMender::look(std::string& out) {
  const auto flush = [&] { out += std::exchange(held_, {}); };
  if (held_.size() < 2) return;
  if (held_[1] != 'u') return flush();
  if (held_.size() < kEscapeSize) return;
  const auto first = code_unit(std::string_view(held_).substr(0, kEscapeSize));
  if (!first || (!is_high(*first) && !is_low(*first))) return flush();
  if (is_low(*first)) return drop_half(out);
  if (held_.size() == kEscapeSize) return;
  if (held_[kEscapeSize] != '\\') return drop_half(out);
  if (held_.size() == kEscapeSize + 1) return;
  if (held_[kEscapeSize + 1] != 'u') return drop_half(out);
  if (held_.size() < 2 * kEscapeSize) return;
  const auto second = code_unit(std::string_view(held_).substr(kEscapeSize));
  second&& is_low(*second) ? flush() : drop_half(out);
}

/// The first escape is half a character; what stands behind it is looked at anew.
void SurrogateMender::drop_half(std::string& out) {
  out += kReplacement;
  const std::string rest = held_.substr(kEscapeSize);
  held_.clear();
  out += take(rest);
}

std::string SurrogateMender::end() {
  std::string out;
  const auto first = code_unit(std::string_view(held_).substr(0, kEscapeSize));
  if (first && is_high(*first)) drop_half(out);
  return out + std::exchange(held_, {});
}

// ---- PostedText

Result<Posted> PostedText::map(int descriptor, std::size_t size) {
  void* const mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  const int number = errno;
  ::close(descriptor);
  if (mapped == MAP_FAILED) return fail(spool_error(number));
  auto out = std::make_shared<PostedText>(std::string());
  out->mapped_ = mapped;
  out->size_ = size;
  return Posted(std::move(out));
}

PostedText::~PostedText() {
  if (mapped_ != nullptr) ::munmap(mapped_, size_);
}

std::string_view PostedText::view() const {
  return mapped_ == nullptr ? std::string_view(text_)
                            : std::string_view(static_cast<const char*>(mapped_), size_);
}

void PostedText::let_go() const {
  // A private mapping that nobody has written to: its pages are in the file.
  if (mapped_ != nullptr) static_cast<void>(::madvise(mapped_, size_, MADV_DONTNEED));
}

// ---- taking it

namespace {

class PostedTaker final : public BodyTaker {
 public:
  PostedTaker(std::filesystem::path folder, std::function<void(const Result<Posted>& text)> done)
      : folder_(std::move(folder)), done_(std::move(done)) {}
  ~PostedTaker() override {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  PostedTaker(const PostedTaker&) = delete;
  PostedTaker& operator=(const PostedTaker&) = delete;

  void take(std::string_view piece, std::function<void()> go_on) override {
    add(mender_.take(piece));
    go_on();
  }

  void end() override {
    add(mender_.end());
    if (error_) return done_(fail(*error_));
    if (descriptor_ < 0) return done_(Posted(std::make_shared<PostedText>(std::move(text_))));
    spill();
    if (error_) return done_(fail(*error_));
    done_(PostedText::map(std::exchange(descriptor_, -1), size_));
  }

 private:
  void add(const std::string& more) {
    text_ += more;
    if (text_.size() > kInMemoryMax) spill();
  }

  void spill() {
    if (error_) return text_.clear();
    if (descriptor_ < 0)
      descriptor_ = ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor_ < 0) error_ = spool_error(errno);
    for (std::string_view left = text_; !left.empty() && !error_;) {
      const ssize_t put = ::write(descriptor_, left.data(), left.size());
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) {
        error_ = spool_error(errno);
        break;
      }
      left.remove_prefix(static_cast<std::size_t>(put));
    }
    size_ += text_.size();
    text_.clear();
  }

  std::filesystem::path folder_;
  std::function<void(const Result<Posted>& text)> done_;
  SurrogateMender mender_;
  std::string text_;
  int descriptor_ = -1;
  std::size_t size_ = 0;
  std::optional<Error> error_;
};

}  // namespace

std::unique_ptr<BodyTaker> take_posted(std::filesystem::path folder,
                                       std::function<void(const Result<Posted>& text)> done) {
  return std::make_unique<PostedTaker>(std::move(folder), std::move(done));
}

HeadOrder posted_order(std::filesystem::path folder,
                       std::function<void(Posted body, const ApiReply& reply)> post) {
  HeadOrder out;
  out.body_max = kPostedBytesMax;
  out.memory_per_byte = kMemoryPerSpooledByte;
  out.take = [folder = std::move(folder), post = std::move(post)](const ApiReply& reply) {
    return take_posted(folder, [post, reply](const Result<Posted>& text) {
      text ? post(*text, reply) : reply.send(compat_error(text.error()));
    });
  };
  return out;
}

HeadOrder plain_order(std::function<void(const ApiReply& reply)> go) {
  HeadOrder out;
  out.body_max = kIgnoredBytesMax;
  out.go = [go = std::move(go)](const std::string&, const ApiReply& reply) { go(reply); };
  return out;
}

}  // namespace lanyard::agent
