#pragma once

#include <deque>

#include "replication/oplog/author.hpp"

namespace lanyard::support {

/// Opens logs of one device without end, each with a record in it, as only a device does that means
/// harm. All keys are real.
class LogMaker {
 public:
  struct Keys {
    const Signer& signer;
    const Hasher& hasher;
    const Cipher& cipher;  ///< holds the epoch's key
    Rng& rng;
  };
  /// `clock`: what each of the logs names as held when it was opened. What `keys` names outlives
  /// this.
  LogMaker(const SpaceId& space, const EpochId& epoch, VectorClock clock, const Keys& keys);

  /// Packs with so many logs more.
  [[nodiscard]] std::vector<Bytes> make(std::size_t count);

 private:
  void add_log();

  SpaceId space_;
  VectorClock clock_;
  Keys keys_;
  oplog::AuthorState from_;
  std::size_t made_ = 0;
  std::deque<oplog::Author> authors_;  // they keep the payloads
  std::vector<oplog::Change> changes_;
  oplog::RunSignatures signatures_;
};

}  // namespace lanyard::support
