#include "agent/driver.hpp"
#include "agent/logging.hpp"
#include "replication/types/device_id_text.hpp"

/// Changes that somebody holds and cannot read (ADR 0021).
namespace lanyard::agent {

void Driver::perform(const engine::CheckLog& effect) {
  storage_->run([effect](storage::Vault& vault) {
    if (const auto store = vault.space(effect.space)) (*store)->check_log();
  });
}

void Driver::perform(const engine::MendLog& effect) {
  storage_->run([this, effect](storage::Vault& vault) {
    const auto store = vault.space(effect.space);
    const Status mended = store ? (*store)->mend_log(*effect.pack) : fail(store.error());
    if (!mended)
      log_warning("the log of space " + to_text(effect.space) +
                  " cannot be put right: " + mended.error().detail);
    answer(engine::LogMended{effect.link, effect.space, effect.cost});
  });
}

void Driver::note(const engine::Withheld& notice) {
  SpaceLink& space = peers_[notice.peer].spaces[notice.space];
  space.space = notice.space;
  const bool was_withheld = std::exchange(space.withheld, notice.changes) > 0;
  if (was_withheld == (notice.changes > 0)) return;
  const std::string changes =
      std::to_string(notice.changes) + " changes of space " + to_text(notice.space);
  const std::string peer = "device " + to_short_text(notice.peer);
  notice.changes > 0
      ? log_warning(peer + " holds " + changes + " and cannot send them: its copy is damaged")
      : log_info("all that " + peer + " could not send of space " + to_text(notice.space) +
                 " is here now");
}

}  // namespace lanyard::agent
