#include "agent/service/reader_pool.hpp"

#include <catch2/catch.hpp>
#include <future>
#include <semaphore>

#include "crypto/sodium.hpp"
#include "replication/types/limits.hpp"
#include "tests/unit/agent/temporary_folder.hpp"
#include "tests/unit/agent/without_threads.hpp"

using namespace lanyard;
using namespace lanyard::agent;

namespace {

using std::chrono::milliseconds;

/// A reading that begins again as a long one, and then stays until it is let go.
struct Stuck {
  std::counting_semaphore<> began{0};
  std::counting_semaphore<> let_go{0};

  ReaderPool::Reading reading() {
    return [this](SpaceReads&, milliseconds most) {
      if (most < limits::kReadTimeMax) return false;
      began.release();
      let_go.acquire();
      return true;
    };
  }
};

void never_refused() { FAIL("there was a place"); }

struct Pool {
  testing::TemporaryFolder folder;
  crypto::SodiumHasher hasher;
  ReaderPool pool{folder.path(), hasher, {}};
};

}  // namespace

TEST_CASE("a pool that the system gives no thread to refuses, and the program goes on") {
  CHECK(testing::is_so_without_threads([](const auto& from_now_on) {
    Pool scene;
    from_now_on();
    int refused = 0;
    const auto count = [&] { ++refused; };
    scene.pool.read([](SpaceReads&, milliseconds) { return true; }, count);
    scene.pool.read_long([] {}, count);
    return refused == 2;
  }));
}

TEST_CASE("short readings pass all long ones") {
  Stuck stuck;
  std::atomic<int> done = 0;
  Pool scene;
  for (int i = 0; i < 10; ++i) scene.pool.read(stuck.reading(), never_refused);
  for (std::size_t i = 0; i + 1 < ReaderPool::kThreads; ++i) stuck.began.acquire();

  // Every thread that takes long ones is busy, and eight more wait.
  for (int i = 0; i < 100; ++i) {
    std::promise<milliseconds> time;
    scene.pool.read(
        [&](SpaceReads&, milliseconds most) {
          time.set_value(most);
          return true;
        },
        never_refused);
    CHECK(time.get_future().get() == ReaderPool::kShort);
    ++done;
  }
  CHECK(done == 100);
  CHECK_FALSE(stuck.began.try_acquire());

  // The others come as soon as there is a thread again.
  stuck.let_go.release(10);
  for (int i = 0; i < 8; ++i) stuck.began.acquire();
}

TEST_CASE("what waits is bounded, and who finds no place is told") {
  Stuck stuck;
  std::counting_semaphore<> refused{0};
  const auto on_refused = [&] { refused.release(); };
  Pool scene;
  const std::size_t busy = ReaderPool::kThreads - 1;
  for (std::size_t i = 0; i < busy; ++i) scene.pool.read(stuck.reading(), never_refused);
  for (std::size_t i = 0; i < busy; ++i) stuck.began.acquire();
  for (std::size_t i = 0; i < ReaderPool::kLongWaitingMax; ++i)
    scene.pool.read_long([&] { stuck.began.release(); }, never_refused);
  CHECK_FALSE(refused.try_acquire());

  for (std::size_t i = 0; i < 9 * ReaderPool::kLongWaitingMax; ++i) {
    scene.pool.read_long([] {}, on_refused);
    CHECK(refused.try_acquire());
  }
  scene.pool.read(stuck.reading(), on_refused);  // tried, and then there is no place behind
  refused.acquire();

  stuck.let_go.release(static_cast<std::ptrdiff_t>(busy));
  for (std::size_t i = 0; i < ReaderPool::kLongWaitingMax; ++i) stuck.began.acquire();
}

TEST_CASE("a pool that ends waits for what runs, and begins nothing more") {
  std::atomic<int> began = 0;
  std::counting_semaphore<> running{0};
  {
    Pool scene;
    const auto until_over = [&] {
      ++began;
      running.release();
      scene.pool.is_over().wait(false);
    };
    for (int i = 0; i < 5; ++i) scene.pool.read_long(until_over, never_refused);
    for (std::size_t i = 0; i + 1 < ReaderPool::kThreads; ++i) running.acquire();
  }
  CHECK(began == ReaderPool::kThreads - 1);
}

TEST_CASE("long readings that come at once run beside each other") {
  std::counting_semaphore<> warm{0};
  std::counting_semaphore<> began{0};
  std::counting_semaphore<> let_go{0};
  Pool scene;
  // One thread is there and idle: it is not to be the only one for what comes now.
  scene.pool.read_long([&] { warm.release(); }, never_refused);
  warm.acquire();
  const std::size_t long_ones = ReaderPool::kThreads - 1;
  for (std::size_t i = 0; i < long_ones; ++i) {
    scene.pool.read_long(
        [&] {
          began.release();
          let_go.acquire();
        },
        never_refused);
  }
  for (std::size_t i = 0; i < long_ones; ++i) began.acquire();
  let_go.release(static_cast<std::ptrdiff_t>(long_ones));
}
