#pragma once

#include "agent/service/space_directory.hpp"
#include "replication/oplog/fork.hpp"

namespace lanyard::agent {

/// Both branches of a log that forked, as far as they are kept, ready to be read.
struct ForkView {
  LogId log;
  Seq seq;  ///< of the first changes that differ
  DeviceId device;
  std::string device_name;
  struct Side {
    bool is_applied = false;  ///< here; the other one is kept beside it
    oplog::Pack pack;
  };
  std::vector<Side> sides;
};

/// The forks of a space: which devices signed two changes of one number, and what both branches
/// say.
/// Reads the packs with the keys that this device was granted. `ciphers` outlives what it makes.
void read_forks(const ServiceHost& host, const CipherFactory& ciphers, const Hasher& hasher,
                const SpaceId& space, Done<std::vector<ForkView>> done);

}  // namespace lanyard::agent
