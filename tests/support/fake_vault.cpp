#include "tests/support/fake_vault.hpp"

namespace lanyard::support {
namespace {

using namespace storage;

/// Answers a write with the dot (number of the write, position in it).
class FakeStore final : public SpaceStore {
 public:
  explicit FakeStore(FakeVaultScript& script) : script_(script) {}

  SpaceState state() const override { return {}; }
  OwnLog own_log() const override { return {}; }
  Result<bool> holds_own(const Head&) override { return true; }
  Result<WriteOutcome> found(const oplog::Founding&, WallTime) override { return WriteOutcome{}; }
  Result<WriteOutcome> admit(const DeviceId&, WallTime) override { return WriteOutcome{}; }
  Result<SignedGrant> grant_for(const DeviceId&) const override { return SignedGrant{}; }
  WriteOutcome write(const std::vector<LocalChange>& changes, WallTime) override;
  Result<WriteOutcome> write_all(const ChangeSource&, WallTime) override { return WriteOutcome{}; }
  Result<WriteOutcome> carry(const std::vector<merge::NamedRecord>&, const merge::HashOf&,
                             const CarryPlace&, WallTime) override {
    return WriteOutcome{};
  }
  Result<CarryPlace> carried(const SpaceId&) override { return CarryPlace{}; }
  Status know_mutations(const std::vector<KnownMutation>&) override { return {}; }
  Status keep_grant(const EpochId&, ByteView) override { return {}; }
  Status start_incarnation() override {
    script_.events.emplace_back("new log");
    return {};
  }
  void doubt_own_log(bool is_in_doubt) override {
    script_.events.emplace_back(is_in_doubt ? "doubt 1" : "doubt 0");
  }
  Result<ApplyOutcome> apply(const std::vector<const oplog::Accepted*>& packs, WallTime,
                             const std::function<bool()>& stop) override;
  Status make_durable() override { return {}; }
  Result<LogSlice> read_log(std::uint64_t, const VectorClock&, std::size_t, bool) override {
    return LogSlice{};
  }
  Status declare_index(const DeclaredIndex&, bool) override { return {}; }
  Result<Touched> touched_since(const VectorClock&, std::uint64_t) override { return Touched{}; }
  Result<Missed> missed_since(const MissedRequest&) override { return Missed{}; }
  Result<std::vector<Head>> fork_points(const LogId&) override { return {}; }
  Result<oplog::Fork> find_branch(const LogId&, const std::vector<Head>&) override { return {}; }
  Result<KeptFork> keep_fork(const oplog::Fork&) override { return {}; }
  Result<std::vector<KeptFork>> forks() override { return {}; }
  Result<bool> tidy() override { return false; }
  Status checkpoint() override { return {}; }
  Result<Hash> state_hash() override { return Hash{}; }
  Result<std::vector<WithoutEffect>> without_effect() override { return {}; }
  Result<SpaceSums> sums() override { return SpaceSums{}; }
  std::vector<std::string> take_notes() override { return {}; }

 private:
  FakeVaultScript& script_;
  std::uint8_t writes_ = 0;
};

WriteOutcome FakeStore::write(const std::vector<LocalChange>& changes, WallTime) {
  script_.events.push_back("write " + std::to_string(changes.size()));
  if (script_.in_write) script_.in_write();
  WriteOutcome outcome;
  ++writes_;
  for (std::size_t at = 0; at < changes.size(); ++at) {
    if (script_.write_fails) {
      outcome.answers.emplace_back(fail(*script_.write_fails));
    } else if (changes[at].ops.empty()) {
      outcome.answers.emplace_back(fail(Code::kUsage, "a change without ops"));
    } else {
      LogId log;
      log.bytes.fill(writes_);
      outcome.answers.emplace_back(Written{{log, Seq{at + 1}}, {}});
      outcome.runs.resize(1);
    }
  }
  return outcome;
}

Result<ApplyOutcome> FakeStore::apply(const std::vector<const oplog::Accepted*>& packs, WallTime,
                                      const std::function<bool()>& stop) {
  if (script_.apply_fails) {
    script_.events.emplace_back("apply fails");
    return fail(*script_.apply_fails);
  }
  ApplyOutcome outcome;
  for (const oplog::Accepted* pack : packs) {
    if (outcome.packs > 0 && stop && stop()) break;
    if (script_.in_apply) script_.in_apply();
    outcome.changes += pack->pack.changes.size();
    ++outcome.packs;
  }
  script_.events.push_back("apply " + std::to_string(outcome.packs) + " packs");
  return outcome;
}

}  // namespace

FakeVault::FakeVault(FakeVaultScript& script) : script_(script) {}
FakeVault::~FakeVault() = default;

Result<SpaceStore*> FakeVault::space(const SpaceId& space) {
  if (script_.missing.contains(space)) return fail(Code::kNotFound, "no such space");
  auto& store = stores_[space];
  if (!store) store = std::make_unique<FakeStore>(script_);
  return store.get();
}

Status FakeVault::room_to_write() {
  if (script_.no_room) return fail(*script_.no_room);
  return {};
}

bool FakeVault::upkeep(WallTime) {
  script_.events.emplace_back("upkeep");
  if (script_.in_upkeep) script_.in_upkeep();
  if (script_.upkeep_pieces == 0) return false;
  --script_.upkeep_pieces;
  return true;
}

void FakeVault::close() { script_.events.emplace_back("close"); }

}  // namespace lanyard::support
