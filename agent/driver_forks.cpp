#include "agent/driver.hpp"
#include "agent/logging.hpp"

/// What the engine asks of storage about forks, and of a log that is in doubt.
namespace lanyard::agent {

void Driver::perform(const engine::LoadForkPoints& effect) {
  storage_->run([this, effect](storage::Vault& vault) {
    const auto store = vault.space(effect.space);
    if (!store) return;
    if (auto points = (*store)->fork_points(effect.log))
      answer(engine::ForkSaid{effect.link,
                              effect.space,
                              {wire::ForkPoints{effect.space, effect.log, std::move(*points)}}});
  });
}

void Driver::perform(const engine::FindBranch& effect) {
  storage_->run([this, effect](storage::Vault& vault) {
    const auto store = vault.space(effect.space);
    if (!store) return;
    if (auto branch = (*store)->find_branch(effect.log, effect.points))
      answer(engine::ForkSaid{effect.link, effect.space, {std::move(*branch)}});
  });
}

void Driver::perform(const engine::LoadForks& effect) {
  storage_->run([this, effect](storage::Vault& vault) {
    const auto store = vault.space(effect.space);
    auto forks =
        store ? (*store)->forks() : Result<std::vector<storage::KeptFork>>(fail(store.error()));
    if (!forks) return;
    engine::ForkSaid said{effect.link, effect.space, {}};
    for (storage::KeptFork& each : *forks) said.messages.emplace_back(std::move(each.fork));
    answer(std::move(said));
  });
}

void Driver::perform(const engine::KeepFork& effect) {
  storage_->run([this, effect](storage::Vault& vault) {
    const auto store = vault.space(effect.space);
    auto kept =
        store ? (*store)->keep_fork(effect.fork) : Result<storage::KeptFork>(fail(store.error()));
    if (!kept) {
      log_warning("a fork in space " + to_text(effect.space) +
                  " was told and is not kept: " + kept.error().detail);
      return;
    }
    if (kept->is_new) refresh(effect.space);  // its branch may have admitted somebody
    answer(engine::ForkKept{effect.link, effect.space, effect.fork.second.empty(), kept->is_new,
                            kept->log, std::move(kept->other), std::move(kept->fork)});
  });
}

void Driver::perform(const engine::HoldWrites& effect) { storage_->hold_writes(effect.space); }

void Driver::perform(const engine::ReleaseWrites& effect) {
  storage_->release_writes(effect.space, effect.in_new_log);
}

}  // namespace lanyard::agent
