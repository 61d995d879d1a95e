#include "agent/memory_budget.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

/// What must be there beside a part, so that it is no client who takes the last of it: for what
/// storage, readers and answers take meanwhile.
constexpr std::uint64_t kLeftForOthers = 16 * limits::kMiB;
/// How often those who wait are thought of, where nothing goes back.
constexpr std::chrono::milliseconds kLookEvery{500};

}  // namespace

MemoryReservation::~MemoryReservation() {
  post_([id = id_, budget = budget_] {
    if (const auto kept = budget.lock()) kept->release(id);
  });
}

std::shared_ptr<MemoryBudget> MemoryBudget::make(Options options) {
  return std::shared_ptr<MemoryBudget>(new MemoryBudget(std::move(options)));
}

bool MemoryBudget::has_room(std::uint64_t bytes) const {
  const std::uint64_t most = is_large(bytes) ? options_.bytes / 4 * 3 : options_.bytes;
  const std::uint64_t used = is_large(bytes) ? used_by_large_ : used_;
  const bool is_alone = used == 0;
  const bool fits =
      is_alone || (std::max(used, used_) + bytes <= options_.bytes && used + bytes <= most);
  return fits && options_.is_there(bytes + kLeftForOthers);
}

MemoryBudget::Reservation MemoryBudget::reserve_anyway(std::uint64_t bytes) {
  parts_[++last_id_].bytes = bytes;
  used_ += bytes;
  if (is_large(bytes)) used_by_large_ += bytes;
  return Reservation(new MemoryReservation(last_id_, weak_from_this(), options_.post));
}

MemoryBudget::Reservation MemoryBudget::try_reserve(std::uint64_t bytes) {
  const bool is_first = std::none_of(waits_.begin(), waits_.end(), [&](const Wait& each) {
    return is_large(each.bytes) == is_large(bytes);
  });
  return is_first && has_room(bytes) ? reserve_anyway(bytes) : nullptr;
}

std::uint64_t MemoryBudget::wait_for(std::uint64_t bytes, Reserved done) {
  const std::uint64_t id = ++last_id_;
  waits_.push_back({id, bytes, std::move(done)});
  options_.after(options_.wait_max, [weak = weak_from_this(), id] {
    if (const auto self = weak.lock()) self->expire(id);
  });
  look_again();
  return id;
}

void MemoryBudget::cancel(std::uint64_t wait) {
  std::erase_if(waits_, [&](const Wait& each) { return each.id == wait; });
}

void MemoryBudget::expire(std::uint64_t wait) {
  const auto found =
      std::find_if(waits_.begin(), waits_.end(), [&](const Wait& each) { return each.id == wait; });
  if (found == waits_.end()) return;
  const Reserved done = std::move(found->done);
  waits_.erase(found);
  done(nullptr);
  serve();  // it may have been in the way of a smaller one
}

void MemoryBudget::release(std::uint64_t id) {
  const auto found = parts_.find(id);
  if (found == parts_.end()) return;
  used_ -= found->second.bytes;
  if (is_large(found->second.bytes)) used_by_large_ -= found->second.bytes;
  parts_.erase(found);
  serve();
}

void MemoryBudget::serve() {
  for (const bool large : {false, true}) {
    const auto first = [&] {
      return std::find_if(waits_.begin(), waits_.end(),
                          [&](const Wait& each) { return is_large(each.bytes) == large; });
    };
    for (auto next = first(); next != waits_.end() && has_room(next->bytes); next = first()) {
      const Wait served = std::move(*next);
      waits_.erase(next);
      served.done(reserve_anyway(served.bytes));
    }
  }
}

/// Others may have given memory back of which the budget knows nothing.
void MemoryBudget::look_again() {
  if (std::exchange(is_looking_, true)) return;
  options_.after(kLookEvery, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->is_looking_ = false;
    self->serve();
    if (self->waits_.empty()) return;
    self->make_way(self->options_.hold_max);
    self->look_again();
  });
}

void MemoryBudget::may_give_way(const Reservation& reservation, std::function<void()> give_way) {
  if (!reservation) return;
  const auto found = parts_.find(reservation->id_);
  if (found != parts_.end()) found->second.give_way = std::move(give_way);
}

void MemoryBudget::moved(const Reservation& reservation) {
  if (!reservation) return;
  const auto found = parts_.find(reservation->id_);
  if (found != parts_.end()) found->second.since = Clock::now();
}

void MemoryBudget::make_way(std::chrono::milliseconds quiet) {
  std::vector<std::function<void()>> asked;
  for (auto& [id, part] : parts_)
    if (part.give_way && Clock::now() - part.since >= quiet)
      asked.push_back(std::exchange(part.give_way, nullptr));
  for (const auto& give_way : asked) give_way();
}

}  // namespace lanyard::agent
