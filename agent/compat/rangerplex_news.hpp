#pragma once

#include <map>
#include <set>

#include "agent/api/http_server.hpp"
#include "agent/service/services.hpp"
#include "storage/compat_store.hpp"

namespace lanyard::agent {

/// What the clients of one rangerplex listener are told over their WebSockets: of what they post as
/// the original server does, and of what comes from elsewhere with the same frames, once per chat.
/// Belongs to the api thread.
class RangerplexNews : public std::enable_shared_from_this<RangerplexNews> {
 public:
  RangerplexNews(Services& services, storage::CompatStore& store, HttpServer::After after)
      : services_(services), store_(store), after_(std::move(after)) {}
  ~RangerplexNews() { close(); }
  RangerplexNews(const RangerplexNews&) = delete;
  RangerplexNews& operator=(const RangerplexNews&) = delete;

  /// Hears of changes of this space from now on.
  void watch(const std::string& space);
  void close();

  void add(const std::shared_ptr<SocketLine>& line);
  void remove(const SocketLine* line) { lines_.erase(line); }
  /// To everybody, the one that caused it too.
  void tell(const std::string& frame);
  void tell_chat(const std::string& chat);
  void tell_setting(const std::string& key);

  /// Between these two, changes of this chat or setting are those of the post itself, of which
  /// everybody is told by its own frame.
  void begins(const std::string& collection, const std::string& key) {
    own_.insert({collection, key});
  }
  void ends(const std::string& collection, const std::string& key);
  /// The same for everything at once.
  void begins_all() { ++own_all_; }
  void ends_all() { --own_all_; }

 private:
  using Name = std::pair<std::string, std::string>;  ///< "chats" or "settings", and a key
  void on_touched(const SpaceId& space, const storage::Touched& touched);
  [[nodiscard]] std::optional<Name> belongs_to(const SpaceId& space,
                                               const merge::RecordName& record);
  void tell_of_touched();

  Services& services_;
  storage::CompatStore& store_;
  HttpServer::After after_;
  std::map<const SocketLine*, std::weak_ptr<SocketLine>> lines_;
  std::uint64_t watch_ = 0;
  bool is_closed_ = false;
  SpaceId space_{};
  std::multiset<Name> own_;
  int own_all_ = 0;
  std::map<Name, bool> touched_;  ///< whether it was the chat or setting itself
  bool will_tell_ = false;
};

}  // namespace lanyard::agent
