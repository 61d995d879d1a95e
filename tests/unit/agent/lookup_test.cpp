#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <thread>

#include "agent/lookup/proc_folder.hpp"
#include "agent/lookup/process_finder.hpp"
#include "agent/socket_program.hpp"
#include "tests/unit/agent/without_threads.hpp"

using namespace lanyard;
using namespace lanyard::agent;

TEST_CASE("what the agent and its lookup process say is read as it was said") {
  const LookupQuestion question{7, {4711, 4712}};
  CHECK(decode_lookup_question(encode(question)) == question);
  const LookupAnswer answer{7, 4711, 32570, "/usr/bin/\xff python3", 2, "/bin/sh", 12};
  CHECK(decode_lookup_answer(encode(answer)) == answer);
  CHECK(decode_lookup_answer(encode(LookupAnswer{})) == LookupAnswer{});
}

TEST_CASE("of a program's name the agent takes what a name may have, and nothing that is broken") {
  const std::string long_name(kProgramBytesMax + 10, 'x');
  LookupAnswer answer{1, 4711, 2, long_name, 1, long_name};
  const Bytes bytes = encode(answer);
  CHECK(bytes.size() <= kLookupBytesMax);
  const auto read = decode_lookup_answer(bytes);
  REQUIRE(read);
  CHECK(read->program.size() == kProgramBytesMax);
  for (std::size_t size = 0; size < bytes.size(); size += 97)
    CHECK_FALSE(decode_lookup_answer(ByteView(bytes).first(size)));
  answer.process = -1;
  CHECK_FALSE(decode_lookup_answer(encode(answer)));
  CHECK_FALSE(decode_lookup_answer(encode(LookupQuestion{1, {2}})));
  CHECK_FALSE(decode_lookup_question(encode(answer)));
  LookupQuestion question{1, std::vector<std::uint64_t>(kLookupSocketsMax, ~std::uint64_t{0})};
  CHECK(encode(question).size() <= kLookupBytesMax);
  CHECK(decode_lookup_question(encode(question)));
  question.sockets.push_back(1);
  CHECK_FALSE(decode_lookup_question(encode(question)));
}

namespace {

/// A socket, with its inode as /proc has it.
struct HeldSocket {
  HeldSocket() {
    std::error_code failed;
    const std::string name =
        std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor), failed);
    inode = std::stoull(name.substr(name.find('[') + 1));
  }
  ~HeldSocket() { ::close(descriptor); }
  int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);  // which what is started has too
  std::uint64_t inode = 0;
};

/// A process that waits until it is killed; `program`: what it runs, or a copy of this one.
class Waiting {
 public:
  explicit Waiting(const char* program = nullptr) : process_(::fork()) {
    if (process_ != 0) return;
    if (program != nullptr) ::execl(program, program, "60", nullptr);
    while (true) ::pause();
  }
  ~Waiting() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  [[nodiscard]] pid_t process() const { return process_; }

 private:
  pid_t process_;
};

std::string own_program() {
  std::error_code failed;
  return std::filesystem::read_symlink("/proc/self/exe", failed);
}

LookupAnswer found_for(std::uint64_t inode, std::size_t most = kDescriptorsSeenMax) {
  return processes_with_sockets({inode}, most).front();
}

}  // namespace

TEST_CASE("the processes that have sockets are found in one walk, with the files that they run") {
  const HeldSocket one;
  const HeldSocket two;
  const auto found = processes_with_sockets({two.inode, 1, one.inode});
  REQUIRE(found.size() == 3);
  CHECK(found[0] == LookupAnswer{0, two.inode, ::getpid(), own_program()});
  CHECK(found[1] == LookupAnswer{0, 1});
  CHECK(found[2] == LookupAnswer{0, one.inode, ::getpid(), own_program()});
}

TEST_CASE("a socket that programs have together is nobody's alone") {
  const HeldSocket shared;
  const Waiting same;
  CHECK(found_for(shared.inode).others == 0);  // of one program, however many processes it is
  const Waiting other("/bin/sleep");
  LookupAnswer found;
  // Until it runs that file it is one more of this program.
  while ((found = found_for(shared.inode)).others == 0) std::this_thread::yield();
  std::error_code failed;
  CHECK(found.other == std::filesystem::canonical("/bin/sleep", failed));
  const SocketOwner owner{SocketOwner::Kind::kUser, ::geteuid(), shared.inode};
  const SocketProgram shown = program_of(owner, found);
  CHECK(shown.is_shared);
  CHECK(shown.program == "more than one program: " + found.program + " and " + found.other);
}

TEST_CASE("a process with very many files open hides nobody behind it") {
  const HeldSocket held;
  const Waiting behind;
  std::vector<int> many;
  for (int each = 0; each < 100; ++each) many.push_back(::fcntl(0, F_DUPFD_CLOEXEC, 500));
  constexpr std::size_t kMost = 50;
  // This process has it among the first, so the one behind is asked for by a socket of its own.
  const LookupAnswer found = found_for(held.inode, kMost);
  CHECK(found.crowded != 0);
  ::close(::dup2(1, held.descriptor));  // gone here, still there in the one behind
  CHECK(found_for(held.inode, kMost).process == behind.process());
  for (const int each : many) ::close(each);
}

TEST_CASE("a finder that the system gives no thread to refuses, and the program goes on") {
  CHECK(testing::is_so_without_threads([](const auto& from_now_on) {
    ProcessFinder finder;
    from_now_on();
    return !finder.find_later({1}, [](const auto&) {});
  }));
}
