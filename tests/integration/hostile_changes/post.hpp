#pragma once

#include "tests/integration/hostile/scene.hpp"
#include "tests/integration/hostile_changes/forge.hpp"

/// How what Mallory made comes to an agent: over a link that keeps every rule.
namespace lanyard::hostile {

/// Her links to one agent, one after the other. What goes wrong ends the test.
class Post {
 public:
  Post(AgentProcess& agent, oplog::Device& mallory);

  /// A link that is in step in this space, in place of the one before. `ours`: where her logs end.
  void link(const SpaceId& space, const VectorClock& ours);
  void hang_up();
  /// Sends what was made as credit comes, spaces that are offered once they are asked for.
  void send(Forge& forge);
  /// Keeps the link alive until the agent has come to this.
  void wait_until(const std::function<bool()>& condition);

  /// What the agent held when the last link was in step.
  [[nodiscard]] const VectorClock& clock_of(const SpaceId& space) { return clocks_[space]; }
  /// The newest epoch that was granted in the space.
  [[nodiscard]] EpochId epoch_of(const SpaceId& space) { return epochs_[space]; }
  /// Since this was asked last: what she sent, and how many links she made.
  [[nodiscard]] std::size_t take_wire_bytes();
  [[nodiscard]] std::size_t count_links() const { return links_; }

 private:
  void pull(const VectorClock& ours);
  /// The agent's next message, which is taken in.
  void hear();
  void take(const wire::Message& message);
  void take_pull(const wire::Pull& pull);
  void say(const wire::Message& message);
  void earn(std::uint64_t credit);
  void answer_ping();
  [[nodiscard]] std::string what_happened();

  AgentProcess& agent_;
  oplog::Device& mallory_;
  std::string mallory_id_;
  std::optional<HostilePeer> peer_;
  SpaceId space_;
  std::map<SpaceId, VectorClock> clocks_;
  VectorClock coming_;  ///< parts of a clock that are not all here
  std::map<SpaceId, EpochId> epochs_;
  std::map<SpaceId, Founded> offered_;
  std::uint64_t credit_ = 0;
  bool pulled_ = false;
  bool told_ = false;
  std::uint64_t pings_ = 0;
  std::uint64_t answered_ = 0;
  std::size_t wire_bytes_ = 0;  ///< of links that are no more
  std::size_t links_ = 0;
};

}  // namespace lanyard::hostile
