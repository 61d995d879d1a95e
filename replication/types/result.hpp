#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <tl/expected.hpp>
#include <utility>

namespace lanyard {

/// What went wrong, for programs. A peer never learns more than this.
enum class Code {
  // The bytes that came from outside.
  kMalformed = 1,  ///< not the shape that was agreed: cut short, wrong type, trailing bytes
  kNotCanonical,   ///< readable, but not the one encoding that signed bytes may have
  kTooLarge,       ///< over a limit of limits.hpp
  kNewerVersion,   ///< written by a newer Lanyard than this one
  // Logs and trust.
  kBadSignature,     ///< a signature does not verify
  kBrokenChain,      ///< a header does not continue the log that we hold
  kForked,           ///< same log and seq, other hash
  kMissingContext,   ///< depends on a change that is not held here
  kNotAdmitted,      ///< the log's device is not a member
  kWrongSpace,       ///< belongs to another space than the one it was sent for
  kBadSeal,          ///< a payload does not open under its epoch's key
  kMissingKey,       ///< we do not hold the epoch's key
  kUnauthenticated,  ///< the other side could not prove who it is
  kNoToken,          ///< a client did not show a token that is good here
  kForgotten,        ///< a device that was forgotten here, or never known
  kBeyondCredit,     ///< more was sent than was asked for
  kProtocol,         ///< a message that does not belong at this point of the dialogue
  // Requests of people and apps.
  kUsage,          ///< a request that cannot be understood
  kNotFound,       ///< no such space, device, record or conflict
  kExists,         ///< the name is taken
  kConflict,       ///< the record has edits that the caller has not seen
  kNotAllowed,     ///< the caller may not do this
  kUnreachable,    ///< no answer in time, or no way there
  kBusy,           ///< a bounded queue is full; try again later
  kNotRunning,     ///< there is no agent to talk to
  kLocked,         ///< another agent holds the data folder
  kInvalidConfig,  ///< a configuration key, value or file
  // This machine.
  kUnsafePermissions,  ///< a file that others can read and should not
  kReadOnly,           ///< the folder or the file system cannot be written
  kDiskFull,           ///< no space left
  kInputOutput,        ///< the disk failed; the store is not to be trusted until it was copied
  kPortTaken,          ///< somebody else listens there
  kCorrupt,            ///< stored bytes are not what we wrote
  kInterrupted,        ///< cut short by the person or a shutdown
};

[[nodiscard]] const std::error_category& lanyard_category() noexcept;
[[nodiscard]] std::error_code make_error_code(Code code) noexcept;

}  // namespace lanyard

template <>
struct std::is_error_code_enum<lanyard::Code> : std::true_type {};

namespace lanyard {

/// Why something could not be done. `detail` says what happened, for the log and for `why`; `fix`
/// tells a person what to do, and is empty where nothing helps. Neither ever holds content of
/// records, keys or codes.
struct Error {
  std::error_code code;
  std::string detail;
  std::string fix;

  Error(Code c, std::string what = {}, std::string hint = {})
      : code(make_error_code(c)), detail(std::move(what)), fix(std::move(hint)) {}
  Error(std::error_code c, std::string what = {}, std::string hint = {})
      : code(c), detail(std::move(what)), fix(std::move(hint)) {}

  [[nodiscard]] bool is(Code c) const { return code == make_error_code(c); }
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(Code code, std::string detail = {},
                                                std::string fix = {}) {
  return tl::unexpected<Error>(Error(code, std::move(detail), std::move(fix)));
}
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace lanyard

#define LANYARD_JOIN_(a, b) a##b
#define LANYARD_JOIN(a, b) LANYARD_JOIN_(a, b)
/// Returns the error of a Result, or goes on.
#define LANYARD_TRY(expression)                                                              \
  if (auto LANYARD_JOIN(result_, __LINE__) = (expression); !LANYARD_JOIN(result_, __LINE__)) \
  return ::lanyard::fail(std::move(LANYARD_JOIN(result_, __LINE__)).error())
/// The same, and names the value.
#define LANYARD_TRY_SET(declaration, expression)                                \
  auto LANYARD_JOIN(result_, __LINE__) = (expression);                          \
  if (!LANYARD_JOIN(result_, __LINE__))                                         \
    return ::lanyard::fail(std::move(LANYARD_JOIN(result_, __LINE__)).error()); \
  declaration = std::move(*LANYARD_JOIN(result_, __LINE__))
