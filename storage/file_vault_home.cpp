#include <algorithm>

#include "replication/types/limits.hpp"
#include "storage/file_vault.hpp"
#include "storage/names.hpp"
#include "storage/record_source.hpp"

/// The space called `default`: every device has one, and two that are paired have one together.
namespace lanyard::storage {
namespace {

/// Plain bytes of a piece of a move: some milliseconds of writing, so that others wait little.
constexpr std::size_t kMovePieceBytes = 1 * limits::kMiB;
constexpr const char* kOldHomeName = "default before pairing";

bool is_beginning(const CarryPlace& place) { return place.collection == 0 && !place.key; }

}  // namespace

Result<std::optional<SpaceId>> FileVault::space_setting(const char* key) {
  LANYARD_TRY_SET(const auto text, platform_.setting(key));
  if (!text) return std::nullopt;
  const auto id = space_id_from_text(*text);
  if (!id) return fail(Code::kCorrupt, std::string("platform.sqlite: the setting ") + key);
  return id;
}

Result<bool> FileVault::is_shared(const SpaceId& space) {
  // After a crash the list of members may be old.
  if (dirty_.contains(space)) LANYARD_TRY(refresh_space(space));
  LANYARD_TRY_SET(const auto members, platform_.members_of(space));
  const DeviceId self = ports_.signer.device();
  return std::any_of(members.begin(), members.end(),
                     [&](const DeviceId& member) { return member != self; });
}

Result<SpaceId> FileVault::home_id(WallTime now) {
  LANYARD_TRY_SET(const auto known, space_setting(kHomeSetting));
  if (known) return *known;
  LANYARD_TRY_SET(const auto spaces, platform_.spaces());
  const auto named = std::find_if(spaces.begin(), spaces.end(), [](const SpaceEntry& each) {
    return each.name == kHomeName && !each.left;
  });
  SpaceId home;
  if (named != spaces.end()) {
    home = named->id;
  } else {
    LANYARD_TRY_SET(const Created created, create_space(kHomeName, now));
    home = created.id;
  }
  LANYARD_TRY(platform_.set_setting(kHomeSetting, to_text(home)));
  return home;
}

Result<Home> FileVault::home(WallTime now) {
  LANYARD_TRY_SET(const SpaceId id, home_id(now));
  LANYARD_TRY_SET(const bool shared, is_shared(id));
  return Home{id, shared};
}

Result<Vault::PairOutcome> FileVault::pair(const NewPairing& pairing, WallTime now) {
  if (pairing.device == ports_.signer.device())
    return fail(Code::kUsage, "a device cannot be paired with itself");
  LANYARD_TRY_SET(const Home ours, home(now));
  PairOutcome out;
  out.home = ours.id;
  LANYARD_TRY_SET(const auto ours_now, platform_.members_of(ours.id));
  const bool is_same = ours.id == pairing.their_home;
  const bool can_admit =
      std::find(ours_now.begin(), ours_now.end(), ports_.signer.device()) != ours_now.end();
  if (pairing.plan == HomePlan::kShare || (is_same && can_admit)) {
    // Before the device is known: whoever dies in between leaves a member, which is known by that.
    if (std::find(ours_now.begin(), ours_now.end(), pairing.device) == ours_now.end()) {
      LANYARD_TRY_SET(out.outcome, share_space(ours.id, pairing.device, now));
    }
  }
  const bool moves =
      pairing.plan == HomePlan::kMove && !ours.is_shared && ours.id != pairing.their_home;
  if (moves && parts_.contains(pairing.their_home)) {
    // Ours under an earlier identity: it is that of both again.
    LANYARD_TRY_SET(const auto row, platform_.space(pairing.their_home));
    if (row && !row->has_data) {  // its copy was put away: it comes from the others
      LANYARD_TRY_SET(const std::string name, free_space_name(name_made_of(pairing.their_home)));
      LANYARD_TRY(platform_.rejoin_empty(pairing.their_home, name, options_.digest_of({})));
    }
    LANYARD_TRY(platform_.take_back(pairing.their_home));
    parts_.erase(pairing.their_home);
  }
  NewPairing kept = pairing;
  kept.says_name = device_name_from_outside(pairing.says_name);
  LANYARD_TRY(platform_.add_pairing(kept, moves, now));
  LANYARD_TRY(say_known(pairing.device, now));
  LANYARD_TRY(settle_forgotten());
  return out;
}

/// Whether the space is here, with us as a member: then there are keys to write with.
Result<bool> FileVault::can_move_to(const SpaceId& space) {
  LANYARD_TRY_SET(const auto row, platform_.space(space));
  if (!row || row->has_left) return false;
  LANYARD_TRY_SET(const WatchedStore* store, open_store(space));
  return store->state().log.is_member(ports_.signer.device());
}

Result<HomeMove> FileVault::move_home(WallTime now) {
  LANYARD_TRY_SET(const auto from, space_setting(kMovesFromSetting));
  LANYARD_TRY_SET(const auto home, space_setting(kHomeSetting));
  if (from) {
    LANYARD_TRY_SET(HomeMove move, carry_piece(*from, *home, now));
    const bool is_first = std::exchange(move_is_untold_, false);
    if (is_first && move.state == HomeMove::State::kMoving) move.state = HomeMove::State::kBegun;
    return move;
  }
  LANYARD_TRY_SET(const auto to, space_setting(kMovesToSetting));
  if (!to || !home) return HomeMove{};
  LANYARD_TRY_SET(const bool is_here, can_move_to(*to));
  if (!is_here) return HomeMove{HomeMove::State::kWaiting, *home, *to, {}};
  LANYARD_TRY_SET(const bool shared, is_shared(*home));
  if (shared) {  // since we agreed to move it: others rely on it now
    LANYARD_TRY(platform_.forget_move());
    return HomeMove{};
  }
  LANYARD_TRY_SET(const std::string old_name, free_space_name(kOldHomeName));
  files_.close(*home);
  LANYARD_TRY(platform_.begin_move(*home, old_name, *to));
  parts_[*home] = *to;
  LANYARD_TRY(settle_forgotten());
  LANYARD_TRY_SET(HomeMove move, carry_piece(*home, *to, now));
  if (move.state == HomeMove::State::kMoving) move.state = HomeMove::State::kBegun;
  return move;
}

SpaceId FileVault::stands_for(const SpaceId& space) const {
  SpaceId id = space;
  // Carried over more than once: never in a ring, since only a space that is not shared moves.
  for (auto part = parts_.find(id); part != parts_.end(); part = parts_.find(id)) id = part->second;
  return id;
}

Result<HomeMove> FileVault::carry_piece(const SpaceId& from, const SpaceId& to, WallTime now) {
  LANYARD_TRY_SET(HomeMove move, carry_some(from, to, kMovePieceBytes, now));
  if (move.state != HomeMove::State::kOver) return move;
  // Most have never been used when they are paired: nobody is to wonder what that space is.
  const bool is_unused = was_never_used(from);
  LANYARD_TRY(platform_.end_move(from, is_unused));
  if (!is_unused) return move;
  LANYARD_TRY(close_for_good(from));
  LANYARD_TRY(remove_copy(from));
  return move;
}

/// False where that cannot be read: then its file is kept.
bool FileVault::was_never_used(const SpaceId& space) const {
  const auto source = RecordSource::open(file_of(space), space, ports_.rng);
  if (!source) return false;
  const auto is_unused = (*source)->is_unused();
  return is_unused && *is_unused;
}

Result<HomeMove> FileVault::carry_some(const SpaceId& from, const SpaceId& to, std::size_t bytes,
                                       WallTime now) {
  HomeMove move{HomeMove::State::kMoving, from, to, {}};
  LANYARD_TRY_SET(WatchedStore * store, open_store(to));
  LANYARD_TRY_SET(CarryPlace place, store->carried(from));
  if (!place.is_over) {
    LANYARD_TRY_SET(const auto source, RecordSource::open(file_of(from), from, ports_.rng));
    if (is_beginning(place)) {
      // Before anything else is written to the new place: a client that sends again what it had
      // written to the old one may be the first.
      LANYARD_TRY_SET(const auto mutations, source->mutations());
      LANYARD_TRY(store->know_mutations(mutations));
    }
    LANYARD_TRY_SET(const auto records, source->next(place, bytes));
    LANYARD_TRY_SET(move.outcome, store->carry(records, source->hash_of(), place, now));
  }
  if (place.is_over) move.state = HomeMove::State::kOver;
  return move;
}

}  // namespace lanyard::storage
