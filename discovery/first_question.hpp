#pragma once

#include <map>

#include "discovery/pipe_message.hpp"

/// Avahi's core waits 100 ms before its first question, and whoever has the answer waits up to
/// 120 ms more before it says it to all. Where the core is used, one question goes out before it.
namespace lanyard::discovery {

/// The bytes of one mDNS query (RFC 6762): who offers our service? The answer may come to us alone
/// (5.4), which is what reaches us of what was said to all a moment ago. Where the orders announce
/// a service, it is also the first probe of its name (8.1): a host that is about to take a name
/// asks whether somebody has it, and is answered at once. Pure.
[[nodiscard]] Bytes first_question(const Orders& orders);
/// The bytes of one more: where is the service of this name? The first answer leaves out what was
/// said to all a moment ago, and so would the answer to the core. `instance`: a label of DNS. Pure.
[[nodiscard]] Bytes second_question(const std::string& instance);

/// Says them to the group of mDNS. The answers come to whoever has joined it, Avahi's core: nothing
/// is read here. What cannot be sent is left out: the core asks too, if later. Never blocks.
class FirstQuestions {
 public:
  /// Names that are asked for after the first question. A home has fewer agents.
  static constexpr int kNamesMax = 16;

  /// Once on each interface and family that is new in the orders.
  void ask(const Orders& orders);
  /// For a name that was told there: only one of the first that are.
  void ask_about(int interface, bool is_v6, const std::string& instance);

 private:
  struct Place {
    int interface = 0;
    bool is_v6 = false;
    friend auto operator<=>(const Place&, const Place&) = default;
  };

  std::map<Place, int> asked_;  ///< those that are still there; how many names may yet be asked for
};

}  // namespace lanyard::discovery
