#pragma once

#include <catch2/catch.hpp>
#include <set>

#include "replication/engine/live_run.hpp"
#include "tests/integration/hostile/agent_process.hpp"
#include "tests/integration/hostile/costs.hpp"
#include "tests/integration/hostile/hostile_peer.hpp"
#include "tests/unit/oplog/oplog_test.hpp"

namespace lanyard::hostile {

/// What may be seen of a space from outside.
struct Seen {
  std::string state_hash;
  std::uint64_t changes = 0;
  std::uint64_t without_effect = 0;
  std::set<std::string> reasons;  ///< why those have none
  friend bool operator==(const Seen&, const Seen&) = default;
};

/// One change more is held, and nothing else is different.
void check_kept_without_effect(const Seen& before, const Seen& after);

/// An agent with a space of a few records, and Mallory: a member of it, whom this program plays.
/// All keys are real, and Mallory holds what a member holds.
class Scene {
 public:
  Scene();
  /// Reports what check_costs() saw, as one attack with the name of the test.
  ~Scene();
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  AgentProcess agent;
  oplog::Device mallory{7};
  oplog::Space space{mallory};  ///< the agent's, as Mallory knows it: with its key in her keys
  SpaceId not_shared;           ///< the agent's alone
  std::unique_ptr<oplog::LogWriter> log;  ///< Mallory's; after each row where the agent is, too
  std::optional<Usage> costs;             ///< of the rows so far

  using Link = std::shared_ptr<HostilePeer>;
  /// Secured, and nothing said yet. Ends the one before.
  [[nodiscard]] Link secured_link();
  /// In step with the agent: both have said hello and pulled, and the agent has given credit.
  [[nodiscard]] Link link();
  /// What the agent held when the last link() was in step, Mallory's log left out.
  [[nodiscard]] std::vector<oplog::ContextEntry> context() const;
  /// Of the agent's own log.
  [[nodiscard]] oplog::ContextEntry agents_head() const;
  [[nodiscard]] DeviceId agents_device();
  /// All that the agent held when the last link() was in step.
  [[nodiscard]] const VectorClock& clock() const { return clock_; }

  [[nodiscard]] Seen seen();
  [[nodiscard]] bool has_record(const std::string& key);
  /// The agent has done what it was told on this link, and the link is still there.
  [[nodiscard]] bool is_answered(HostilePeer& peer) { return hear_answer(peer, nullptr); }
  /// Everything that the agent has to say to this message, however long its storage takes.
  [[nodiscard]] std::vector<wire::Message> answers(HostilePeer& peer, const wire::Message& message);
  /// Why the agent dropped Mallory's last link.
  [[nodiscard]] std::string last_failure();
  /// The changes that the agent passes on to whoever asks for all of them.
  [[nodiscard]] std::set<Hash> forwarded();
  /// Nothing was lost, the agent serves, and an honest change of Mallory's still gets there.
  void check_all_is_well();

 private:
  void admit_mallory();
  void open_log();
  void take_key(const wire::Grant& grant);
  [[nodiscard]] bool is_unlinked();
  [[nodiscard]] bool hear_answer(HostilePeer& peer, std::vector<wire::Message>* others);

  std::weak_ptr<HostilePeer> last_link_;
  VectorClock clock_;
  std::string mallory_id_;
  int honest_ = 0;
  std::uint64_t pings_ = 0;
};

/// The message that carries one change live, signed as it should be.
[[nodiscard]] wire::LiveRun live(const Scene& scene, const oplog::Change& change);
/// The same change in a pack.
[[nodiscard]] wire::PackPart in_a_pack(const Scene& scene,
                                       const std::vector<oplog::Change>& changes);
/// A message; a pack that is too large for one in as many as it takes.
bool say_in_parts(HostilePeer& peer, const wire::Message& message);

/// Mallory's packs, one after the other as credit comes. The bytes of all.
std::size_t say_packs(HostilePeer& peer, const Scene& scene, const std::vector<Bytes>& packs);
/// The same as comes_about(), for what takes long on a machine that others use.
bool comes_at_last(const std::function<bool()>& condition);
/// The changes that an agent holds of the space of the scene, and the devices that it knows.
[[nodiscard]] std::uint64_t changes_of(AgentProcess& agent, const Scene& scene);
[[nodiscard]] std::size_t count_known(AgentProcess& agent);
/// An honest device that is a member, and calls the agent of the scene.
void join(Scene& scene, AgentProcess& other);

/// The most that an agent's memory may grow by, whatever a peer sends. Not asked of a sanitizer's.
void check_peak(const Usage& used);
/// The same, and it is one of the rows of which the scene reports the sum.
void check_costs(Scene& scene, const Watch& watch);

}  // namespace lanyard::hostile
