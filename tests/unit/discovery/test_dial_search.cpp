#include <catch2/catch.hpp>

#include "tests/unit/discovery/discovery_words.hpp"

/// Who calls whom where nobody knows yet which device is at which address.
namespace {

using namespace lanyard::discovery;
using namespace lanyard::discovery::testing;
using lanyard::DeviceId;
using Found = std::vector<std::string>;

/// Devices on one network with two addresses each, which all see each other.
class Neighbours {
 public:
  explicit Neighbours(std::uint8_t count) {
    for (std::uint8_t i = 0; i < count; ++i) {
      members_.push_back(std::make_unique<Member>());
      // Names of no order, all different: 7 has no common factor with the 256 that there are.
      members_.back()->name = "n" + std::to_string(100 + i * 7 % 256 * 3);
    }
    for (std::size_t i = 0; i < count; ++i) {
      members_[i]->plan.named(members_[i]->name);
      for (std::size_t other = 0; other < count; ++other) {
        if (other == i) continue;
        for (const std::string& host : hosts_of(other))
          members_[i]->plan.sighted(host + ":1", members_[other]->name, now_);
      }
    }
    pass(Tick(10'000));
  }

  void introduce(std::size_t one, std::size_t other) {
    members_[one]->known.insert(other);
    members_[one]->plan.welcome(a_device(static_cast<std::uint8_t>(other)), now_);
    members_[one]->is_still = false;
  }
  void pass(Tick time) {
    for (const Tick end = now_ + time; now_ < end;) {
      std::optional<Tick> next;
      for (std::size_t i = 0; i < members_.size(); ++i) {
        Member& each = *members_[i];
        if (!each.is_still) each.next = each.plan.next();
        each.is_still = true;
        if (each.next) next = next ? std::min(*next, *each.next) : *each.next;
      }
      now_ = std::max(now_, std::min(end, next.value_or(end)));
      for (std::size_t i = 0; i < members_.size(); ++i) {
        if (!members_[i]->next || *members_[i]->next > now_) continue;
        members_[i]->is_still = false;
        for (const std::string& address : members_[i]->plan.due(now_)) call(i, address);
      }
    }
  }
  /// How long until everybody is linked with whom it knows.
  Tick until_linked() {
    const Tick start = now_;
    const auto is_done = [](const auto& each) { return each->links == each->known; };
    while (!std::all_of(members_.begin(), members_.end(), is_done) && now_ < start + Tick(60'000))
      pass(Tick(10));
    return now_ - start;
  }
  [[nodiscard]] int calls() const { return calls_; }
  [[nodiscard]] int in_vain() const { return in_vain_; }
  [[nodiscard]] std::size_t links(std::size_t of) const { return members_[of]->links.size(); }

 private:
  struct Member {
    ConstantRng rng{128};
    DialPlan plan{rng};
    std::string name;
    std::set<std::size_t> known;
    std::set<std::size_t> links;
    std::optional<Tick> next;  ///< of the plan, while nothing happens to it
    bool is_still = false;
  };

  static std::vector<std::string> hosts_of(std::size_t member) {
    return {"10.0.0." + std::to_string(member), "[fd00::" + std::to_string(member) + "]"};
  }
  static std::size_t member_at(const std::string& address) {
    const std::string host = address.substr(0, address.rfind(':'));
    return std::stoul(host.substr(host.find_last_of(".:") + 1));
  }
  void call(std::size_t from, const std::string& address) {
    ++calls_;
    const std::size_t to = member_at(address);
    Member& caller = *members_[from];
    Member& called = *members_[to];
    called.is_still = false;
    const DeviceId theirs = a_device(static_cast<std::uint8_t>(to));
    const DeviceId ours = a_device(static_cast<std::uint8_t>(from));
    const std::string host = hosts_of(from)[address.front() == '[' ? 1 : 0];
    if (!caller.known.contains(to) || caller.links.contains(to)) {
      if (!caller.known.contains(to)) ++in_vain_;
      caller.plan.answered(address, theirs, !caller.known.contains(to));
      return caller.plan.failed(address, now_);
    }
    caller.plan.linked(theirs, address, now_);
    if (!called.known.contains(from)) {
      ++in_vain_;
      called.plan.turned_away(ours, host);
      return caller.plan.refused(theirs, now_);
    }
    caller.plan.linked_from(theirs, address.substr(0, address.rfind(':')));
    called.plan.linked(ours, "", now_);
    called.plan.linked_from(ours, host);
    caller.links.insert(to);
    called.links.insert(from);
  }

  std::vector<std::unique_ptr<Member>> members_;
  Tick now_{0};
  int calls_ = 0;
  int in_vain_ = 0;
};

/// Of whom nothing is known but that they are there, at 10.0.0.1 to 10.0.0.9.
void see_nine(DialPlan& plan) {
  for (int i = 1; i < 10; ++i)
    plan.sighted("10.0.0." + std::to_string(i) + ":1", "n" + std::to_string(i), Tick(0));
}

TEST_CASE("nobody is called while nobody is missed") {
  Neighbours all(24);
  CHECK(all.calls() == 0);
}

TEST_CASE("members that hear of each other at once call once for each pair, within seconds") {
  constexpr std::uint8_t kCount = 24;
  Neighbours all(kCount);
  for (std::size_t one = 0; one < kCount; ++one) {
    for (std::size_t other = 0; other < kCount; ++other) {
      if (one != other) all.introduce(one, other);
    }
  }
  CHECK(all.until_linked() <= Tick(3000));
  CHECK(all.calls() <= kCount * (kCount - 1) / 2 * 5 / 4);
  all.pass(Tick(60'000));
  CHECK(all.calls() <= kCount * (kCount - 1) / 2 * 5 / 4);  // all are found: it is quiet
}

TEST_CASE("members that hear of each other one by one make few calls in vain") {
  constexpr std::uint8_t kCount = 24;
  constexpr int kPairs = kCount * (kCount - 1) / 2;
  Neighbours all(kCount);
  for (std::size_t other = 1; other < kCount; ++other) {
    all.introduce(other, 0);
    all.introduce(0, other);
    all.pass(Tick(20));
  }
  all.until_linked();
  CHECK(all.links(0) == kCount - 1);
  // The first shares a space with one after the other: who is in it hears of those who come at
  // once, and who comes a little later of all.
  for (std::size_t fresh = 2; fresh < kCount; ++fresh) {
    for (std::size_t member = 1; member < fresh; ++member) all.introduce(member, fresh);
    all.pass(Tick(20));
    for (std::size_t member = 1; member < fresh; ++member) all.introduce(fresh, member);
    all.pass(Tick(10));
  }
  CHECK(all.until_linked() <= Tick(4000));
  CHECK(all.calls() <= 2 * kPairs);
  CHECK(all.in_vain() <= kPairs);
}

TEST_CASE("who comes to a network calls at once, and who was there gives it time to") {
  ConstantRng rng{128};
  DialPlan newcomer(rng);
  newcomer.welcome(a_device(1), Tick(0));
  newcomer.sighted("10.0.0.1:1", "old", Tick(5), Newcomer::kWe);
  CHECK(newcomer.due(Tick(5)) == Found{"10.0.0.1:1"});

  DialPlan resident(rng);
  resident.welcome(a_device(2), Tick(0));
  resident.sighted("10.0.0.2:1", "new", Tick(5), Newcomer::kThey);
  CHECK(resident.due(Tick(100)).empty());
  // It does not, behind a firewall.
  CHECK(resident.due(Tick(5) + DialPlan::kFirstPause * 5 / 4) == Found{"10.0.0.2:1"});
}

TEST_CASE("a device that called before it was known is called as soon as it is") {
  ConstantRng rng{128};
  DialPlan plan(rng);
  plan.named("m");
  see_nine(plan);
  plan.turned_away(a_device(9), "10.0.0.7");
  plan.welcome(a_device(9), Tick(5000));
  CHECK(plan.due(Tick(5000)) == Found{"10.0.0.7:1"});
}

TEST_CASE("a device is called at once where a common peer says that it is") {
  ConstantRng rng{128};
  DialPlan plan(rng);
  plan.named("m");
  see_nine(plan);
  plan.add("10.0.0.7:2", Source::kTold, a_device(9), Tick(0));
  plan.welcome(a_device(9), Tick(5000));
  CHECK(plan.due(Tick(5000)) == Found{"10.0.0.7:2"});
}

TEST_CASE("strangers that call do not fill the memory") {
  ConstantRng rng{128};
  DialPlan plan(rng);
  plan.named("m");
  plan.sighted("10.0.0.7:1", "n", Tick(0));
  for (std::uint8_t i = 100; i < 240; ++i) plan.turned_away(a_device(i), "10.0.0.9");
  plan.turned_away(a_device(9), "10.0.0.7");
  plan.welcome(a_device(9), Tick(5000));
  CHECK(plan.due(Tick(5000)) == Found{"10.0.0.7:1"});
}

TEST_CASE("whom we miss is looked for last where somebody seems to be who is linked") {
  ConstantRng rng{128};
  DialPlan plan(rng);
  plan.welcome(a_device(1), Tick(0));
  plan.linked(a_device(1), "", Tick(0));
  plan.linked_from(a_device(1), "10.0.0.1");
  plan.sighted("10.0.0.1:1", "one", Tick(0));
  plan.sighted("[fd00::1]:1", "one", Tick(0));
  plan.sighted("10.0.0.2:1", "two", Tick(0));
  plan.welcome(a_device(2), Tick(1000));
  CHECK(plan.due(Tick(1000)) == Found{"10.0.0.2:1"});
  plan.failed("10.0.0.2:1", Tick(1000));
  CHECK(plan.due(Tick(1500)).empty());
  // Two devices on one machine.
  const Found later = plan.due(Tick(1000) + DialPlan::kAlsoThere);
  CHECK(std::count(later.begin(), later.end(), "10.0.0.1:1") == 1);
}

}  // namespace
