#pragma once

#include "tests/integration/hostile_changes/allowance.hpp"
#include "tests/integration/hostile_changes/post.hpp"

namespace lanyard::hostile {

/// Two honest agents that are linked to each other, and Mallory, who is a member of two spaces of
/// theirs and linked to both. Everything that she does follows from the seed.
class Stage {
 public:
  Stage(std::uint64_t seed, std::size_t scale);

  /// Has one of the makers make, sends it to one of the agents, and looks whether it cost too much,
  /// and whether the honest ones still write, hear of each other, and are linked.
  void step(std::size_t number);
  /// Steps from now on are of this maker alone.
  void keep_only(const std::string& maker);
  /// One of the honest ones ends and starts again.
  void restart_one();
  /// Both hold the same, their files say what their logs say, and are as long as they may be.
  void check_in_the_end();
  [[nodiscard]] std::size_t count_makers() const { return all_.size(); }

 private:
  struct Honest {
    AgentProcess* agent;
    std::unique_ptr<Post> post;
    std::string id;
    std::size_t disk_before = 0;
    std::int64_t drops_before = 0;  ///< of links, by a restart
    std::int64_t links_before = 0;  ///< those that others made to it, Mallory's left out
  };
  struct Way {
    Maker maker;
    Forge* forge;
  };

  void share_second_space();
  void choose_ways();
  void deliver(Honest& to, Forge& forge, const Made& made);
  void write_and_hear(const SpaceId& space);
  void check_links();
  void check_status(Honest& honest);
  void note_links();
  [[nodiscard]] std::int64_t links_of_others(Honest& honest);
  [[nodiscard]] Honest& other_than(const Honest& honest);

  support::Chance chance_;
  Scene scene_;
  AgentProcess other_;
  std::array<Honest, 2> honest_;
  std::unique_ptr<Forge> notes_;
  std::unique_ptr<Forge> forked_;
  std::vector<Way> all_;
  std::vector<Way> next_;  ///< each of all once, before any comes again
  Made made_;
  std::size_t wire_bytes_ = 0;
  std::size_t steps_ = 0;
  int written_ = 0;
};

}  // namespace lanyard::hostile
