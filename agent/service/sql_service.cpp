#include "agent/service/sql_service.hpp"

#include "storage/space_files.hpp"

namespace lanyard::agent {

void SqlService::ask(const SpaceId& space, const std::string& asker, storage::SqlQuestion question,
                     std::chrono::milliseconds most, const Done<storage::SqlAnswer>& done) {
  Asker& who = askers_[asker];
  if (who.waiting.size() >= kWaitingMax)
    return done(fail(Code::kBusy, "too many statements of this asker wait already",
                     "Ask one after the other."));
  who.waiting.push_back(
      {storage::space_file(host_.data_dir, space), std::move(question), most, done});
  start_next();
}

/// Whose turn was last is last in the next round.
void SqlService::start_next() {
  for (std::size_t left = askers_.size(); left > 0 && under_way_ < kUnderWayMax; --left) {
    auto next = askers_.upper_bound(last_);
    if (next == askers_.end()) next = askers_.begin();
    last_ = next->first;
    Asker& who = next->second;
    if (who.is_under_way || who.waiting.empty()) continue;
    Job job = std::move(who.waiting.front());
    who.waiting.pop_front();
    who.is_under_way = true;
    ++under_way_;
    start(next->first, std::move(job));
  }
}

void SqlService::start(const std::string& asker, Job job) {
  const auto kept = std::make_shared<Job>(std::move(job));
  pool_.read(
      [this, asker, kept, post = host_.post](SpaceReads&, std::chrono::milliseconds) {
        auto answer = std::make_shared<Result<storage::SqlAnswer>>(
            processes_.ask(kept->file, kept->question, {kept->most, pool_.is_over()}));
        if (!*answer && answer->error().is(Code::kInterrupted))
          *answer = fail(Code::kUnreachable,
                         "the statement took longer than " + std::to_string(kept->most.count()) +
                             " ms, and was ended",
                         "Ask for less, or declare an index for what it looks for.");
        post([this, asker, kept, answer] {
          ended(asker);
          kept->done(std::move(*answer));
        });
        return true;
      },
      [this, asker, kept, post = host_.post] {
        post([this, asker, kept] {
          ended(asker);
          kept->done(fail(Code::kBusy, "too many statements wait already", "Try again."));
        });
      });
}

void SqlService::ended(const std::string& asker) {
  --under_way_;
  const auto place = askers_.find(asker);
  place->second.is_under_way = false;
  if (place->second.waiting.empty()) askers_.erase(place);
  start_next();
}

void SqlService::let_go(const SpaceId& space) {
  processes_.let_go(storage::space_file(host_.data_dir, space));
}

}  // namespace lanyard::agent
