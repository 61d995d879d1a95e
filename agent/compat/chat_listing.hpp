#pragma once

#include <map>

#include "agent/api/api_call.hpp"
#include "agent/compat/claim_queue.hpp"
#include "agent/compat/rangerplex_shapes.hpp"

namespace lanyard::agent {

/// What a listing shows.
struct ChatLists {
  std::string chats;  ///< the collection
  std::string messages;
  storage::Where where = {};  ///< of both; empty: all that there are
  /// By which name messages say that they are in a chat (their member `chatId`).
  std::function<std::string(const storage::ReadRecord& chat)> chat_id;
  /// Where a message stands in its chat.
  std::function<ElementPlace(const std::string& key, const JsonObject& message)> place;
  /// Members of a chat beside its own, as JSON text with a comma behind. May be empty.
  std::function<std::string(const std::string& chat)> more = {};
  /// A page is given them: each chat as a whole is what it has from then on.
  bool to_page = false;
  /// A piece is sent once it has so many bytes.
  std::size_t piece_bytes = 256 * 1024;
};

/// Chats of a space with their messages, the newest updatedAt first, as elements of a JSON array
/// that is sent as the client takes it: memory grows with 60 bytes a message and with the largest
/// record. What was sent is what the client believes from then on. On the api thread; keeps itself
/// alive.
class ChatListing : public std::enable_shared_from_this<ChatListing> {
 public:
  /// `services` outlives it.
  ChatListing(Services& services, const SpaceId& space, std::shared_ptr<ClaimQueue> queue,
              std::string client, ChatLists lists)
      : services_(services),
        space_(space),
        queue_(std::move(queue)),
        client_(std::move(client)),
        lists_(std::move(lists)) {}

  /// What stands behind so many chats.
  using Behind = std::function<std::string(std::size_t chats)>;
  /// Answers with it, between `before` and `behind`, or with an error before the first byte.
  void start(const ApiReply& reply, std::string before, Behind behind);

 private:
  void scan();
  void begin();
  void send();
  [[nodiscard]] Status fill(std::string& out, ClaimPlanner& planner);
  [[nodiscard]] Result<bool> next_chat(std::string& out, ClaimPlanner& planner);
  [[nodiscard]] Status next_message(std::string& out, ClaimPlanner& planner);

  Services& services_;
  SpaceId space_;
  std::shared_ptr<ClaimQueue> queue_;
  std::string client_;
  ChatLists lists_;
  std::string before_;
  Behind behind_;
  std::optional<ApiReply> reply_;
  std::optional<AnswerStream> out_;

  std::string scan_cursor_;
  std::map<std::string, std::vector<ElementPlace>> messages_;  ///< by chat
  storage::RecordPage page_;
  std::size_t at_chat_ = 0;
  bool has_pages_ = true;
  std::size_t sent_ = 0;  ///< chats
  std::string chat_key_;  ///< whose messages are being sent; empty: none
  std::string chat_;      ///< as messages name it
  std::size_t at_message_ = 0;
  std::vector<ClaimPlan::Note> given_;  ///< of the chat, if it is for a page
  bool has_message_ = false;            ///< one of the chat's was sent
  bool is_over_ = false;
};

}  // namespace lanyard::agent
