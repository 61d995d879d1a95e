#pragma once

#include <deque>
#include <string>

#include "replication/engine/engine.hpp"
#include "tests/support/chance.hpp"
#include "tests/support/memory_vault.hpp"
#include "tests/support/sim_ports.hpp"

/// Engines connected by hand, for tests that read as given, when, then. Nothing happens unless a
/// test says so: messages wait until they are delivered, storage answers when it is let, time
/// passes when it is told to.
namespace lanyard::support {

class BenchDevice {
 public:
  BenchDevice(std::string name, std::uint64_t number);
  BenchDevice(const BenchDevice&) = delete;
  BenchDevice& operator=(const BenchDevice&) = delete;

  const std::string name;
  const DeviceId id;
  MemoryVault& vault() { return vault_; }
  MemoryStore& store(const SpaceId& space) { return vault_.make(space); }
  /// The founder of a fresh space.
  SpaceId found();
  void admit(const SpaceId& space, const DeviceId& device);
  void put(const SpaceId& space, const std::string& key, const std::string& text);
  /// What the engine told people, since it was asked last.
  std::vector<engine::Notice> take_notices() { return std::exchange(notices_, {}); }
  /// What storage was asked and has not done yet.
  [[nodiscard]] std::vector<engine::Effect> waiting() const {
    return {waiting_.begin(), waiting_.end()};
  }

  bool holds_storage = false;  ///< storage does nothing until it is let

 private:
  friend class EngineBench;
  void commit(MemoryStore::WriteOutcome outcome);

  Chance chance_;
  SimHasher hasher_;
  SimVerifier verifier_;
  SimSigner signer_;
  SimCipherFactory ciphers_;
  MemoryVault vault_;
  std::unique_ptr<engine::Engine> engine_;
  std::deque<engine::Effect> waiting_;
  std::deque<engine::Input> inputs_;
  std::vector<engine::Notice> notices_;
};

class EngineBench {
 public:
  explicit EngineBench(const std::vector<std::string>& names);
  BenchDevice& operator[](const std::string& name);
  void add(const std::string& name);

  /// A link between the two, which have not said anything yet.
  void connect(const std::string& a, const std::string& b);
  /// Both ends learn that the link is gone; what was under way is lost.
  void cut(const std::string& a, const std::string& b);
  [[nodiscard]] bool is_linked(const std::string& a, const std::string& b) const;

  /// Lets everything happen until nobody has anything to say.
  void run();
  /// Lets storage and engines do what they can without a message being delivered.
  void run_storage();
  /// Delivers the next `count` messages from one to the other, as far as there are any.
  void deliver(const std::string& from, const std::string& to, std::size_t count = 1);
  /// Bytes of our making instead of a message.
  void say(const std::string& from, const std::string& to, const Bytes& bytes);
  /// A message that an honest engine would not send, after all that it sent was delivered.
  void say(const std::string& from, const std::string& to, const wire::Message& message);
  /// Storage does the first `count` things that it was asked.
  void let_storage(const std::string& name, std::size_t count = 1000);
  void pass(std::chrono::milliseconds time);
  /// Storage of this device is restarted with what was synced, the engine with it.
  void power_cut(const std::string& name);

  /// What one said to the other since it was asked last, delivered or not.
  std::vector<wire::Message> take_said(const std::string& from, const std::string& to);
  /// The same as words: "hello", "root", "pull"...
  std::vector<std::string> take_words(const std::string& from, const std::string& to);
  [[nodiscard]] std::uint64_t bytes_said(const std::string& from, const std::string& to) const;
  void step(BenchDevice& device, engine::Input input);

 private:
  struct Direction {
    engine::LinkId from;
    engine::LinkId to;
    bool up = false;
    std::deque<Bytes> under_way;
    wire::LinkNames names;  ///< of the listener in the middle
    std::vector<wire::Message> said;
    std::uint64_t bytes = 0;
  };
  using Pair = std::pair<std::string, std::string>;

  Direction& direction(const std::string& from, const std::string& to) {
    return directions_.at({from, to});
  }
  Direction* leaving(const BenchDevice& device, engine::LinkId link, std::string& to);
  void perform(BenchDevice& device, engine::Effect effect);
  bool deliver_any();
  [[nodiscard]] engine::Now now() const { return {mono_, {mono_.since_origin.count()}}; }

  std::map<std::string, std::unique_ptr<BenchDevice>> devices_;
  std::map<Pair, Direction> directions_;
  engine::Instant mono_{std::chrono::seconds(1)};
  std::uint64_t next_link_ = 1;
};

/// One word for each kind of message.
[[nodiscard]] std::string word_for(const wire::Message& message);

}  // namespace lanyard::support
