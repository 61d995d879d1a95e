#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <latch>
#include <thread>

#include "replication/types/check.hpp"
#include "replication/types/limits.hpp"
#include "storage/storage_thread.hpp"
#include "tests/support/fake_vault.hpp"

namespace lanyard::storage {
namespace {

using Words = std::vector<std::string>;

SpaceId space(std::uint8_t number) {
  SpaceId id;
  id.bytes.fill(number);
  return id;
}

LocalChange a_change(oplog::OpKind kind = oplog::OpKind::kPut) {
  LocalChange change;
  change.ops.emplace_back().kind = kind;
  return change;
}

std::shared_ptr<const oplog::Accepted> a_pack(std::size_t changes = 1) {
  auto accepted = std::make_shared<oplog::Accepted>();
  accepted->pack.changes.resize(changes);
  return accepted;
}

/// A storage thread over a vault that follows a script. What happens is told in its events.
struct Scene {
  support::FakeVaultScript script;
  std::unique_ptr<StorageThread> thread;

  void start() {
    thread = std::make_unique<StorageThread>(
        std::make_unique<support::FakeVault>(script), [] { return WallTime{1}; },
        [this](const SpaceId&, const std::shared_ptr<const WriteOutcome>& outcome) {
          LANYARD_CHECK(outcome->answers.empty(), "the answers are the writers'");
          script.events.emplace_back("committed");
        });
  }
  Status write(std::uint8_t number, const std::string& name, LocalChange change = a_change()) {
    return thread->write(
        space(number), std::move(change), [this, name](const Result<Written>& written) {
          script.events.push_back(
              name + (written ? " is written" : ": " + written.error().code.message()));
        });
  }
  void apply(std::uint8_t number, const std::string& name, std::size_t changes = 1) {
    thread->apply(
        space(number), a_pack(changes), [this, name](const Result<ApplyOutcome>& outcome) {
          script.events.push_back(name + (outcome ? " applied " + std::to_string(outcome->changes)
                                                  : ": " + outcome.error().code.message()));
        });
  }
  /// Everything that `queue` puts in waits until all of it is there.
  void all_at_once(const std::function<void()>& queue) {
    std::latch entered(1);
    std::latch open(1);
    thread->run([&](Vault&) {
      entered.count_down();
      open.wait();
      script.events.clear();
    });
    entered.wait();
    queue();
    open.count_down();
    wait();
  }
  /// Until everything that was queued is done.
  void wait() {
    std::promise<void> done;
    thread->run([&](Vault&) { done.set_value(); });
    done.get_future().wait();
  }
  /// Without what upkeep adds, whose turn is when nothing waits.
  Words events() {
    thread.reset();
    Words out;
    for (const std::string& each : script.events)
      if (each != "upkeep") out.push_back(each);
    REQUIRE(!out.empty());
    CHECK(out.back() == "close");
    out.pop_back();
    return out;
  }
};

std::string message_of(Code code) { return make_error_code(code).message(); }

}  // namespace

TEST_CASE("sixteen writers that wait become one commit, and each gets its own answer") {
  Scene scene;
  scene.start();
  std::vector<std::optional<Result<Written>>> answers(16);
  scene.all_at_once([&] {
    for (auto& answer : answers)
      REQUIRE(scene.thread->write(space(1), a_change(),
                                  [&answer](Result<Written> written) { answer = written; }));
  });
  CHECK(scene.events() == Words{"write 16", "committed"});
  for (std::size_t at = 0; at < answers.size(); ++at) {
    REQUIRE(answers[at]);
    REQUIRE(*answers[at]);
    CHECK((*answers[at])->dot.seq == Seq{at + 1});
  }
}

TEST_CASE("writes that are handed over are one commit once the thread is woken") {
  Scene scene;
  scene.start();
  std::promise<void> written;
  std::size_t left = 3;
  scene.all_at_once([&] {
    for (int each = 0; each < 3; ++each)
      REQUIRE(scene.thread->hand_over(space(1), a_change(), [&](const Result<Written>& done) {
        REQUIRE(done);
        if (--left == 0) written.set_value();
      }));
    scene.thread->wake();
  });
  written.get_future().wait();
  CHECK(scene.events() == Words{"write 3", "committed"});
}

TEST_CASE("a thread that sleeps does what is handed over once it is woken") {
  Scene scene;
  scene.start();
  std::promise<void> written;
  REQUIRE(scene.thread->hand_over(space(1), a_change(),
                                  [&](const Result<Written>&) { written.set_value(); }));
  scene.thread->wake();
  written.get_future().wait();
  CHECK(scene.events() == Words{"write 1", "committed"});
}

TEST_CASE("a writer hears of its write after the commit and after the engine") {
  Scene scene;
  scene.start();
  scene.all_at_once([&] { REQUIRE(scene.write(1, "a")); });
  CHECK(scene.events() == Words{"write 1", "committed", "a is written"});
}

TEST_CASE("if a commit fails every writer of the run hears it and the engine hears nothing") {
  Scene scene;
  scene.script.write_fails = Error(Code::kInputOutput, "the disk failed");
  scene.start();
  scene.all_at_once([&] {
    REQUIRE(scene.write(1, "a"));
    REQUIRE(scene.write(1, "b"));
  });
  const std::string why = message_of(Code::kInputOutput);
  CHECK(scene.events() == Words{"write 2", "a: " + why, "b: " + why});
}

TEST_CASE("what one writer did wrong is its own affair") {
  Scene scene;
  scene.start();
  scene.all_at_once([&] {
    REQUIRE(scene.write(1, "a"));
    REQUIRE(scene.write(1, "b", LocalChange{}));
    REQUIRE(scene.write(1, "c"));
  });
  CHECK(scene.events() == Words{"write 3", "committed", "a is written",
                                "b: " + message_of(Code::kUsage), "c is written"});
}

TEST_CASE("a space that cannot be opened is answered for, and the others go on") {
  Scene scene;
  scene.script.missing = {space(1)};
  scene.start();
  scene.all_at_once([&] {
    REQUIRE(scene.write(1, "a"));
    REQUIRE(scene.write(2, "b"));
    scene.apply(1, "c");
    scene.apply(2, "d");
  });
  const std::string why = message_of(Code::kNotFound);
  CHECK(scene.events() == Words{"a: " + why, "write 1", "committed", "b is written", "c: " + why,
                                "apply 1 packs", "d applied 1"});
}

TEST_CASE("merges that wait become one transaction, and its counts are told once") {
  Scene scene;
  scene.start();
  scene.all_at_once([&] {
    scene.apply(1, "a", 3);
    scene.apply(1, "b", 4);
    scene.apply(2, "c", 5);
  });
  CHECK(scene.events() ==
        Words{"apply 2 packs", "a applied 0", "b applied 7", "apply 1 packs", "c applied 5"});
}

TEST_CASE("a merge batch ends early when a local write comes, and goes on after it") {
  Scene scene;
  bool is_first = true;
  scene.script.in_apply = [&] {
    if (std::exchange(is_first, false)) LANYARD_CHECK(scene.write(1, "w"), "there is room");
  };
  scene.start();
  scene.all_at_once([&] {
    for (const char* name : {"a", "b", "c"}) scene.apply(1, name);
  });
  CHECK(scene.events() == Words{"apply 1 packs", "a applied 1", "write 1", "committed",
                                "w is written", "apply 2 packs", "b applied 0", "c applied 2"});
}

TEST_CASE("if a merge fails, those that wait behind it fail with it and other spaces go on") {
  Scene scene;
  scene.script.apply_fails = Error(Code::kDiskFull, "full");
  scene.start();
  scene.all_at_once([&] {
    scene.apply(1, "a");
    scene.apply(2, "b");
    scene.apply(1, "c");
    scene.thread->run([&](Vault&) { scene.script.apply_fails.reset(); });
  });
  const std::string why = message_of(Code::kDiskFull);
  CHECK(scene.events() ==
        Words{"apply fails", "a: " + why, "c: " + why, "apply fails", "b: " + why});
}

TEST_CASE("on a disk that is nearly full writes are refused, deletes and merges are not") {
  Scene scene;
  scene.script.no_room = Error(Code::kDiskFull, "8 MiB are kept");
  scene.start();
  scene.all_at_once([&] {
    REQUIRE(scene.write(1, "put"));
    REQUIRE(scene.write(1, "delete", a_change(oplog::OpKind::kDelete)));
    REQUIRE(scene.write(1, "clear", a_change(oplog::OpKind::kClear)));
    LocalChange both = a_change(oplog::OpKind::kDelete);
    both.ops.push_back(a_change().ops.front());
    REQUIRE(scene.write(1, "both", std::move(both)));
    scene.apply(1, "merge");
  });
  const std::string why = message_of(Code::kDiskFull);
  CHECK(scene.events() == Words{"put: " + why, "both: " + why, "write 2", "committed",
                                "delete is written", "clear is written", "apply 1 packs",
                                "merge applied 1"});
}

TEST_CASE("beyond the bound a write is refused at once and the rest is done") {
  Scene scene;
  scene.start();
  std::size_t answered = 0;
  scene.all_at_once([&] {
    const auto count = [&](const Result<Written>& written) { answered += written ? 1 : 0; };
    for (std::size_t i = 0; i < limits::kLocalWritesWaitingMax; ++i)
      REQUIRE(scene.thread->write(space(1), a_change(), count));
    const Status refused = scene.thread->write(space(1), a_change(), count);
    REQUIRE(!refused);
    CHECK(refused.error().is(Code::kBusy));
  });
  static_cast<void>(scene.events());
  CHECK(answered == limits::kLocalWritesWaitingMax);
}

TEST_CASE("what is queued is done before the vault is closed") {
  Scene scene;
  scene.start();
  std::latch entered(1);
  std::latch open(1);
  scene.thread->run([&](Vault&) {
    entered.count_down();
    open.wait();
    scene.script.events.clear();
  });
  entered.wait();
  REQUIRE(scene.write(1, "a"));
  scene.apply(1, "b");
  scene.thread->run([&](Vault&) { scene.script.events.emplace_back("job"); });
  open.count_down();
  CHECK(scene.events() ==
        Words{"write 1", "committed", "a is written", "apply 1 packs", "b applied 1", "job"});
}

TEST_CASE("a callback may queue more work") {
  Scene scene;
  scene.start();
  scene.all_at_once([&] {
    REQUIRE(scene.thread->write(space(1), a_change(), [&](const Result<Written>&) {
      LANYARD_CHECK(scene.write(1, "second"), "there is room");
    }));
  });
  CHECK(scene.events() ==
        Words{"write 1", "committed", "write 1", "committed", "second is written"});
}

TEST_CASE("upkeep is done piece by piece when nothing waits, and not while something does") {
  Scene scene;
  scene.script.upkeep_pieces = 3;
  std::latch tidied(4);  // three pieces, and the one that finds nothing
  int calls = 0;
  scene.script.in_upkeep = [&] {
    if (++calls <= 4) tidied.count_down();
  };
  scene.start();
  tidied.wait();
  scene.all_at_once([&] {
    for (int i = 0; i < 3; ++i)
      scene.thread->run([&](Vault&) { scene.script.events.emplace_back("job"); });
  });
  scene.thread.reset();
  const Words& events = scene.script.events;
  REQUIRE(events.size() >= 3);
  CHECK(Words(events.begin(), events.begin() + 3) == Words{"job", "job", "job"});
}

TEST_CASE("upkeep is done again when it said it would be due") {
  Scene scene;
  scene.script.upkeep_within = std::chrono::milliseconds(1);
  std::latch came_back(3);
  int calls = 0;
  scene.script.in_upkeep = [&] {
    if (++calls <= 3) came_back.count_down();
  };
  scene.start();
  came_back.wait();  // nobody asked for anything
  scene.thread.reset();
  CHECK(scene.script.events.back() == "close");
}

TEST_CASE("writers on many threads are all answered") {
  Scene scene;
  scene.start();
  std::atomic<int> answered{0};
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 8; ++writer) {
    writers.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        std::promise<bool> done;
        const Status queued = scene.thread->write(
            space(1), a_change(),
            [&](const Result<Written>& written) { done.set_value(written.has_value()); });
        if (queued && done.get_future().get()) ++answered;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  scene.thread.reset();
  CHECK(answered == 8 * 50);
}

TEST_CASE("writes that are held wait, those of other spaces do not, and all are answered") {
  Scene scene;
  scene.start();
  scene.all_at_once([&] {
    scene.thread->hold_writes(space(1));
    REQUIRE(scene.write(1, "a"));
    REQUIRE(scene.write(2, "b"));
  });
  scene.thread->release_writes(space(1), true);
  scene.wait();
  scene.thread->hold_writes(space(1));
  REQUIRE(scene.write(1, "c"));
  scene.wait();
  CHECK(scene.events() == Words{"write 1", "committed", "b is written", "doubt 1", "doubt 0",
                                "new log", "write 1", "committed", "a is written", "doubt 1",
                                "write 1", "committed", "c is written"});
}

}  // namespace lanyard::storage
