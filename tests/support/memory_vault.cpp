#include "tests/support/memory_vault.hpp"

#include "replication/engine/digest_dialogue.hpp"
#include "replication/merge/author_clocks.hpp"

namespace lanyard::support {

MemoryStore& MemoryVault::make(const SpaceId& space) {
  auto& store = stores_[space];
  if (!store) store = std::make_unique<MemoryStore>(space, ports_, faults_);
  return *store;
}

MemoryStore* MemoryVault::find(const SpaceId& space) {
  const auto found = stores_.find(space);
  return found == stores_.end() || left_.contains(space) ? nullptr : found->second.get();
}

std::optional<engine::Input> MemoryVault::perform(const engine::Effect& effect, WallTime wall) {
  const auto answer = [&](const auto& each) -> std::optional<engine::Input> {
    using T = std::decay_t<decltype(each)>;
    if constexpr (std::is_same_v<T, engine::Persist>) {
      return on(each, wall);
    } else if constexpr (std::is_same_v<T, engine::HoldWrites>) {
      held_.insert(each.space);
      return std::nullopt;
    } else if constexpr (std::is_same_v<T, engine::ReleaseWrites>) {
      release(each);
      return std::nullopt;
    } else if constexpr (requires { this->on(each); }) {
      return on(each);
    } else {
      return std::nullopt;
    }
  };
  return std::visit(answer, effect);
}

void MemoryVault::noticed(const engine::Notice& notice) {
  if (const auto* told = std::get_if<engine::PeerAcknowledged>(&notice))
    told_[{told->peer, told->space}] = told->durable;
}

std::uint64_t MemoryVault::missing(const DeviceId& peer, const SpaceId& space) const {
  const MemoryStore& store = *stores_.at(space);
  const auto told = told_.find({peer, space});
  VectorClock known = told == told_.end() ? VectorClock{} : told->second;
  const merge::AuthorClocks shown = merge::author_clocks(store.log(), store.merger());
  if (const auto own = shown.find(peer); own != shown.end()) raise(known, own->second);
  return missing_count(store.log().clock(), known);
}

void MemoryVault::power_cut(WallTime wall) {
  held_.clear();
  for (auto& [space, store] : stores_) store->power_cut(wall);
}

std::optional<engine::Input> MemoryVault::on(const engine::KeepGrant& effect) {
  if (MemoryStore* store = find(effect.space)) store->keep_grant(effect.epoch, effect.sealed);
  return std::nullopt;
}

std::optional<engine::Input> MemoryVault::on(const engine::LoadForkPoints& effect) {
  const MemoryStore* store = find(effect.space);
  auto points = store == nullptr ? Result<std::vector<Head>>(fail(Code::kNotFound))
                                 : store->fork_points(effect.log);
  if (!points) return std::nullopt;
  wire::ForkPoints message{effect.space, effect.log, std::move(*points)};
  return engine::ForkSaid{effect.link, effect.space, {std::move(message)}};
}

std::optional<engine::Input> MemoryVault::on(const engine::FindBranch& effect) {
  const MemoryStore* store = find(effect.space);
  auto branch = store == nullptr ? Result<oplog::Fork>(fail(Code::kNotFound))
                                 : store->find_branch(effect.log, effect.points);
  if (!branch) return std::nullopt;
  return engine::ForkSaid{effect.link, effect.space, {std::move(*branch)}};
}

std::optional<engine::Input> MemoryVault::on(const engine::LoadForks& effect) {
  engine::ForkSaid said{effect.link, effect.space, {}};
  const MemoryStore* store = find(effect.space);
  if (store == nullptr) return std::nullopt;
  for (const auto& [log, fork] : store->forks()) said.messages.emplace_back(fork);
  return said;
}

std::optional<engine::Input> MemoryVault::on(const engine::KeepFork& effect) {
  MemoryStore* store = find(effect.space);
  if (store == nullptr) return std::nullopt;
  auto kept = store->keep_fork(effect.fork);
  if (!kept) return std::nullopt;
  kept->link = effect.link;
  return std::move(*kept);
}

void MemoryVault::release(const engine::ReleaseWrites& effect) {
  held_.erase(effect.space);
  MemoryStore* store = find(effect.space);
  if (effect.in_new_log && store != nullptr) store->start_incarnation();
}

engine::Input MemoryVault::on(const engine::LoadShared& effect) {
  engine::SharedLoaded out{effect.link, {}, {}, {}};
  for (const auto& [space, store] : stores_) {
    const oplog::SpaceLog& log = store->log();
    if (left_.contains(space) || !log.is_member(ports_.signer.device()) ||
        !log.is_member(effect.peer))
      continue;
    out.spaces.push_back(
        {space, engine::digest_of(log.digest_clock(ports_.hasher), ports_.hasher)});
    if (missing(effect.peer, space) > 0) out.unconfirmed.insert(space);
  }
  return out;
}

engine::Input MemoryVault::on(const engine::OpenSpace& effect) {
  const MemoryStore* store = find(effect.space);
  if (store == nullptr) return engine::SpaceOpened{effect.space, std::nullopt, {}, {}, {}};
  return engine::SpaceOpened{effect.space, store->log(), store->durable(), store->own_grants(),
                             store->own_log()};
}

engine::Input MemoryVault::on(const engine::JoinSpace& effect) {
  if (left_.contains(effect.space) || find(effect.space) != nullptr)
    return on(engine::OpenSpace{effect.space});
  engine::SpaceOpened prospect{effect.space, oplog::SpaceLog{}, {}, {}, {}};
  prospect.log->space = effect.space;
  prospect.is_prospect = true;
  return prospect;
}

std::optional<engine::Input> MemoryVault::on(const engine::AddSpace& effect) {
  if (left_.contains(effect.space)) return on(engine::OpenSpace{effect.space});
  if (refused_.contains(effect.from)) {
    engine::SpaceOpened refused{effect.space, std::nullopt, {}, {}, {}};
    refused.refused_from = effect.from;
    return refused;
  }
  make(effect.space);
  return std::nullopt;
}

engine::Input MemoryVault::on(const engine::Persist& effect, WallTime wall) {
  MemoryStore* store = find(effect.space);
  if (store == nullptr) {
    return engine::PersistFailed{effect.space, Error(Code::kNotFound, "left")};
  }
  oplog::SpaceLog next = store->log();
  for (const oplog::Change& change : effect.accepted->pack.changes) {
    // What came before it was not taken either.
    if (disk_full_ || !next.advance(change, ports_.hasher)) {
      return engine::PersistFailed{effect.space, Error(Code::kDiskFull, "full")};
    }
  }
  store->apply(effect.accepted, wall);
  return engine::Applied{effect.space, effect.ticket};
}

engine::Input MemoryVault::on(const engine::MakeDurable& effect) {
  MemoryStore* store = find(effect.space);
  if (store == nullptr) return engine::Durable{effect.space, {}};
  store->make_durable();
  return engine::Durable{effect.space, store->durable()};
}

engine::Input MemoryVault::on(const engine::LoadLog& effect) {
  engine::LogLoaded out{effect.link, effect.space, effect.request, {}, 0, false, false};
  const MemoryStore* store = find(effect.space);
  out.failed = store == nullptr;
  if (store == nullptr) return out;
  MemoryStore::Slice slice = store->read_log(effect.position, effect.held, effect.bytes_max);
  out.packs = std::move(slice.packs);
  out.next = slice.next;
  out.at_end = slice.at_end;
  return out;
}

engine::Input MemoryVault::on(const engine::LoadGrant& effect) {
  const MemoryStore* store = find(effect.space);
  return engine::GrantLoaded{effect.link, effect.space, effect.request,
                             store == nullptr ? std::nullopt : store->grant_for(effect.device)};
}

}  // namespace lanyard::support
