#include "agent/api/bulk_taker.hpp"

#include <algorithm>
#include <array>
#include <deque>

#include "agent/api/handlers.hpp"
#include "agent/api/memory_refusal.hpp"
#include "agent/json/op_reader.hpp"
#include "agent/json_slices.hpp"
#include "agent/service/mutation.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kBatchLines = 1000;
/// Of a change, with room for what the writer adds to an op: what its client had not seen.
constexpr std::size_t kBatchBytes = limits::kPayloadBytesMax - 64 * limits::kKiB;
/// What an op takes beside its texts and values.
constexpr std::size_t kOpHead = 32;
/// Of one line: an op with the largest record that a JSON body may bring.
constexpr std::size_t kLineMax = limits::kJsonBodyMax;
/// Memory of a batch: its lines, a thousand small ones or a change full of large ones, and what is
/// read from them. A line that is longer has that of a body of the same size.
constexpr std::uint64_t kBatchMemory = 4 * limits::kMiB;
constexpr std::size_t kLongLine = limits::kMiB;

/// A line that is not committed yet.
struct BulkLine {
  std::uint64_t number = 0;
  std::vector<storage::LocalOp> ops;
  std::size_t bytes = 0;  ///< in a change, about
};

std::size_t bytes_of(const storage::LocalOp& op) {
  std::size_t out = kOpHead + op.collection.size() + op.key.size() + op.field.size() +
                    op.element.size() + op.based_on.value_or("").size();
  for (const auto& [name, value] : op.fields) out += 8 + name.size() + value.size();
  for (const std::string& name : op.names) out += 8 + name.size();
  return out;
}

/// Whether an error may be about one of the ops alone: the others are worth a try without it.
bool is_about_one(const Error& error) {
  constexpr std::array kCodes = {Code::kTooLarge, Code::kConflict, Code::kNotFound, Code::kUsage};
  return std::any_of(kCodes.begin(), kCodes.end(), [&](Code code) { return error.is(code); });
}

class Bulk : public std::enable_shared_from_this<Bulk> {
 public:
  Bulk(ApiRoom& room, ApiCall call, const ApiReply& reply)
      : room_(room), call_(std::move(call)), reply_(reply) {}

  /// An upload may wait for its client for long: it ends with the token, not with the next line.
  void start() {
    call_.standing->watch([weak = weak_from_this()](const Error& why) {
      const auto bulk = weak.lock();
      if (!bulk || bulk->is_over_) return;
      bulk->lost_ = why;
      if (!bulk->is_committing_) bulk->fail_for_rights(why);
    });
  }
  void take(std::string_view piece, std::function<void()> go_on) {
    text_.append(piece);
    go_on_ = std::move(go_on);
    go_on_reading();
  }
  void end() {
    has_all_ = true;
    go_on_reading();
  }
  /// The client left, or has its answer: nothing more is written.
  void give_up() {
    is_over_ = true;
    if (wait_ != 0) room_.bodies->cancel(wait_);
  }

 private:
  void go_on_reading() {
    if (is_committing_) return;  // and reads on when it is
    space_ ? read_lines() : find_space();
  }
  void find_space();
  void read_lines();
  [[nodiscard]] Status read_line(std::string_view line);
  /// With the last line that was read the batch is larger than a change, or has all its lines.
  [[nodiscard]] bool is_full() const {
    return lines_.size() >= kBatchLines || (lines_.size() > 1 && bytes_ > kBatchBytes);
  }
  void want_more();
  void hold(MemoryBudget::Reservation memory);
  void wait_for_line();
  void give_way();
  void commit(std::size_t count);
  void on_committed(std::size_t count, const Result<storage::Written>& written);
  void report_progress();
  void finish();
  void fail_at(std::uint64_t line, Error error);
  void fail_for_rights(Error error);
  void fail_with(HttpAnswer answer);

  ApiRoom& room_;
  ApiCall call_;
  ApiReply reply_;
  std::optional<SpaceId> space_;
  std::optional<std::string> mutation_;
  std::optional<AnswerStream> progress_;

  std::string text_;      ///< what came and is no line yet, behind `read_`
  std::size_t read_ = 0;  ///< bytes of it that are done
  bool has_all_ = false;
  bool is_over_ = false;
  std::optional<Error> lost_;  ///< the token was good no more while a batch was being committed
  std::function<void()> go_on_;
  /// Of what is kept until it is committed, where that is not little.
  MemoryBudget::Reservation memory_;
  bool is_for_line_ = false;  ///< it is enough for a long line
  std::uint64_t wait_ = 0;    ///< for it; 0: none
  bool is_committing_ = false;

