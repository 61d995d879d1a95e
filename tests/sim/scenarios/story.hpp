#pragma once

#include <catch2/catch.hpp>

#include "replication/merge/show.hpp"
#include "replication/types/json_text.hpp"
#include "tests/sim/world.hpp"

/// Words for stories: who writes what where, and what everybody sees in the end.
namespace lanyard::sim {

inline constexpr DeviceNumber kLaptop = 0;
inline constexpr DeviceNumber kDesktop = 1;
inline constexpr DeviceNumber kPi = 2;
inline constexpr Schedule::Milliseconds kSecond = 1000;

/// A text anywhere in what was packed.
[[nodiscard]] inline bool contains(const Bytes& pack, std::string_view text) {
  return std::search(pack.begin(), pack.end(), text.begin(), text.end()) != pack.end();
}

/// Three machines of one person, and one space that all are members of.
class Story {
 public:
  explicit Story(std::uint64_t seed = 1, std::size_t devices = 3)
      : world({seed, Bug::kNone, devices, 1}), person(7) {
    space = world.found_space(kLaptop);
    world.pass(1 * kSecond);
    world.admit(space, kLaptop, kDesktop);
    world.admit(space, kLaptop, kPi);
    world.keep_dialling();
    world.pass(40 * kSecond);
  }

  /// Somebody at that machine sees the note as it is there now, and changes it. `wait`: longer than
  /// an fsync takes, unless said otherwise.
  void write(DeviceNumber at, const std::string& text, Schedule::Milliseconds wait = 100) {
    merge::LocalOp op;
    op.kind = oplog::OpKind::kPatch;
    op.collection = "notes";
    op.key = "shopping";
    Bytes value = *from_json("\"" + text + "\"");
    op.fields = {{"text", std::move(value)}};
    world.write(space, at, person, std::move(op));
    world.pass(wait);
  }

  /// What that machine shows, the best choice first; the others wait in the inbox.
  [[nodiscard]] std::vector<std::string> reads(DeviceNumber at) {
    const support::MemoryStore& store = world.device(at).vault().make(space) /* it exists */;
    std::vector<std::string> out;
    for (const auto& [name, record] : store.table().records()) {
      const merge::Field* field = record.find("text");
      if (field == nullptr) continue;
      for (const merge::Choice& choice : merge::choices(*field, store.hashes()))
        out.push_back(to_json(choice.value));
    }
    return out;
  }

  void separate(DeviceNumber a, DeviceNumber b) {
    world.network().block(a, b);
    world.network().block(b, a);
  }
  void join(DeviceNumber a, DeviceNumber b) {
    world.network().unblock(a, b);
    world.network().unblock(b, a);
  }
  [[nodiscard]] VectorClock holds(DeviceNumber at) {
    return world.device(at).vault().make(space).log().clock();
  }

  /// The proofs of forks that lie there.
  [[nodiscard]] const std::map<LogId, oplog::Fork>& forks(DeviceNumber at) {
    return world.device(at).vault().make(space).forks();
  }

  World world;
  Client person;
  SpaceId space;
};

}  // namespace lanyard::sim
