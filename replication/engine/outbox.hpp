#pragma once

#include <map>
#include <set>

#include "replication/engine/effect.hpp"
#include "replication/types/limits.hpp"
#include "replication/wire/codec.hpp"

namespace lanyard::engine {

/// Where a step collects its effects. Encodes messages as they are sent, since the names that a
/// link has learnt depend on their order.
class Outbox {
 public:
  void open(LinkId link) { names_[link]; }
  void close(LinkId link) { names_.erase(link); }
  [[nodiscard]] bool is_open(LinkId link) const { return names_.contains(link); }

  /// Nothing happens on a link that is closed already.
  void send(LinkId link, const wire::Message& message) {
    const auto names = names_.find(link);
    if (names == names_.end()) return;
    Bytes bytes = wire::encode(message, names->second);
    // What it speaks of came from others: no size of theirs ends more than this link.
    if (bytes.size() > limits::kMessageBytesMax)
      return hang_up(link, wire::ByeCode::kBusy, "what is to be said is longer than a message");
    effects_.emplace_back(Send{link, std::move(bytes)});
  }
  /// Tells the peer the code, and nothing more after that.
  void drop(LinkId link, wire::ByeCode code, std::string why) {
    if (!is_open(link)) return;
    send(link, wire::Bye{code});
    hang_up(link, code, std::move(why));
  }
  /// The same without a word.
  void hang_up(LinkId link, wire::ByeCode code, std::string why) {
    if (!is_open(link)) return;
    close(link);
    effects_.emplace_back(DropPeer{link, code, std::move(why)});
  }
  void add(Effect effect) { effects_.push_back(std::move(effect)); }
  void notify(Notice notice) { effects_.emplace_back(Notify{std::move(notice)}); }
  [[nodiscard]] std::vector<Effect> take() { return std::exchange(effects_, {}); }

 private:
  std::map<LinkId, wire::LinkNames> names_;
  std::vector<Effect> effects_;
};

}  // namespace lanyard::engine
