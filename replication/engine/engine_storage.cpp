#include "replication/engine/engine.hpp"

/// What storage answers.
namespace lanyard::engine {

void Engine::on(SpaceOpened input) {
  if (input.refused_from) refuse_from(*input.refused_from, input.space);
  const auto found = spaces_.find(input.space);
  if (found == spaces_.end()) return;
  if (!input.log) {
    found->second.not_here();
    spaces_.erase(found);
    return;
  }
  if (input.damaged.empty()) damaged_.erase(input.space);
  found->second.opened(std::move(input), now_);
  list_members(found->first, found->second);
}

void Engine::on(const StoreCondition& input) {
  input.damaged.empty() ? void(damaged_.erase(input.space)) : void(damaged_.insert(input.space));
  const auto found = spaces_.find(input.space);
  if (found != spaces_.end()) return found->second.condition(input, now_);
  // Nobody has talked of it: both hold the same. Whoever is linked may bring what is damaged.
  if (!input.damaged.empty() && !sessions_.empty()) space(input.space);
}

void Engine::on(const LogMended& input) {
  const auto found = spaces_.find(input.space);
  if (found != spaces_.end()) found->second.mended(input);
}

void Engine::on(Committed input) {
  if (sessions_.empty() && !spaces_.contains(input.space)) return;  // nobody to tell
  const SpaceId id = input.space;
  SpaceSync& sync = space(id);
  sync.committed(std::move(input), now_);
  list_members(id, sync);
}

void Engine::on(const Applied& input) {
  const auto found = spaces_.find(input.space);
  if (found == spaces_.end()) return;
  found->second.applied(input.ticket, now_);
  list_members(found->first, found->second);
}

void Engine::on(const Durable& input) {
  const auto found = spaces_.find(input.space);
  if (found != spaces_.end()) found->second.durable(input.clock);
}

void Engine::on(const PersistFailed& input) {
  const auto found = spaces_.find(input.space);
  if (found != spaces_.end()) found->second.persist_failed(input, now_);
}

void Engine::on(LogLoaded input) {
  const auto found = spaces_.find(input.space);
  if (found != spaces_.end()) found->second.log_loaded(std::move(input), now_);
}

void Engine::on(const GrantLoaded& input) {
  const auto found = spaces_.find(input.space);
  if (found != spaces_.end()) found->second.grant_loaded(input, now_);
}

void Engine::on(const ForkSaid& input) {
  const auto found = spaces_.find(input.space);
  if (found != spaces_.end()) found->second.fork_said(input);
}

void Engine::on(ForkKept input) {
  const auto found = spaces_.find(input.space);
  if (found != spaces_.end()) found->second.fork_kept(std::move(input), now_);
}

}  // namespace lanyard::engine
