#include "agent/compat/chat_returns.hpp"

#include <algorithm>

#include "agent/logging.hpp"
#include "replication/types/json_text.hpp"

namespace lanyard::agent {
namespace {

constexpr const char* kChatId = "chatId";
constexpr std::size_t kHiddenRows = 1000;
/// Fields of a deleted chat that are looked at.
constexpr std::size_t kChatTrashRows = 1000;

using DeleteSet = std::set<Dot>;

/// The deletes that hide something of a record.
Result<DeleteSet> hiding(Services& services, const SpaceId& space, const std::string& collection,
                         const std::string& key) {
  LANYARD_TRY_SET(const auto rows, services.reads.trash(space, {collection, key}, kChatTrashRows));
  DeleteSet out;
  for (const storage::ReadTrash& row : rows)
    out.insert(row.deleted_by.begin(), row.deleted_by.end());
  return out;
}

/// Messages of the chat in the trash, with the deletes that hide them.
Result<std::map<std::string, DeleteSet>> hidden_messages(ClaimPlanner& planner,
                                                         const ChatRecords& records,
                                                         const std::string& chat,
                                                         const std::string& id) {
  storage::HiddenQuestion question{
      records.messages, kChatId, to_json(text_value(id)), {}, kHiddenRows};
  std::map<std::string, DeleteSet> out;
  while (true) {
    LANYARD_TRY_SET(const auto rows, planner.services().reads.hidden(planner.space(), question));
    for (const storage::HiddenValue& row : rows) {
      if (records.chat_of(row.key, id) != chat) continue;
      out[row.key].insert(row.deleted_by.begin(), row.deleted_by.end());
    }
    if (rows.size() < question.limit) return out;
    question.after = rows.back().key;
  }
}

/// The chat that a shown message is in.
std::optional<std::string> chat_id_of(const storage::ReadRecord& message) {
  const auto object = JsonObject::parse(message.json);
  const auto chat = object ? object->find(kChatId) : std::nullopt;
  const auto id = json_string(chat.value_or(""));
  return id ? std::optional(*id) : std::nullopt;
}

/// A chat that was deleted with messages, when another one was on its way.
Result<bool> goes_on(ClaimPlanner& planner, const ChatRecords& records, const std::string& chat) {
  storage::RecordQuery query;
  query.collection = records.messages;
  query.where = {{kChatId, storage::Comparison::kEqual, {text_value(chat)}}};
  query.limit = 1;
  LANYARD_TRY_SET(const auto there, planner.services().reads.query(planner.space(), query));
  if (there.records.empty()) return false;
  LANYARD_TRY_SET(const DeleteSet deletes,
                  hiding(planner.services(), planner.space(), records.chats, chat));
  LANYARD_TRY_SET(const auto hidden, hidden_messages(planner, records, chat, chat));
  return std::any_of(hidden.begin(), hidden.end(), [&](const auto& message) {
    return std::includes(deletes.begin(), deletes.end(), message.second.begin(),
                         message.second.end());
  });
}

}  // namespace

Status plan_return(ClaimPlanner& planner, const ChatRecords& records, const std::string& chat,
                   const std::string& id, bool is_revived) {
  LANYARD_TRY_SET(const auto hidden, hidden_messages(planner, records, chat, id));
  if (hidden.empty()) return {};
  DeleteSet still;
  if (!is_revived) {
    LANYARD_TRY_SET(still, hiding(planner.services(), planner.space(), records.chats, chat));
  }
  DeleteSet all;
  for (const auto& [key, deletes] : hidden) all.insert(deletes.begin(), deletes.end());
  for (const Dot& each : still) all.erase(each);
  LANYARD_TRY_SET(const auto of_chat,
                  planner.services().reads.deleting(planner.space(), {all.begin(), all.end()},
                                                    {records.chats, chat}));
  const DeleteSet of_it(of_chat.begin(), of_chat.end());
  for (const auto& [key, deletes] : hidden) {
    // What somebody deleted by itself stays deleted.
    if (!std::includes(of_it.begin(), of_it.end(), deletes.begin(), deletes.end())) continue;
    if (planner.plans(records.messages, key)) continue;
    LANYARD_TRY_SET(const PresentRecord now, planner.present(records.messages, key));
    if (!now.is_shown()) LANYARD_TRY(planner.restore(records.messages, key));
  }
  return {};
}

void ChatReturns::close() {
  is_closed_ = true;
  if (watch_ != 0) services_.feed.unwatch(std::exchange(watch_, 0));
}

void ChatReturns::watch() {
  services_.directory.find(
      queue_->space(), [self = weak_from_this()](const Result<SpaceId>& found) {
        const auto returns = self.lock();
        if (!returns || returns->is_closed_ || !found) return;
        returns->watch_ = returns->services_.feed.watch(
            *found, [self](const SpaceId& id, const storage::Touched& touched) {
              if (const auto told = self.lock()) told->on_touched(id, touched);
            });
        returns->look_through(*found);
      });
}

void ChatReturns::on_touched(const SpaceId& space, const storage::Touched& touched) {
  if (!touched.all) return look_through(space);
  for (const merge::RecordName& record : touched.voided)
    if (record.collection == records_.chats) look_at(record.key);
  if (!records_.alone) return;
  for (const merge::RecordName& record : touched.records) {
    if (record.collection == records_.chats) look_at_gone(space, record.key);
    if (record.collection == records_.messages) look_at_message(space, record.key);
  }
}

void ChatReturns::look_at_message(const SpaceId& space, const std::string& message) {
  const auto there = services_.reads.get(space, records_.messages, message);
  const auto chat = there ? chat_id_of(*there) : std::nullopt;
  if (chat) look_at_gone(space, *chat);
}

void ChatReturns::look_at_gone(const SpaceId& space, const std::string& chat) {
  const auto there = services_.reads.get(space, records_.chats, chat);
  if (there && !is_shown(*there)) look_at(chat);
}

void ChatReturns::look_through(const SpaceId& space) {
  if (std::exchange(is_looking_, true)) {
    look_again_ = true;
    return;
  }
  look_through_page(space, "");
}

/// Which chats have messages in the trash; others have their turn between two pages.
void ChatReturns::look_through_page(const SpaceId& space, const std::string& after) {
  if (is_closed_) return;
  const auto rows =
      services_.reads.hidden(space, {records_.messages, kChatId, {}, after, kHiddenRows});
  if (!rows) log_warning("the trash was not looked through: " + rows.error().detail);
  if (rows) look_at_rows(space, *rows);
  if (rows && rows->size() == kHiddenRows) {
    services_.host.post([self = weak_from_this(), space, last = rows->back().key] {
      if (const auto returns = self.lock()) returns->look_through_page(space, last);
    });
    return;
  }
  is_looking_ = false;
  if (std::exchange(look_again_, false)) look_through(space);
}

/// Of the chats that are there, those of which a delete took messages with it.
void ChatReturns::look_at_rows(const SpaceId& space,
                               const std::vector<storage::HiddenValue>& rows) {
  std::map<std::string, DeleteSet> chats;
  for (const storage::HiddenValue& row : rows) {
    const auto id = json_string(row.json);
    if (!id) continue;
    chats[records_.chat_of(row.key, *id)].insert(row.deleted_by.begin(), row.deleted_by.end());
  }
  for (auto& [chat, deletes] : chats) {
    const auto there = services_.reads.get(space, records_.chats, chat);
    if (!there) continue;
    if (!is_shown(*there)) {
      if (records_.alone) look_at(chat);
      continue;
    }
    const auto still = hiding(services_, space, records_.chats, chat);
    if (!still) continue;
    for (const Dot& each : *still) deletes.erase(each);
    const auto of_it =
        services_.reads.deleting(space, {deletes.begin(), deletes.end()}, {records_.chats, chat});
    if (of_it && !of_it->empty()) look_at(chat);
  }
}

void ChatReturns::look_at(const std::string& chat) {
  if (is_closed_ || !waiting_.insert(chat).second) return;
  const auto work = [this, chat](ClaimPlanner& planner) { return plan_chat_return(planner, chat); };
  // No client: nobody has read them with that.
  queue_->add({"", work, [self = shared_from_this(), chat](const Status& done) {
                 self->waiting_.erase(chat);
                 if (!done)
                   log_warning("messages of a chat did not come back: " + done.error().detail);
               }});
}

Status ChatReturns::plan_chat_return(ClaimPlanner& planner, const std::string& chat) const {
  LANYARD_TRY_SET(const auto there, services_.reads.get(planner.space(), records_.chats, chat));
  if (is_shown(there)) {
    const auto id = records_.id(there);
    return id ? plan_return(planner, records_, chat, *id, false) : Status();
  }
  if (!records_.alone) return {};
  LANYARD_TRY_SET(const bool is_wanted, goes_on(planner, records_, chat));
  if (!is_wanted) return {};
  LANYARD_TRY(planner.restore(records_.chats, chat));
  return plan_return(planner, records_, chat, chat, true);
}

}  // namespace lanyard::agent
