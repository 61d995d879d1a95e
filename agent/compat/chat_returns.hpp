#pragma once

#include <functional>
#include <memory>
#include <set>

#include "agent/compat/claim_queue.hpp"

namespace lanyard::agent {

/// A chat and its messages are records of their own, and go to the trash together. Which are which.
struct ChatRecords {
  std::string chats;  ///< the collection
  std::string messages;
  /// The id of a chat as its messages name it in `chatId`; nothing for a damaged one.
  std::function<std::optional<std::string>(const storage::ReadRecord& chat)> id;
  /// The key of a chat from that of a message in it, and the message's `chatId`.
  std::function<std::string(const std::string& message, const std::string& id)> chat_of;
  /// Messages are posted one by one, and nothing is written of their chat with them: one that is
  /// there when its chat was deleted with others is of somebody who goes on with it. Needs an index
  /// of messages by `chatId`.
  bool alone = false;
};

/// Plans that the messages come back which the chat's own deletes have hidden and no other. `id`:
/// by which its messages name it. `is_revived`: deletes that the plan makes void; else those that
/// hide nothing of the chat any more. For a chat that is shown, or will be.
[[nodiscard]] Status plan_return(ClaimPlanner& planner, const ChatRecords& records,
                                 const std::string& chat, const std::string& id, bool is_revived);

/// Sees to it that a chat whose delete turned out void has its messages again: who goes on with a
/// chat that another device deleted has it back, whole (docs/adr/0027). Belongs to the api thread.
class ChatReturns : public std::enable_shared_from_this<ChatReturns> {
 public:
  /// `services` outlives it.
  ChatReturns(Services& services, std::shared_ptr<ClaimQueue> queue, ChatRecords records)
      : services_(services), queue_(std::move(queue)), records_(std::move(records)) {}
  ~ChatReturns() { close(); }
  ChatReturns(const ChatReturns&) = delete;
  ChatReturns& operator=(const ChatReturns&) = delete;

  /// Looks through the trash of the listener's space, and hears of its changes from now on.
  void watch();
  void close();

 private:
  void on_touched(const SpaceId& space, const storage::Touched& touched);
  void look_through(const SpaceId& space);
  void look_through_page(const SpaceId& space, const std::string& after);
  void look_at_rows(const SpaceId& space, const std::vector<storage::HiddenValue>& rows);
  void look_at(const std::string& chat);
  void look_at_gone(const SpaceId& space, const std::string& chat);
  void look_at_message(const SpaceId& space, const std::string& message);
  [[nodiscard]] Status plan_chat_return(ClaimPlanner& planner, const std::string& chat) const;

  Services& services_;
  std::shared_ptr<ClaimQueue> queue_;
  ChatRecords records_;
  std::uint64_t watch_ = 0;
  bool is_closed_ = false;
  bool is_looking_ = false;
  bool look_again_ = false;
  std::set<std::string> waiting_;  ///< chats that have a job
};

}  // namespace lanyard::agent