  std::deque<BulkLine> lines_;      ///< of the batch
  std::size_t bytes_ = 0;           ///< of them
  std::uint64_t line_ = 0;          ///< the last that was read
  std::uint64_t applied_ = 0;       ///< lines with ops that are committed
  std::uint64_t acknowledged_ = 0;  ///< the last of them
  std::optional<storage::Written> last_;
};

void Bulk::find_space() {
  mutation_ = call_.query.text("mutationId");
  if (const Status known = call_.query.finish(); !known) return fail_at(0, known.error());
  in_space(room_, call_.names.front(), call_.standing, Right::kWrite,
           [self = shared_from_this()](const Result<SpaceId>& space) {
             if (self->is_over_) return;
             if (!space) return self->fail_at(0, space.error());
             self->space_ = *space;
             if (auto lines = lines_type_of(self->call_.accept)) {
               HttpAnswer head;
               head.type = std::move(*lines);
               self->progress_ = self->reply_.begin(std::move(head));
             }
             self->read_lines();
           });
}

void Bulk::read_lines() {
  if (is_over_) return;
  if (lost_) return fail_for_rights(*lost_);
  while (!is_over_) {
    if (is_full()) return commit(bytes_ > kBatchBytes ? lines_.size() - 1 : lines_.size());
    const std::size_t end = text_.find('\n', read_);
    const bool is_rest = end == std::string::npos;
    if (is_rest && (!has_all_ || read_ == text_.size())) break;
    const std::string_view line =
        std::string_view(text_).substr(read_, is_rest ? std::string::npos : end - read_);
    ++line_;
    if (Status good = read_line(line); !good) return fail_at(line_, std::move(good).error());
    read_ = is_rest ? text_.size() : end + 1;
  }
  if (is_over_) return;
  text_.erase(0, std::exchange(read_, 0));
  if (text_.size() > kLineMax)
    return fail_at(line_ + 1, Error(Code::kTooLarge, "a line holds at most 8 MiB"));
  if (has_all_) return lines_.empty() ? finish() : commit(lines_.size());
  want_more();
}

/// The next piece is read once there is memory for what is kept. Where there is none, what is there
/// is committed, and a stream goes on with smaller batches; a long line alone has to wait.
void Bulk::want_more() {
  const std::size_t kept = bytes_ + text_.size();
  const bool is_long = text_.size() > kLongLine;
  if (kept <= kSmallBody) {
    memory_.reset();
    is_for_line_ = false;
  } else if (!memory_ && !is_long) {
    hold(room_.bodies->try_reserve(kBatchMemory));
  }
  const bool has_enough = kept <= kSmallBody || (memory_ && (is_for_line_ || !is_long));
  if (!has_enough) return lines_.empty() ? wait_for_line() : commit(lines_.size());
  if (const auto go_on = std::exchange(go_on_, nullptr)) go_on();
}

void Bulk::hold(MemoryBudget::Reservation memory) {
  memory_ = std::move(memory);
  room_.bodies->may_give_way(memory_, [self = weak_from_this()] {
    if (const auto bulk = self.lock()) bulk->give_way();
  });
}

void Bulk::wait_for_line() {
  memory_.reset();
  const std::uint64_t bytes =
      std::min<std::uint64_t>(kLineMax * kMemoryPerJsonByte, room_.bodies->bytes());
  wait_ =
      room_.bodies->wait_for(bytes, [self = shared_from_this()](MemoryBudget::Reservation memory) {
        self->wait_ = 0;
        if (self->is_over_) return;
        if (!memory) return self->fail_with(no_memory_for_body(*self->room_.bodies));
        self->hold(std::move(memory));
        self->is_for_line_ = true;
        self->want_more();
      });
}

/// Others wait for the memory that this stream has had for long.
void Bulk::give_way() {
  if (is_over_ || is_committing_) return;
  if (!lines_.empty()) return commit(lines_.size());
  fail_at(line_ + 1, Error(Code::kBusy, "the line came too slowly, and others wait for its memory",
                           "Send it at once, or shorter ones."));
}

Status Bulk::read_line(std::string_view line) {
  if (line_ == 1) line = without_byte_order_mark(line);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.find_first_not_of(" \t") == std::string_view::npos) return {};
  BulkLine read{line_, {}, 0};
  LANYARD_TRY(read_op(line, read.ops));
  for (const storage::LocalOp& op : read.ops) read.bytes += bytes_of(op);
  bytes_ += read.bytes;
  lines_.push_back(std::move(read));
  return {};
}

