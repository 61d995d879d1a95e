#include "agent/memory_budget.hpp"

#include <catch2/catch.hpp>

#include <vector>

#include "agent/memory_limit.hpp"

using namespace lanyard::agent;
using std::chrono::milliseconds;

namespace {

/// A budget whose jobs and times run when a test says so.
struct BudgetDesk {
  std::vector<std::function<void()>> posted;
  std::vector<std::pair<milliseconds, std::function<void()>>> later;
  std::uint64_t there = ~std::uint64_t{0};
  std::shared_ptr<MemoryBudget> budget = MemoryBudget::make(
      {1600, milliseconds(15'000), milliseconds(0), [this](auto job) { posted.push_back(job); },
       [this](milliseconds time, auto job) { later.emplace_back(time, job); },
       [this](std::uint64_t bytes) { return bytes <= there; }});

  void run_posted() {
    for (const auto& job : std::exchange(posted, {})) job();
  }
  void pass_time(milliseconds time) {
    for (auto& [at, job] : std::exchange(later, {})) {
      if (at <= time)
        job();
      else
        later.emplace_back(at, job);
    }
  }
  /// What becomes of one that waits, as it stands in `heard`: the number, negative where refused.
  void wait_for(std::uint64_t bytes, int number) {
    static_cast<void>(budget->wait_for(bytes, [this, number](MemoryBudget::Reservation got) {
      heard.push_back(got ? number : -number);
      kept.push_back(std::move(got));
    }));
  }
  std::vector<int> heard;
  std::vector<MemoryBudget::Reservation> kept;
};

}  // namespace

TEST_CASE("memory is reserved whole, and goes back when its reservation does") {
  BudgetDesk desk;
  auto first = desk.budget->try_reserve(700);
  CHECK(first);
  CHECK(desk.budget->try_reserve(500));  // 1,200 of three quarters
  desk.run_posted();
  auto second = desk.budget->try_reserve(500);
  CHECK(second);
  CHECK_FALSE(desk.budget->try_reserve(101));
  first.reset();
  desk.run_posted();
  CHECK(desk.budget->try_reserve(700));
}

TEST_CASE("large parts leave a quarter to those that are not") {
  BudgetDesk desk;
  const auto large = desk.budget->try_reserve(1200);
  CHECK_FALSE(desk.budget->try_reserve(101));
  CHECK(desk.budget->try_reserve(100));
  desk.wait_for(101, 1);
  CHECK(desk.budget->try_reserve(100));
}

TEST_CASE("who waits is served in the order of coming, and refused in time") {
  BudgetDesk desk;
  auto held = desk.budget->try_reserve(1200);
  desk.wait_for(800, 1);
  desk.wait_for(300, 2);
  held.reset();
  desk.run_posted();
  CHECK(desk.heard == std::vector{1, 2});
  desk.wait_for(900, 3);
  desk.pass_time(milliseconds(15'000));
  CHECK(desk.heard == std::vector{1, 2, -3});
}

TEST_CASE("who is slow is asked to give way once somebody waits, and never before") {
  BudgetDesk desk;
  auto held = desk.budget->try_reserve(1200);
  int asked = 0;
  desk.budget->may_give_way(held, [&] { ++asked; });
  desk.pass_time(milliseconds(15'000));
  CHECK(asked == 0);
  desk.wait_for(800, 1);
  desk.pass_time(milliseconds(500));
  desk.pass_time(milliseconds(500));
  CHECK(asked == 1);
}

TEST_CASE("who is alone is given more than there may be, and nobody more than there is") {
  BudgetDesk desk;
  desk.there = 100'000'000;
  const auto alone = desk.budget->try_reserve(5000);
  CHECK(alone);
  CHECK_FALSE(desk.budget->try_reserve(1));
  BudgetDesk poor;
  poor.there = 1000;
  CHECK_FALSE(poor.budget->try_reserve(100));
}

TEST_CASE("a wait that is cancelled hears nothing") {
  BudgetDesk desk;
  auto held = desk.budget->try_reserve(1200);
  bool heard = false;
  const auto wait = desk.budget->wait_for(800, [&](MemoryBudget::Reservation) { heard = true; });
  desk.budget->cancel(wait);
  held.reset();
  desk.run_posted();
  desk.pass_time(milliseconds(15'000));
  CHECK_FALSE(heard);
}

TEST_CASE("the share of bodies follows the least that machine, cgroup and process allow") {
  constexpr std::uint64_t kMiB = 1 << 20;
  CHECK(share_of_memory({}, 256 * kMiB) == 256 * kMiB);
  CHECK(share_of_memory({8192 * kMiB, {}, {}, {}}, 256 * kMiB) == 256 * kMiB);
  CHECK(share_of_memory({512 * kMiB, {}, {}, {}}, 256 * kMiB) == 128 * kMiB);
  CHECK(share_of_memory({8192 * kMiB, 200 * kMiB, {}, {}}, 256 * kMiB) == 50 * kMiB);
  CHECK(share_of_memory({8192 * kMiB, {}, 100 * kMiB, {}}, 256 * kMiB) == 50 * kMiB);
  CHECK(share_of_memory({8192 * kMiB, {}, 100 * kMiB, 60 * kMiB}, 256 * kMiB) == 30 * kMiB);
  CHECK(share_of_memory({8192 * kMiB, {}, 0, {}}, 256 * kMiB) == kMiB);
  CHECK(memory_limits().machine.value_or(0) > 0);
}

TEST_CASE("a cgroup's limit is looked for at the group and at all above it") {
  CHECK(group_limit_files("0::/user.slice/lanyard.service\n") ==
        std::vector<std::string>{"/sys/fs/cgroup/user.slice/lanyard.service/memory.max",
                                 "/sys/fs/cgroup/user.slice/memory.max",
                                 "/sys/fs/cgroup/memory.max"});
  CHECK(group_limit_files("9:name=systemd:/\n4:cpu,cpuacct:/a\n3:memory:/box\n") ==
        std::vector<std::string>{"/sys/fs/cgroup/memory/box/memory.limit_in_bytes",
                                 "/sys/fs/cgroup/memory/memory.limit_in_bytes"});
}

TEST_CASE("whether there is memory is known without taking it") {
  CHECK(is_memory_there(1 << 20));
  CHECK_FALSE(is_memory_there(std::uint64_t{1} << 62U));
}
