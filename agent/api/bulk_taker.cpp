#include "agent/api/bulk_taker.hpp"

#include "agent/api/handlers.hpp"
#include "agent/json/op_reader.hpp"
#include "agent/service/mutation.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kBatchOps = 1000;
constexpr std::size_t kBatchBytes = 4 * limits::kMiB;
/// Of one line: an op with the largest record that a JSON body may bring.
constexpr std::size_t kLineMax = limits::kJsonBodyMax;

class Bulk : public std::enable_shared_from_this<Bulk> {
 public:
  Bulk(ApiRoom& room, ApiCall call, const ApiReply& reply)
      : room_(room), call_(std::move(call)), reply_(reply) {}

  void take(std::string_view piece, std::function<void()> go_on) {
    text_.append(piece);
    go_on_ = std::move(go_on);
    space_ ? read_lines() : find_space();
  }
  void end() {
    has_all_ = true;
    space_ ? read_lines() : find_space();
  }
  /// The client left, or has its answer: nothing more is written.
  void give_up() { is_over_ = true; }

 private:
  void find_space();
  void read_lines();
  [[nodiscard]] Status read_line(std::string_view line);
  [[nodiscard]] bool is_full() const {
    return ops_.size() >= kBatchOps || batch_bytes_ >= kBatchBytes;
  }
  void commit();
  void on_committed(const Result<storage::Written>& written);
  void report_progress();
  void finish();
  void fail_at(std::uint64_t line, Error error);

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
  std::function<void()> go_on_;

  std::vector<storage::LocalOp> ops_;
  std::size_t batch_bytes_ = 0;
  std::uint64_t lines_ = 0;  ///< read so far
  std::uint64_t applied_ = 0;
  std::uint64_t acknowledged_ = 0;  ///< the last line of what was committed
  std::uint64_t batches_ = 0;
  std::optional<storage::Written> last_;
};

void Bulk::find_space() {
  mutation_ = call_.query.text("mutationId");
  if (const Status known = call_.query.finish(); !known) return fail_at(0, known.error());
  in_space(room_, call_.names.front(), call_.access, Right::kWrite,
           [self = shared_from_this()](const Result<SpaceId>& space) {
             if (self->is_over_) return;
             if (!space) return self->fail_at(0, space.error());
             self->space_ = *space;
             if (media_type(self->call_.accept) == "application/x-ndjson") {
               HttpAnswer head;
               head.type = "application/x-ndjson";
               self->progress_ = self->reply_.begin(std::move(head));
             }
             self->read_lines();
           });
}

void Bulk::read_lines() {
  while (!is_over_) {
    if (is_full()) return commit();
    const std::size_t end = text_.find('\n', read_);
    const bool is_rest = end == std::string::npos;
    if (is_rest && (!has_all_ || read_ == text_.size())) break;
    const std::string_view line =
        std::string_view(text_).substr(read_, is_rest ? std::string::npos : end - read_);
    ++lines_;
    if (Status good = read_line(line); !good) return fail_at(lines_, std::move(good).error());
    read_ = is_rest ? text_.size() : end + 1;
  }
  if (is_over_) return;
  text_.erase(0, std::exchange(read_, 0));
  if (text_.size() > kLineMax)
    return fail_at(lines_ + 1, Error(Code::kTooLarge, "a line holds at most 8 MiB"));
  if (has_all_) return ops_.empty() ? finish() : commit();
  if (const auto go_on = std::exchange(go_on_, nullptr)) go_on();
}

Status Bulk::read_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.find_first_not_of(" \t") == std::string_view::npos) return {};
  batch_bytes_ += line.size();
  ++applied_;
  return read_op(line, ops_);
}

void Bulk::commit() {
  batch_bytes_ = 0;
  storage::LocalChange change;
  change.ops = std::exchange(ops_, {});
  change.wants_versions = false;
  if (mutation_) {
    const std::string name = *mutation_ + "/" + std::to_string(++batches_);
    auto mutation = mutation_of(call_.access.name, name, change.ops, room_.hasher);
    if (!mutation) return fail_at(lines_, std::move(mutation).error());
    change.mutation = *mutation;
  }
  room_.data.write(to_text(*space_), std::move(change),
                   [self = shared_from_this()](const Result<storage::Written>& written) {
                     if (!self->is_over_) self->on_committed(written);
                   });
}

void Bulk::on_committed(const Result<storage::Written>& written) {
  if (!written) return fail_at(lines_, written.error());
  const bool all_repeated = (!last_ || last_->repeated) && written->repeated;
  last_ = *written;
  last_->repeated = all_repeated;
  acknowledged_ = lines_;
  progress_ ? report_progress() : read_lines();
}

void Bulk::report_progress() {
  progress_->piece(acknowledgement(*last_, applied_) + "\n",
                   [self = shared_from_this()](bool is_open) {
                     if (is_open && !self->is_over_) self->read_lines();
                   });
}

void Bulk::finish() {
  is_over_ = true;
  if (!last_) return fail_at(lines_, Error(Code::kUsage, "there are no ops"));
  if (progress_) return progress_->end();
  reply_.json(acknowledgement(*last_, applied_));
}

void Bulk::fail_at(std::uint64_t line, Error error) {
  is_over_ = true;
  error.detail = "line " + std::to_string(line) + ": " + error.detail;
  if (error.fix.empty())
    error.fix = "What came up to line " + std::to_string(acknowledged_) +
                " is stored; mend the rest and send it again.";
  HttpAnswer answer = problem_answer(error);
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
  return std::make_unique<BulkTaker>(std::make_shared<Bulk>(room, std::move(call), reply));
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