/// Writes the first `count` lines of the batch. Their name is that of the first of them: sent
/// again, they are known by it, however many went together then.
void Bulk::commit(std::size_t count) {
  const Status may = check_right(*call_.standing, *space_, call_.names.front(), Right::kWrite);
  if (!may) return fail_for_rights(may.error());
  is_committing_ = true;
  storage::LocalChange change;
  change.wants_versions = false;
  for (std::size_t at = 0; at < count; ++at)
    change.ops.insert(change.ops.end(), lines_[at].ops.begin(), lines_[at].ops.end());
  if (mutation_) {
    const std::string name = *mutation_ + "/" + std::to_string(applied_);
    auto mutation = mutation_of(call_.access.name, name, change.ops, room_.hasher);
    if (!mutation) return fail_at(lines_.front().number, std::move(mutation).error());
    change.mutation = *mutation;
  }
  room_.data.write(to_text(*space_), std::move(change),
                   [self = shared_from_this(), count](const Result<storage::Written>& written) {
                     if (!self->is_over_) self->on_committed(count, written);
                   });
}

void Bulk::on_committed(std::size_t count, const Result<storage::Written>& written) {
  is_committing_ = false;
  if (!written) {
    // What they come to with what is there may be more than a change holds, or one is no good: half
    // of them, until it is known which.
    if (count > 1 && is_about_one(written.error())) return commit(count / 2);
    return fail_at(lines_.front().number, written.error());
  }
  const bool all_repeated = (!last_ || last_->repeated) && written->repeated;
  last_ = *written;
  last_->repeated = all_repeated;
  applied_ += count;
  acknowledged_ = lines_[count - 1].number;
  for (std::size_t at = 0; at < count; ++at) {
    bytes_ -= lines_.front().bytes;
    lines_.pop_front();
  }
  progress_ ? report_progress() : read_lines();
}

/// Nothing else is said, and nothing written, until the client has taken it.
void Bulk::report_progress() {
  is_committing_ = true;
  progress_->piece(acknowledgement(*last_, applied_) + "\n",
                   [self = shared_from_this()](bool is_open) {
                     self->is_committing_ = false;
                     if (is_open && !self->is_over_) self->read_lines();
                   });
}

void Bulk::finish() {
  is_over_ = true;
  if (!last_) return fail_at(line_, Error(Code::kUsage, "there are no ops"));
  if (progress_) return progress_->end();
  reply_.json(acknowledgement(*last_, applied_));
}

void Bulk::fail_at(std::uint64_t line, Error error) {
  is_over_ = true;
  error.detail = "line " + std::to_string(line) + ": " + error.detail;
  if (error.fix.empty())
    error.fix = "What came up to line " + std::to_string(acknowledged_) +
                " is stored; mend the rest and send it again.";
  fail_with(problem_answer(error));
}

/// Whoever sends may write no more: what is not committed is not.
void Bulk::fail_for_rights(Error error) {
  error.fix = acknowledged_ == 0 ? "Nothing was stored. " + error.fix
                                 : "What came up to line " + std::to_string(acknowledged_) +
                                       " is stored; the rest needs a token that may write here.";
  fail_at(line_, std::move(error));
}

void Bulk::fail_with(HttpAnswer answer) {
  is_over_ = true;
  if (!progress_) return reply_.send(std::move(answer));
  progress_->piece(std::move(answer.body) + "\n", [self = shared_from_this()](bool is_open) {
    if (is_open) self->progress_->end();
  });
}

class BulkTaker final : public BodyTaker {
 public:
  explicit BulkTaker(std::shared_ptr<Bulk> bulk) : bulk_(std::move(bulk)) {}
  ~BulkTaker() override { bulk_->give_up(); }
  BulkTaker(const BulkTaker&) = delete;
  BulkTaker& operator=(const BulkTaker&) = delete;

  void take(std::string_view piece, std::function<void()> go_on) override {
    bulk_->take(piece, std::move(go_on));
  }
  void end() override { bulk_->end(); }

 private:
  std::shared_ptr<Bulk> bulk_;
};

}  // namespace

std::unique_ptr<BodyTaker> take_lines(ApiRoom& room, ApiCall call, const ApiReply& reply) {
  const auto bulk = std::make_shared<Bulk>(room, std::move(call), reply);
  bulk->start();
  return std::make_unique<BulkTaker>(bulk);
}

void write_acknowledgement(const storage::Written& written, std::uint64_t applied,
                           JsonWriter& out) {
  write_change(written.dot, out);
  out.member("applied", applied).member("repeated", written.repeated);
}

std::string acknowledgement(const storage::Written& written, std::uint64_t applied) {
  JsonWriter out;
  out.begin_object();
  write_acknowledgement(written, applied, out);
  return out.end_object().take();
}

}  // namespace lanyard::agent
