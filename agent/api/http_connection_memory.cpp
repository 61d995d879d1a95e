#include "agent/api/http_connection.hpp"
#include "agent/api/memory_refusal.hpp"

/// What a connection does so that all of them together take no more memory than there is.
namespace lanyard::agent {
namespace {

/// Whoever has taken nothing of its answer for so long has no claim on the memory of others'.
constexpr std::chrono::seconds kAnswerQuietMax{2};

}  // namespace

/// Whether the body cannot be begun before there is memory for it.
bool HttpConnection::needs_memory() const {
  const auto length = parser_->content_length();
  return order_.memory_per_byte > 0 && length.value_or(0) > kSmallBody;
}

/// Goes on with `next` once it has so much, or is refused. Meanwhile nothing is read, so that the
/// rest of the body waits at the client.
void HttpConnection::reserve(std::uint64_t bytes, void (HttpConnection::*next)()) {
  if (!memory_) memory_ = std::make_shared<MemoryBudget::Reservation>();
  if (auto now = host_.bodies->try_reserve(bytes)) return on_reserved(std::move(now), next);
  if (host_.waiting >= host_.waiting_max) return refuse_for_memory();
  deadline_.expires_never();
  ++host_.waiting;
  wait_ = host_.bodies->wait_for(
      bytes, [weak = weak_from_this(), next](MemoryBudget::Reservation memory) {
        const auto self = weak.lock();
        if (!self || self->wait_ == 0) return;
        self->end_wait();
        memory ? self->on_reserved(std::move(memory), next) : self->refuse_for_memory();
      });
}

void HttpConnection::on_reserved(MemoryBudget::Reservation memory, void (HttpConnection::*next)()) {
  host_.bodies->may_give_way(memory, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->state_ != State::kBody || self->is_answered_) return;
    self->has_to_give_way_ = true;
    NetError ignored;
    self->socket_.cancel(ignored);
  });
  *memory_ = std::move(memory);
  (this->*next)();
}

void HttpConnection::end_wait() {
  if (wait_ == 0) return;
  host_.bodies->cancel(std::exchange(wait_, 0));
  --host_.waiting;
}

void HttpConnection::refuse_for_memory() {
  HttpAnswer answer = no_memory_for_body(*host_.bodies);
  const auto& say = host_.manners.refusal;
  if (say) {
    const auto fields = std::move(answer.fields);
    answer = say(answer.status, no_memory_problem(*host_.bodies));
    answer.fields.insert(answer.fields.end(), fields.begin(), fields.end());
  }
  refuse(std::move(answer));
}

// ---- answers

/// Whether the answer may be kept until the client has read it. One that says what was changed is,
/// in any case.
bool HttpConnection::reserve_answer(const HttpAnswer& answer) {
  if (answer.body.size() <= kSmallBody) return true;
  MemoryBudget& budget = *host_.answers;
  answer_memory_ = budget.try_reserve(answer.body.size());
  if (!answer_memory_) budget.make_way(kAnswerQuietMax);
  if (!answer_memory_ && !order_.only_reads)
    answer_memory_ = budget.reserve_anyway(answer.body.size());
  if (!answer_memory_) return false;
  budget.may_give_way(answer_memory_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->close();
  });
  return true;
}

/// The client has taken something of its answer, and is sent as much again.
std::size_t HttpConnection::go_on_writing() {
  if (answer_memory_) host_.answers->moved(answer_memory_);
  return 64 * limits::kKiB;
}

}  // namespace lanyard::agent
