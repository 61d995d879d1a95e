#include "agent/compat/claim_queue.hpp"

#include "agent/logging.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

using storage::Written;

/// How often a post is planned anew, because somebody else's edit came between reading and writing;
/// the last time nothing is deleted.
constexpr int kPlanTries = 3;

/// What one change holds of ops that belong together: of deletes, more than ten thousand.
constexpr std::size_t kJoinedBytes = 768 * limits::kKiB;
/// What an op has beside its names and values, at most.
constexpr std::size_t kOpBytes = 16;

/// The next ops of a plan, as many as one change holds; none: that was all.
Result<std::optional<storage::LocalChange>> next_change(const ClaimPlan& plan, std::size_t& at) {
  if (at == plan.ops.size()) return std::optional<storage::LocalChange>();
  storage::LocalChange change;
  std::size_t bytes = 0;
  while (at < plan.ops.size()) {
    const PlannedOp& planned = plan.ops[at];
    const std::size_t size = planned.size() + kOpBytes;
    const bool is_full = planned.joins ? bytes + size > kJoinedBytes
                                       : change.ops.size() >= limits::kBulkChangeOps ||
                                             bytes + size > limits::kBulkChangeBytes;
    // A large value is cut by the store; what stands beside it must still fit.
    if (!change.ops.empty() && is_full) break;
    LANYARD_TRY_SET(storage::LocalOp op, local_op(planned));
    bytes += size;
    change.ops.push_back(std::move(op));
    ++at;
  }
  if (plan.let_go) plan.let_go();
  return std::optional(std::move(change));
}

/// What a note says, once its op has an answer.
storage::SeenVersion version_of(const ClaimPlan::Note& note,
                                const std::vector<std::string>& versions) {
  storage::SeenVersion out = note.version;
  if (note.op && *note.op < versions.size()) out.version = versions[*note.op];
  return out;
}

void add_versions(const Written& written, std::vector<std::string>& versions) {
  versions.insert(versions.end(), written.versions.begin(), written.versions.end());
}

}  // namespace

/// One job's turn.
struct ClaimQueue::Turn {
  Job job;
  SpaceId space;
  bool may_delete = true;
  int tries = 0;
  std::unique_ptr<ClaimPlanner> planner;
  std::size_t at = 0;  ///< ops of the plan that storage has taken
};

void ClaimQueue::add(Job job) {
  jobs_.push_back(std::move(job));
  if (!is_busy_) next();
}

void ClaimQueue::next() {
  if (jobs_.empty()) {
    is_busy_ = false;
    return;
  }
  is_busy_ = true;
  const auto turn = std::make_shared<Turn>();
  turn->job = std::move(jobs_.front());
  jobs_.pop_front();
  services_.directory.find(space_, [self = weak_from_this(), turn](const Result<SpaceId>& space) {
    const auto queue = self.lock();
    if (!queue) return;
    if (!space) return queue->end(turn, fail(space.error()));
    turn->space = *space;
    queue->plan(turn);
  });
}

void ClaimQueue::plan(const std::shared_ptr<Turn>& turn) {
  turn->planner = std::make_unique<ClaimPlanner>(services_, store_, turn->space, turn->job.client,
                                                 shown_as_, turn->may_delete);
  turn->at = 0;
  const Status planned = turn->job.work(*turn->planner);
  if (!planned) return end(turn, planned);
  write(turn);
}

void ClaimQueue::write(const std::shared_ptr<Turn>& turn) {
  const ClaimPlan& plan = turn->planner->plan();
  if (plan.ops.empty()) return written(turn, std::vector<std::string>());
  auto first = next_change(plan, turn->at);
  if (!first) return end(turn, fail(first.error()));
  if (turn->at < plan.ops.size()) {
    turn->at = 0;
    return write_in_one(turn);
  }
  services_.data.write(to_text(turn->space), std::move(**first),
                       [self = weak_from_this(), turn](const Result<Written>& answer) {
                         const auto queue = self.lock();
                         if (!queue) return;
                         if (!answer) return queue->written(turn, fail(answer.error()));
                         std::vector<std::string> versions;
                         add_versions(*answer, versions);
                         queue->written(turn, versions);
                       });
}

