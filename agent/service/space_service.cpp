#include "agent/service/space_service.hpp"

#include <algorithm>

#include "agent/logging.hpp"
#include "agent/service/names.hpp"
#include "replication/types/device_id_text.hpp"

namespace lanyard::agent {
namespace {

using storage::SpaceEntry;

Result<SpaceEntry> space_of(storage::Vault& vault, const std::string& name, bool even_left) {
  LANYARD_TRY_SET(const auto spaces, vault.spaces());
  return resolve_space(spaces, name, even_left);
}

/// The engine and the doors hear of a run of ours from whoever had it written.
void tell(const storage::StorageThread::Committed& committed, const SpaceId& space,
          storage::WriteOutcome outcome) {
  if (!outcome.runs.empty())
    committed(space, std::make_shared<const storage::WriteOutcome>(std::move(outcome)));
}

void log_shared(const SpaceService::Shared& shared, const char* how) {
  log_info("space " + to_text(shared.space.id) + " was shared" + how + " with device " +
           to_short_text(shared.device.id));
}

}  // namespace

void SpaceService::list(Done<std::vector<SpaceEntry>> done) {
  ask_storage<std::vector<SpaceEntry>>(
      host_,
      [](storage::Vault& vault) -> Result<std::vector<SpaceEntry>> {
        LANYARD_TRY_SET(auto spaces, vault.spaces());
        // Nothing is here of one that was carried over and has no file: its id alone is of use.
        std::erase_if(spaces, [](const SpaceEntry& each) {
          return each.now_part_of && each.name == to_text(each.id);
        });
        sort_for_people(spaces);
        return spaces;
      },
      std::move(done));
}

void SpaceService::create(const std::string& name, const std::optional<storage::TokenId>& maker,
                          Done<SpaceEntry> done) {
  ask_storage<SpaceEntry>(
      host_,
      [name, maker, committed = host_.committed,
       now = host_.wall()](storage::Vault& vault) -> Result<SpaceEntry> {
        LANYARD_TRY_SET(auto created, vault.create_space(name, now));
        log_info("space " + to_text(created.id) + " was made");
        // It is there, whatever becomes of this: a person can give the right, too.
        if (maker)
          if (const Status given = vault.add_right(*maker, created.id); !given)
            log_warning("the token with which it was made may not use it: " + given.error().detail);
        tell(committed, created.id, std::move(created.outcome));
        return space_of(vault, to_text(created.id), false);
      },
      [this, done = std::move(done)](Result<SpaceEntry> created) {
        if (created) host_.space_changed(created->id);
        done(std::move(created));
      });
}

void SpaceService::share(const std::string& space, const std::string& device, Done<Shared> done) {
  ask_storage<Shared>(
      host_,
      [space, device, self = host_.self, network = &host_.network, committed = host_.committed,
       now = host_.wall()](storage::Vault& vault) -> Result<Shared> {
        Shared out;
        LANYARD_TRY_SET(out.space, space_of(vault, space, true));
        LANYARD_TRY_SET(const auto devices, vault.devices());
        LANYARD_TRY_SET(out.device, resolve_trusted_device(devices, device));
        // Left here: whoever shares it wants it back.
        if (out.space.left) {
          LANYARD_TRY_SET(out.is_back, vault.rejoin_space(out.space.id, self));
          LANYARD_TRY_SET(out.space, space_of(vault, to_text(out.space.id), false));
        }
        const auto& members = out.space.members;
        out.was_member = std::find(members.begin(), members.end(), out.device.id) != members.end();
        if (out.was_member) {
          // It may have left it: then it is to have it again.
          LANYARD_TRY(vault.invite(out.device.id, out.space.id));
          log_shared(out, " once more");
          network->post([network, id = out.device.id] {
            network->shared_again(id);
            network->sync_now();
          });
          return out;
        }
        LANYARD_TRY_SET(auto outcome, vault.share_space(out.space.id, out.device.id, now));
        log_shared(out, "");
        tell(committed, out.space.id, std::move(outcome));
        network->post([network] { network->sync_now(); });
        return out;
      },
      [this, done = std::move(done)](Result<Shared> shared) {
        if (shared && shared->is_back) host_.space_changed(shared->space.id);
        done(std::move(shared));
      });
}

void SpaceService::change(const std::string& space, const storage::SpaceWish& wish,
                          Done<SpaceEntry> done) {
  ask_storage<SpaceEntry>(
      host_,
      [space, wish](storage::Vault& vault) -> Result<SpaceEntry> {
        LANYARD_TRY_SET(const SpaceEntry found, space_of(vault, space, false));
        LANYARD_TRY(vault.change_space(found.id, wish));
        log_info("space " + to_text(found.id) + (wish.name ? " has another name here" : "") +
                 (wish.mode ? " is synced in another way here" : "") +
                 (wish.archived ? *wish.archived ? " was put away here" : " is back here" : ""));
        return space_of(vault, to_text(found.id), false);
      },
      [this, network = &host_.network, done = std::move(done)](Result<SpaceEntry> changed) {
        if (changed) {
          host_.space_changed(changed->id);
          network->post([network, id = changed->id, is_synced = is_synced(*changed)] {
            is_synced ? network->sync_now() : network->space_left(id);
          });
        }
        done(std::move(changed));
      });
}

void SpaceService::leave(const std::string& space, storage::LeftCopy copy, Done<SpaceEntry> done) {
  ask_storage<SpaceEntry>(
      host_,
      [space, copy](storage::Vault& vault) -> Result<SpaceEntry> {
        // What was left is meant too, after what is here: its copy can still go.
        auto here = space_of(vault, space, false);
        if (!here && here.error().is(Code::kNotFound)) here = space_of(vault, space, true);
        LANYARD_TRY_SET(SpaceEntry found, std::move(here));
        LANYARD_TRY(vault.leave_space(found.id, copy));
        log_info("space " + to_text(found.id) + " was left here" +
                 (copy == storage::LeftCopy::kKept ? "" : ", and its copy removed"));
        found.left = true;
        return found;
      },
      [this, network = &host_.network, done = std::move(done)](Result<SpaceEntry> left) {
        if (left) {
          host_.space_changed(left->id);
          network->post([network, id = left->id] { network->space_left(id); });
        }
        done(std::move(left));
      });
}

void SpaceService::accept_loss(const std::string& space, Done<AcceptedLoss> done) {
  ask_storage<AcceptedLoss>(
      host_,
      [space](storage::Vault& vault) -> Result<AcceptedLoss> {
        AcceptedLoss out;
        LANYARD_TRY_SET(out.space, space_of(vault, space, false));
        LANYARD_TRY_SET(out.changes, vault.accept_loss(out.space.id));
        log_info("space " + to_text(out.space.id) + ": that " + std::to_string(out.changes) +
                 " changes of it are lost was accepted here");
        return out;
      },
      std::move(done));
}

void SpaceService::info(const std::string& space, bool with_hash, Done<SpaceInfo> done) {
  ask_storage<SpaceInfo>(
      host_,
      [space, with_hash, self = host_.self,
       self_name = host_.self_name](storage::Vault& vault) -> Result<SpaceInfo> {
        SpaceInfo out;
        LANYARD_TRY_SET(out.space, space_of(vault, space, true));
        out.file = vault.file_of(out.space.id);
        LANYARD_TRY_SET(const DeviceNames names, DeviceNames::read(vault, self, self_name));
        for (const DeviceId& member : out.space.members)
          out.members.emplace_back(member, names.of(member));
        if (out.space.left) return out;
        LANYARD_TRY_SET(storage::SpaceStore* const store, vault.space(out.space.id));
        LANYARD_TRY_SET(const auto without_effect, store->without_effect());
        for (const storage::WithoutEffect& each : without_effect)
          out.without_effect.push_back({names.of(each.author), each});
        if (with_hash) {
          LANYARD_TRY_SET(const Hash hash, store->state_hash());
          out.state_hash = hash;
        }
        return out;
      },
      [this, done = std::move(done)](Result<SpaceInfo> info) {
        if (!info) return done(std::move(info));
        read_numbers(std::move(*info), done);
      });
}

void SpaceService::clock(const std::string& space, Done<VectorClock> done) {
  directory_.find(space, [this, done = std::move(done)](Result<SpaceId> found) {
    done(found ? reads_.clock(*found) : fail(found.error()));
  });
}

void SpaceService::read_numbers(SpaceInfo info, const Done<SpaceInfo>& done) {
  const SpaceId space = info.space.id;
  const auto kept = std::make_shared<SpaceInfo>(std::move(info));
  long_reads_.numbers(space, [kept, done](Result<storage::SpaceNumbers> numbers) {
    if (!numbers) return done(fail(numbers.error()));
    kept->numbers = std::move(*numbers);
    done(std::move(*kept));
  });
}

}  // namespace lanyard::agent
