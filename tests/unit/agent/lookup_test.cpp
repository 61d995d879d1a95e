#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "agent/lookup/lookup_message.hpp"
#include "agent/lookup/proc_folder.hpp"

using namespace lanyard;
using namespace lanyard::agent;

TEST_CASE("what the agent and its lookup process say is read as it was said") {
  const LookupQuestion question{7, 4711};
  CHECK(decode_lookup_question(encode(question)) == question);
  const LookupAnswer answer{7, 32570, "/usr/bin/\xff python3"};
  CHECK(decode_lookup_answer(encode(answer)) == answer);
  CHECK(decode_lookup_answer(encode(LookupAnswer{})) == LookupAnswer{});
}

TEST_CASE("of a program's name the agent takes what a name may have, and nothing that is broken") {
  LookupAnswer answer{1, 2, std::string(kProgramBytesMax + 10, 'x')};
  const Bytes bytes = encode(answer);
  CHECK(bytes.size() <= kLookupBytesMax);
  const auto read = decode_lookup_answer(bytes);
  REQUIRE(read);
  CHECK(read->program.size() == kProgramBytesMax);
  for (std::size_t size = 0; size < bytes.size(); size += 97)
    CHECK_FALSE(decode_lookup_answer(ByteView(bytes).first(size)));
  answer.process = -1;
  CHECK_FALSE(decode_lookup_answer(encode(answer)));
  CHECK_FALSE(decode_lookup_answer(encode(LookupQuestion{1, 2})));
  CHECK_FALSE(decode_lookup_question(encode(answer)));
}

TEST_CASE("the process that has a socket is found, with the file that it runs") {
  const int one = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::error_code failed;
  const std::string name =
      std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(one), failed).string();
  const LookupAnswer found = process_with_socket(std::stoull(name.substr(name.find('[') + 1)));
  CHECK(found.process == ::getpid());
  CHECK(found.program == std::filesystem::read_symlink("/proc/self/exe", failed).string());
  ::close(one);
  CHECK(process_with_socket(1).process == 0);
}
