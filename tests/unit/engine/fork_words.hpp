#pragma once

#include "replication/oplog/author.hpp"
#include "tests/unit/engine/engine_words.hpp"

/// Forks of logs that nobody has, as whoever holds a device's key can make them.
namespace lanyard::support {

/// One branch of a log with two ends, whose device admits somebody.
inline Bytes branch_of_a_stranger(const SpaceId& space, const SimSigner& signer,
                                  const Incarnation& incarnation, std::uint8_t admitted) {
  SimHasher hasher;
  Chance chance(1);
  SimCipher cipher(signer.device(), chance);
  oplog::AuthorState state;
  state.incarnation = incarnation;
  oplog::Author author(space, signer, hasher, cipher, state);
  author.begin({}, {1});
  oplog::Admit admit;
  admit.device.bytes.fill(admitted);
  REQUIRE(author.add_open({admit}));
  static_cast<void>(author.finish());
  return oplog::pack_branch({author.changes().back()}, author.signature()).value();
}

/// Of a log that nobody has.
inline oplog::Fork fork_by(const SpaceId& space, const DeviceId& device, std::uint64_t number) {
  SimHasher hasher;
  SimVerifier verifier;
  Chance chance(1);
  const SimSigner signer(device);
  const SimCipher cipher(device, chance);
  oplog::Fork fork{space, device, Chance(5000 + number).fixed<Incarnation>(), {}, {}};
  fork.first = branch_of_a_stranger(space, signer, fork.incarnation, 1);
  fork.second = branch_of_a_stranger(space, signer, fork.incarnation, 2);
  if (!oplog::prove(fork, cipher, hasher, verifier)) std::swap(fork.first, fork.second);
  REQUIRE(oplog::prove(fork, cipher, hasher, verifier));
  return fork;
}

inline oplog::Fork fork_of_a_stranger(const SpaceId& space, std::uint64_t number) {
  return fork_by(space, Chance(1000 + number).fixed<DeviceId>(), number);
}

}  // namespace lanyard::support
