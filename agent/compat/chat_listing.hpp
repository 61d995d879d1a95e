#pragma once

#include <map>

#include "agent/api/api_call.hpp"
#include "agent/compat/claim_queue.hpp"
#include "agent/compat/rangerplex_shapes.hpp"

namespace lanyard::agent {

/// All chats of a space with their messages, the newest updatedAt first, as a JSON array that is
/// sent as the client takes it: memory grows with 60 bytes a message and with the largest record.
/// What was sent is what the client believes from then on. On the api thread; keeps itself alive.
class ChatListing : public std::enable_shared_from_this<ChatListing> {
 public:
  /// `services` outlives it. The array stands between `before` and `behind`.
  ChatListing(Services& services, const SpaceId& space, std::shared_ptr<ClaimQueue> queue,
              std::string client, std::string before, std::string behind)
      : services_(services),
        space_(space),
        queue_(std::move(queue)),
        client_(std::move(client)),
        before_(std::move(before)),
        behind_(std::move(behind)) {}

  /// Answers with it, or with an error before the first byte.
  void start(const ApiReply& reply);

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
  std::string before_;
  std::string behind_;
  std::optional<ApiReply> reply_;
  std::optional<AnswerStream> out_;

  std::string scan_cursor_;
  std::map<std::string, std::vector<ElementPlace>> messages_;  ///< by chat
  storage::RecordPage page_;
  std::size_t at_chat_ = 0;
  bool has_pages_ = true;
  bool is_first_ = true;
  std::string chat_;  ///< whose messages are being sent; empty: none
  std::size_t at_message_ = 0;
  bool is_over_ = false;
};

}  // namespace lanyard::agent
