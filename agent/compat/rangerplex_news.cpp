#include "agent/compat/rangerplex_news.hpp"

#include "agent/json_slices.hpp"
#include "agent/json_writer.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

/// Changes of one chat within this time are one frame: a merge comes in batches.
constexpr std::chrono::milliseconds kTouchedWait{50};

std::string frame_of(std::string_view type, std::string_view member, std::string_view value) {
  JsonWriter out;
  out.begin_object().member("type", type);
  if (!member.empty()) out.member(member, value);
  return out.end_object().take();
}

/// The member of a record that names what it belongs to.
std::string_view parent_member(std::string_view collection) {
  if (collection == "messages") return "chatId";
  return collection == "notes" ? "notebook" : "";
}

}  // namespace

// ---- lines

void RangerplexNews::add(const std::shared_ptr<SocketLine>& line) {
  lines_[line.get()] = line;
  JsonWriter out;
  out.begin_object().member("type", "connected");
  line->send(out.member("message", "Connected to RangerPlex Sync Server").end_object().take());
}

void RangerplexNews::tell(const std::string& frame) {
  const auto lines = lines_;
  for (const auto& [key, held] : lines) {
    const auto line = held.lock();
    // Who does not read is told nothing new; it reads everything at its next start.
    if (line && !line->is_full()) line->send(frame);
  }
}

void RangerplexNews::tell_chat(const std::string& chat) {
  tell(frame_of("chat_updated", "chatId", chat));
}

void RangerplexNews::tell_setting(const std::string& key) {
  tell(frame_of("settings_updated", "key", key));
}

void RangerplexNews::close() {
  is_closed_ = true;
  if (watch_ != 0) services_.feed.unwatch(std::exchange(watch_, 0));
  lines_.clear();
}

// ---- what comes from elsewhere

void RangerplexNews::watch(const std::string& space) {
  services_.directory.find(space, [self = weak_from_this()](const Result<SpaceId>& found) {
    const auto news = self.lock();
    if (!news || news->is_closed_ || !found) return;
    news->space_ = *found;
    news->watch_ = news->services_.feed.watch(
        *found, [self](const SpaceId& id, const storage::Touched& touched) {
          if (const auto told = self.lock()) told->on_touched(id, touched);
        });
  });
}

std::optional<RangerplexNews::Name> RangerplexNews::belongs_to(const SpaceId& space,
                                                               const merge::RecordName& record) {
  if (record.collection == "chats" || record.collection == "settings")
    return Name(record.collection, record.key);
  const std::string_view member = parent_member(record.collection);
  if (member.empty()) return std::nullopt;
  const std::string whole = record.collection == "messages" ? "chats" : "settings";
  if (const auto read = services_.reads.get(space, record.collection, record.key)) {
    const auto object = JsonObject::parse(read->json);
    const auto parent = object ? object->find(member) : std::nullopt;
    if (const auto text = json_string(parent.value_or(""))) return Name(whole, *text);
  }
  const auto seen = store_.parent_of({space, record.collection, record.key});
  return seen && *seen ? std::optional(Name(whole, **seen)) : std::nullopt;
}

void RangerplexNews::on_touched(const SpaceId& space, const storage::Touched& touched) {
  if (lines_.empty() || own_all_ > 0) return;
  if (!touched.all || space != space_) {
    space_ = space;
    return tell(frame_of("full_import", "", ""));
  }
  for (const auto& record : touched.records) {
    const auto name = belongs_to(space, record);
    if (!name || own_.contains(*name)) continue;
    touched_[*name] = touched_[*name] || record.collection == "chats";
  }
  if (touched_.empty() || std::exchange(will_tell_, true)) return;
  after_(kTouchedWait, [self = weak_from_this()] {
    if (const auto news = self.lock()) news->tell_of_touched();
  });
}

void RangerplexNews::tell_of_touched() {
  will_tell_ = false;
  for (const auto& [name, itself] : std::exchange(touched_, {})) {
    const auto& [collection, key] = name;
    if (collection == "settings") {
      tell_setting(key);
      continue;
    }
    // Its messages may come before the chat itself.
    const auto chat = services_.reads.get(space_, collection, key);
    const bool is_gone = itself && chat && !is_shown(*chat);
    is_gone ? tell(frame_of("chat_deleted", "chatId", key)) : tell_chat(key);
  }
}

void RangerplexNews::ends(const std::string& collection, const std::string& key) {
  const auto found = own_.find({collection, key});
  if (found != own_.end()) own_.erase(found);
}

}  // namespace lanyard::agent