/// Several changes, one transaction. Meanwhile nobody here touches the plan.
void ClaimQueue::write_in_one(const std::shared_ptr<Turn>& turn) {
  services_.data.write_all(
      to_text(turn->space), [turn] { return next_change(turn->planner->plan(), turn->at); },
      [self = weak_from_this(), turn](const Result<std::vector<Written>>& answers) {
        const auto queue = self.lock();
        if (!queue) return;
        if (!answers) return queue->written(turn, fail(answers.error()));
        std::vector<std::string> versions;
        for (const Written& answer : *answers) add_versions(answer, versions);
        queue->written(turn, versions);
      });
}

void ClaimQueue::written(const std::shared_ptr<Turn>& turn,
                         const Result<std::vector<std::string>>& versions) {
  if (!versions) {
    const bool was_delete =
        versions.error().is(Code::kConflict) || versions.error().is(Code::kNotFound);
    if (!was_delete || ++turn->tries > kPlanTries) return end(turn, fail(versions.error()));
    turn->may_delete = turn->tries < kPlanTries;
    return plan(turn);
  }
  end(turn, settle(turn->job.client, turn->planner->plan(), *versions));
}

void ClaimQueue::end(const std::shared_ptr<Turn>& turn, const Status& done) {
  turn->job.done(done);
  services_.host.post([self = weak_from_this()] {
    if (const auto queue = self.lock()) queue->next();
  });
}

// ---- what clients believe

Status ClaimQueue::settle(const std::string& client, const ClaimPlan& plan,
                          const std::vector<std::string>& versions) {
  if (plan.notes.empty() && plan.forgotten.empty() && plan.kept.empty() && plan.wholes.empty())
    return {};
  const auto sync = plan.kept.empty() ? storage::Sync::kNormal : storage::Sync::kFull;
  LANYARD_TRY(store_.begin(sync));
  Status settled = settle_all(client, plan, versions);
  if (settled) return store_.commit();
  store_.rollback();
  return settled;
}

Status ClaimQueue::settle_all(const std::string& client, const ClaimPlan& plan,
                              const std::vector<std::string>& versions) {
  const std::int64_t now_ms = services_.host.wall().ms;
  for (const auto& [thing, members] : plan.kept) LANYARD_TRY(store_.keep(thing, members));
  for (const storage::CompatThing& thing : plan.forgotten)
    LANYARD_TRY(store_.forgets(client, thing));
  for (const ClaimPlan::Note& note : plan.notes)
    LANYARD_TRY(
        store_.believes(client, note.thing, note.parent, version_of(note, versions), now_ms));
  for (const ClaimPlan::WholeNote& whole : plan.wholes)
    LANYARD_TRY(settle_whole(client, whole, versions));
  return {};
}

Status ClaimQueue::settle_whole(const std::string& client, const ClaimPlan::WholeNote& whole,
                                const std::vector<std::string>& versions) {
  const std::int64_t now_ms = services_.host.wall().ms;
  if (whole.heard) return store_.hear_state(*whole.heard, now_ms);
  for (const storage::PageState& state : whole.left)
    LANYARD_TRY(store_.leave_state(state, whole.is_sure));
  std::vector<storage::StatePart> parts;
  for (const ClaimPlan::Note& part : whole.parts)
    parts.push_back({part.thing, part.parent, version_of(part, versions)});
  return store_.put_state(client, whole.whole, parts, now_ms);
}

Status ClaimQueue::note(const SpaceId& space, const std::string& client,
                        const std::function<Status(ClaimPlanner& planner)>& work) {
  ClaimPlanner planner(services_, store_, space, client, shown_as_, false);
  LANYARD_TRY(work(planner));
  return settle(client, planner.plan(), {});
}

}  // namespace lanyard::agent
