#include "agent/service/services.hpp"

#include "agent/few_jobs.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {

DoorNews Services::news() {
  DoorNews out;
  // The post of a door that is gone runs nothing: its jobs may name this.
  out.changed = [this, post = host.post, watched = feed.watched()](
                    const SpaceId& space, std::shared_ptr<const storage::Touched> touched) {
    if (*watched == 0) return;
    post([this, space, touched = std::move(touched)] { feed.changed(space, *touched); });
  };
  out.home_moved = [this, post = host.post](const SpaceId& from, const SpaceId& to) {
    post([this, from, to] {
      directory.forget_all();
      reads.close(from);
      sql.let_go(from);
      feed.move(from, to);
    });
  };
  out.space_changed = [this, post = host.post](const SpaceId& space) {
    post([this, space] {
      directory.forget_all();
      reads.close(space);
      sql.let_go(space);
    });
  };
  if (on_acknowledged) {
    out.acknowledged = [this, post = host.post](const DeviceId& device, const SpaceId& space,
                                                std::shared_ptr<const VectorClock> durable) {
      post([this, device, space, durable = std::move(durable)] {
        on_acknowledged(device, space, *durable);
      });
    };
  }
  if (on_present) {
    out.present = [this, post = host.post, few = FewJobs(limits::kPresencesWaitingMax)](
                      const DeviceId& device, std::shared_ptr<const wire::Presence> presence) {
      few.post(post,
               [this, device, presence = std::move(presence)] { on_present(device, *presence); });
    };
  }
  return out;
}

}  // namespace lanyard::agent
