#include "agent/service/fork_service.hpp"

#include "agent/service/names.hpp"

namespace lanyard::agent {
namespace {

Result<ForkView> view_of(const storage::KeptFork& kept, const Cipher& cipher,
                         const Hasher& hasher) {
  ForkView view;
  view.log = kept.log;
  view.device = kept.fork.device;
  for (const Bytes* bytes : {&kept.fork.first, &kept.fork.second}) {
    LANYARD_TRY_SET(oplog::Pack pack, oplog::read_pack(*bytes, cipher, hasher));
    view.seq = pack.logs.front().first;
    const bool is_other = kept.other && kept.other->hashes.front() == pack.changes.front().hash;
    view.sides.push_back({kept.other.has_value() && !is_other, std::move(pack)});
  }
  return view;
}

}  // namespace

void read_forks(const ServiceHost& host, const CipherFactory& ciphers, const Hasher& hasher,
                const SpaceId& space, Done<std::vector<ForkView>> done) {
  ask_storage<std::vector<ForkView>>(
      host,
      [space, &ciphers, &hasher, self = host.self,
       self_name = host.self_name](storage::Vault& vault) -> Result<std::vector<ForkView>> {
        LANYARD_TRY_SET(storage::SpaceStore* const store, vault.space(space));
        LANYARD_TRY_SET(const DeviceNames names, DeviceNames::read(vault, self, self_name));
        const auto cipher = ciphers.make();
        for (const auto& [epoch, sealed] : store->state().grants)
          static_cast<void>(cipher->take_grant(epoch, sealed));  // what does not open stays sealed
        LANYARD_TRY_SET(const auto kept, store->forks());
        std::vector<ForkView> views;
        for (const storage::KeptFork& each : kept) {
          LANYARD_TRY_SET(ForkView view, view_of(each, *cipher, hasher));
          view.device_name = names.of(view.device);
          views.push_back(std::move(view));
        }
        return views;
      },
      std::move(done));
}

}  // namespace lanyard::agent
