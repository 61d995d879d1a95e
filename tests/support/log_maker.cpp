#include "tests/support/log_maker.hpp"

#include "replication/merge/normal_op.hpp"
#include "replication/types/check.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::support {

LogMaker::LogMaker(const SpaceId& space, const EpochId& epoch, VectorClock clock, const Keys& keys)
    : space_(space), clock_(std::move(clock)), keys_(keys) {
  from_.epoch = epoch;
}

std::vector<Bytes> LogMaker::make(std::size_t count) {
  std::vector<Bytes> packs;
  for (std::size_t i = 0; i < count; ++i) {
    add_log();
    if (changes_.size() + 2 <= limits::kPackChangesMax && i + 1 < count) continue;
    packs.push_back(oplog::write_pack(changes_, signatures_, true));
    changes_.clear();
    signatures_.clear();
    authors_.clear();
  }
  return packs;
}

void LogMaker::add_log() {
  keys_.rng.fill(from_.incarnation.bytes);
  oplog::Author& author =
      authors_.emplace_back(space_, keys_.signer, keys_.hasher, keys_.cipher, from_);
  author.begin(clock_, WallTime{1'700'000'000'000});
  merge::LocalOp put;
  put.collection = "notes";
  put.key = "of log " + std::to_string(made_++);
  put.fields.emplace_back("n", Bytes{1});
  const auto op = merge::normal_op(put);
  LANYARD_CHECK(op && author.add(oplog::encode_plain({*op})), "a small put is written");
  static_cast<void>(author.finish());
  signatures_[*author.state().log] = author.signature();
  changes_.insert(changes_.end(), author.changes().begin(), author.changes().end());
}

}  // namespace lanyard::support
