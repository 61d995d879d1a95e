#include <dlfcn.h>
#include <fcntl.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

/// Somebody whose code runs in an agent. Loaded before it (LD_PRELOAD), it does what the file that
/// INTRUDER names asks for, a line each, when the agent next asks for the name of a user: "read
/// FILE", "list FOLDER", "make FILE", "link FILE" (where does it lead), "run FILE", "signal PID".
/// What came of each, 0 or an errno, stands in the file whose name ends with ".done", in the same
/// order.
namespace {

int error_of(long result) { return result < 0 ? errno : 0; }

int run(const char* file) {
  pid_t child = -1;
  char name[] = "lanyard";
  char word[] = "--version";
  char* const arguments[] = {name, word, nullptr};
  if (const int failed = ::posix_spawn(&child, file, nullptr, nullptr, arguments, environ))
    return failed;
  ::waitpid(child, nullptr, 0);
  return 0;
}

/// Nothing in it is as good as no right to it.
int read(const char* file) {
  const int opened = ::open(file, O_RDONLY | O_CLOEXEC);
  char byte = 0;
  if (opened < 0) return errno;
  return ::read(opened, &byte, 1) == 1 ? 0 : EACCES;
}

int attempt(const char* what, const char* target) {
  char link[4096];
  const auto is = [what](const char* word) { return std::strcmp(what, word) == 0; };
  if (is("read")) return read(target);
  if (is("list")) return error_of(::open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (is("make")) return error_of(::open(target, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (is("link")) return error_of(::readlink(target, link, sizeof link));
  if (is("signal"))
    return error_of(::kill(static_cast<pid_t>(std::strtol(target, nullptr, 10)), 0));
  return is("run") ? run(target) : -1;
}

void act() {
  const char* const wishes = std::getenv("INTRUDER");
  std::FILE* const in = wishes == nullptr ? nullptr : std::fopen(wishes, "re");
  if (in == nullptr) return;
  char name[4096];
  std::snprintf(name, sizeof name, "%s.done", wishes);
  std::FILE* const out = std::fopen(name, "we");
  char what[16];
  char target[4096];
  while (out != nullptr && std::fscanf(in, "%15s %4095s", what, target) == 2)
    std::fprintf(out, "%d\n", attempt(what, target));
  if (out != nullptr) std::fclose(out);
  std::fclose(in);
  std::remove(wishes);
}

}  // namespace

// The C library's headers give parameters names that only it may use.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" int getpwuid_r(uid_t user, passwd* entry, char* memory, size_t size, passwd** found) {
  using Call = int(uid_t, passwd*, char*, size_t, passwd**);
  static auto* const call = reinterpret_cast<Call*>(::dlsym(RTLD_NEXT, "getpwuid_r"));
  act();
  return call(user, entry, memory, size, found);
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
