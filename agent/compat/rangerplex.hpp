#pragma once

#include <set>

#include "agent/compat/chat_returns.hpp"
#include "agent/compat/claim_queue.hpp"
#include "agent/compat/compat_gate.hpp"
#include "agent/compat/compat_protocol.hpp"
#include "agent/compat/latest_times.hpp"
#include "agent/compat/posted_text.hpp"
#include "agent/compat/rangerplex_news.hpp"
#include "agent/json_writer.hpp"

namespace lanyard::agent {

/// What a client has sent on one line of lists that it sends as wholes, by collection and key: what
/// it had, and may have taken away since. What was sent on another line is another page's.
using SentLists = std::map<std::string, std::map<std::string, ContentHash>>;

/// RangerPlex's sync server, for its own clients (docs/COMPAT.md): REST and WebSocket over the same
/// records that imports make.
class Rangerplex : public CompatProtocol, public std::enable_shared_from_this<Rangerplex> {
 public:
  Rangerplex(const CompatRoom& room, const storage::CompatListener& listener);

  [[nodiscard]] HeadOrder receive(const CompatPort& port, const HeadView& head) override;
  void close() override;

  // ---- for its WebSockets
  /// A message of a client, applied when its turn comes. Nothing is answered.
  /// `hold`: kept until then.
  /// `sent`: on its line.
  void take_frame(const std::string& client, const std::string& message, std::shared_ptr<void> hold,
                  const std::shared_ptr<SentLists>& sent);

 private:
  using Answer = std::function<void(const ApiReply& reply)>;
  [[nodiscard]] HeadOrder serve_socket(const HeadView& head);
  [[nodiscard]] HeadOrder serve_path(const std::string& method, std::string_view as_sent,
                                     const std::string& client);
  [[nodiscard]] HeadOrder reading(void (Rangerplex::*read)(const std::string& client,
                                                           const ApiReply& reply),
                                  const std::string& client);
  [[nodiscard]] HeadOrder posting(void (Rangerplex::*post)(const std::string& client,
                                                           const Posted& body,
                                                           const ApiReply& reply),
                                  const std::string& client);
  [[nodiscard]] HeadOrder deleting(std::string_view chat, const std::string& client);
  void in_space(const ApiReply& reply, const std::function<void(const SpaceId& space)>& go) {
    with_space(services_.directory, space_, reply, go);
  }

  void get_chats(const std::string& client, const ApiReply& reply);
  void get_settings(const std::string& client, const ApiReply& reply);
  void get_export(const std::string& client, const ApiReply& reply);
  void get_health(const std::string& client, const ApiReply& reply);

  // Writing (rangerplex_changes.cpp). What they read stands in `text`.
  using Synced = std::function<void(const Result<std::string>& key)>;
  void post_chat(const std::string& client, const Posted& body, const ApiReply& reply);
  void post_setting(const std::string& client, const Posted& body, const ApiReply& reply);
  void post_import(const std::string& client, const Posted& body, const ApiReply& reply);
  void clear(const std::string& client, const ApiReply& reply);
  void delete_chat(const std::string& client, const std::string& chat, const ApiReply& reply);
  void sync_chat(const std::string& client, Posted text, std::string_view json, const Synced& done);
  void sync_setting(const std::string& client, Posted text, std::string_view json,
                    const Synced& done);
  void sync_listed(const std::string& client, const std::string& type, Posted text,
                   std::string_view data, const std::string& user,
                   const std::shared_ptr<SentLists>& sent);
  /// A raw copy of the space's file first: what is then done can be undone as a whole.
  void after_snapshot(const ApiReply& reply, const std::function<void()>& go);

  // Reading what is small (rangerplex_settings.cpp).
  [[nodiscard]] Status write_settings(const SpaceId& space, ClaimPlanner& planner, bool to_page,
                                      JsonWriter& out);
  [[nodiscard]] Status write_setting(const SpaceId& space, const std::string& key,
                                     std::string_view record, const std::vector<std::string>& notes,
                                     JsonWriter& out);
  [[nodiscard]] Status write_kept_wholes(const SpaceId& space, const std::set<std::string>& said,
                                         JsonWriter& out);
  [[nodiscard]] Result<std::string> other_classes_text(const SpaceId& space);
  [[nodiscard]] Result<std::string> settings_text(const SpaceId& space, const std::string& client,
                                                  bool to_page);

  Services& services_;
  storage::CompatStore& store_;
  std::string space_;
  std::vector<std::string> kept_local_;
  engine::Instant started_;
  std::shared_ptr<ClaimQueue> queue_;
  std::shared_ptr<RangerplexNews> news_;
  std::shared_ptr<ChatReturns> returns_;
  std::shared_ptr<LatestTimes> times_;
};

}  // namespace lanyard::agent
