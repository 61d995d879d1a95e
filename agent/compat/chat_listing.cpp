#include "agent/compat/chat_listing.hpp"

#include <algorithm>

#include "agent/compat/compat_gate.hpp"
#include "agent/logging.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kChatsPage = 50;

/// {"a":1} without its last bracket, to be gone on with.
std::string open_object(const std::vector<ClaimMember>& members) {
  std::string out = object_text(members);
  out.pop_back();
  if (!members.empty()) out += ',';
  return out;
}

}  // namespace

void ChatListing::start(const ApiReply& reply, std::string before, Behind behind) {
  reply_ = reply;
  before_ = std::move(before);
  behind_ = std::move(behind);
  scan();
}

/// Which chat has which messages, in their order; others have their turn between two pages.
void ChatListing::scan() {
  storage::RecordQuery query;
  query.collection = lists_.messages;
  query.where = lists_.where;
  query.limit = 1000;
  query.cursor = scan_cursor_;
  const auto page = services_.reads.query(space_, query);
  if (!page) return reply_->send(compat_error(page.error()));
  for (const storage::ReadRecord& record : page->records) {
    const auto object = JsonObject::parse(record.json);
    const auto chat = object ? object->find("chatId") : std::nullopt;
    const auto id = json_string(chat.value_or(""));
    if (id) messages_[*id].push_back(lists_.place(record.key, *object));
  }
  scan_cursor_ = page->cursor;
  if (page->cursor.empty()) return begin();
  services_.host.post([self = shared_from_this()] { self->scan(); });
}

void ChatListing::begin() {
  for (auto& [chat, places] : messages_) std::sort(places.begin(), places.end());
  page_.cursor.clear();
  out_ = reply_->begin({});
  send();
}

void ChatListing::send() {
  std::string piece = std::exchange(before_, {});
  Status filled;
  const Status noted = queue_->note(space_, client_, [&](ClaimPlanner& planner) {
    filled = fill(piece, planner);
    return Status();
  });
  if (!noted) log_warning("what a client was given was not noted: " + noted.error().detail);
  // Broken off: that is all that can be said behind a head that says 200.
  if (!filled) return out_.reset();
  if (is_over_) piece += behind_(sent_);
  out_->piece(std::move(piece), [self = shared_from_this()](bool is_open) {
    if (!is_open) return;
    if (self->is_over_) return self->out_->end();
    self->services_.host.post([self] { self->send(); });
  });
}

Status ChatListing::fill(std::string& out, ClaimPlanner& planner) {
  while (out.size() < lists_.piece_bytes) {
    if (!chat_key_.empty()) {
      LANYARD_TRY(next_message(out, planner));
      continue;
    }
    LANYARD_TRY_SET(const bool more, next_chat(out, planner));
    is_over_ = !more;
    if (is_over_) return {};
  }
  return {};
}

Result<bool> ChatListing::next_chat(std::string& out, ClaimPlanner& planner) {
  if (at_chat_ == page_.records.size()) {
    if (!has_pages_) return false;
    storage::RecordQuery query;
    query.collection = lists_.chats;
    query.where = lists_.where;
    query.order_field = "updatedAt";
    query.descending = true;
    query.limit = kChatsPage;
    query.cursor = page_.cursor;
    LANYARD_TRY_SET(page_, services_.reads.query(space_, query));
    at_chat_ = 0;
    has_pages_ = !page_.cursor.empty();
    if (page_.records.empty()) return false;
  }
  LANYARD_TRY_SET(const PresentRecord chat, planner.shown(std::move(page_.records[at_chat_++])));
  LANYARD_TRY(planner.gave("", chat, updated_at_of(chat.members)));
  if (lists_.to_page) given_ = {planner.part_of("", chat, updated_at_of(chat.members))};
  if (sent_++ > 0) out += ',';
  chat_key_ = chat.record->key;
  chat_ = lists_.chat_id(*chat.record);
  out += open_object(chat.members);
  if (lists_.more) out += lists_.more(chat_);
  out += "\"messages\":[";
  at_message_ = 0;
  has_message_ = false;
  return true;
}

Status ChatListing::next_message(std::string& out, ClaimPlanner& planner) {
  const auto& places = messages_[chat_];
  if (at_message_ == places.size()) {
    out += "]}";
    if (lists_.to_page)
      planner.plan().wholes.push_back({given_.front().thing, std::exchange(given_, {})});
    messages_.erase(chat_);
    chat_key_.clear();
    return {};
  }
  const std::string& key = places[at_message_].key;
  LANYARD_TRY_SET(const PresentRecord message, planner.present(lists_.messages, key));
  if (message.is_shown()) {  // it may have gone since they were counted
    const auto at = updated_at_of(message.members);
    LANYARD_TRY(planner.gave(chat_key_, message, at));
    if (lists_.to_page) given_.push_back(planner.part_of(chat_key_, message, at));
    // By what was said, not by where the piece begins: it may begin anywhere.
    if (std::exchange(has_message_, true)) out += ',';
    out += object_text(message.members);
  }
  ++at_message_;
  return {};
}

}  // namespace lanyard::agent
