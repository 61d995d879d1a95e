#pragma once

#include <map>

#include "agent/access/access.hpp"
#include "agent/compat/chat_listing.hpp"
#include "agent/compat/chat_returns.hpp"
#include "agent/compat/compat_gate.hpp"
#include "agent/compat/compat_protocol.hpp"
#include "agent/compat/latest_times.hpp"
#include "agent/compat/posted_text.hpp"
#include "agent/compat/token_user.hpp"

namespace lanyard::agent {

/// The chatsync server of a chat app, for its own clients (docs/COMPAT.md). Who speaks has a user's
/// token, and sees that user's rows alone.
class Chatsync : public CompatProtocol, public std::enable_shared_from_this<Chatsync> {
 public:
  Chatsync(const CompatRoom& room, const storage::CompatListener& listener);

  [[nodiscard]] HeadOrder receive(const CompatPort& port, const HeadView& head) override;
  void close() override;

 private:
  /// Whose request it is.
  struct Caller : TokenUser {
    [[nodiscard]] std::string client() const { return TokenUser::client("chatsync"); }
  };
  [[nodiscard]] HeadOrder serve(const HeadView& head, const Caller& caller);
  [[nodiscard]] HeadOrder serve_delete(const HeadView& head, const Caller& caller);
  [[nodiscard]] HeadOrder plain(const Caller& caller,
                                void (Chatsync::*go)(const Caller& caller, const ApiReply& reply));
  [[nodiscard]] HeadOrder posted(const Caller& caller,
                                 void (Chatsync::*go)(const Caller& caller, const Posted& body,
                                                      const ApiReply& reply));
  void in_space(const ApiReply& reply, const std::function<void(const SpaceId& space)>& go) {
    with_space(services_.directory, space_, reply, go);
  }

  void get_status(const Caller& caller, const ApiReply& reply);
  void download(const Caller& caller, const ApiReply& reply);
  void sign_out(const Caller& caller, const ApiReply& reply);
  void delete_user(const Caller& caller, const ApiReply& reply);

  // What changes records (chatsync_changes.cpp).
  void upload(const Caller& caller, const Posted& body, const ApiReply& reply);
  void upload_chat(const Caller& caller, const Posted& body, const ApiReply& reply);
  void delete_chat(const Caller& caller, const std::string& chat, const ApiReply& reply);

  // When a user synced last, and with what (chatsync_status.cpp).
  void sync(const Caller& caller, const Posted& body, const ApiReply& reply);
  using WithStatus = std::function<void(const std::string& status)>;
  /// The user's SyncStatus as JSON.
  void with_status(const Caller& caller, const ApiReply& reply, const WithStatus& go);
  /// The user has synced now: kept in the space if it was not just now.
  void note_sync(const Caller& caller);
  void write_status(const SpaceId& space, const std::string& user);
  [[nodiscard]] std::string status_key(const std::string& user) const;
  void clear_status(const std::string& user, const std::function<void(const Status& done)>& done);

  CompatRoom room_;
  Services& services_;
  std::string space_;
  std::shared_ptr<ClaimQueue> queue_;
  std::shared_ptr<ChatReturns> returns_;
  std::shared_ptr<LatestTimes> times_;
  struct Synced {
    std::int64_t last_ms = 0;
    std::int64_t written_ms = 0;
  };
  std::map<std::string, Synced> synced_;  ///< by user, since this listener serves
};

}  // namespace lanyard::agent
