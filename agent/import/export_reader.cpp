#include "agent/import/export_reader.hpp"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/display_text.hpp"
#include "agent/import/chat_records.hpp"
#include "agent/import/json_capture.hpp"
#include "agent/json_slices.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kExportDepthMax = limits::kTextDepthMax;
constexpr std::size_t kIgnoredMax = 20;
constexpr const char* kNothingImported = "Mend the file, or export it again; nothing was imported.";

/// Where the reader stands, apart from what it captures.
enum class JsonPlace { kOutside, kRoot, kChats, kChat, kMessages, kSettings };
/// What a captured value is for.
enum class Meaning { kIgnored, kVersion, kChatId, kChatMember, kMessage, kSetting };

struct Chat {
  std::optional<std::string> id;
  std::string members;
  bool had_messages = false;
  std::uint64_t next_message = 0;
  std::vector<std::string> early_messages;  // met before the id
  std::size_t early_bytes = 0;
};

/// The parser's events. Each returns false to stop; `error` then says why.
class ExportEvents {
 public:
  ExportEvents(const RecordSink& sink, const std::function<bool()>& is_broken)
      : sink_(sink), is_broken_(is_broken) {}

  bool null() { return scalar("null"); }
  bool boolean(bool value) { return scalar(value ? "true" : "false"); }
  bool number_integer(Json::number_integer_t value) { return scalar(std::to_string(value)); }
  bool number_unsigned(Json::number_unsigned_t value) { return scalar(std::to_string(value)); }
  bool number_float(Json::number_float_t /*value*/, const std::string& digits) {
    return scalar(digits);
  }
  bool string(std::string& value) {
    if (!begin_value('"')) return false;
    capture_.string(value);
    return after_event();
  }
  bool binary(Json::binary_t& /*value*/) { return stop(Code::kMalformed, "binary"); }
  bool start_object(std::size_t /*size*/) { return open('{'); }
  bool start_array(std::size_t /*size*/) { return open('['); }
  bool end_object() { return close('}'); }
  bool end_array() { return close(']'); }
  bool key(std::string& name);
  bool parse_error(std::size_t position, const std::string& last, const Json::exception& thrown);

  [[nodiscard]] Status finish();

  std::optional<Error> error;
  ImportCounts counts;

 private:
  bool scalar(std::string_view json) {
    if (!begin_value(json.front())) return false;
    capture_.scalar(json);
    return after_event();
  }
  bool open(char bracket);
  bool close(char bracket);
  bool begin_value(char first);
  bool after_event();
  bool take();
  bool enter(JsonPlace place, char bracket, char wanted, const std::string& what);
  bool leave_chat();
  bool take_message(const std::string& json);
  bool emit(Result<ImportRecord> record, std::uint64_t& count);
  bool stop(Code code, std::string why, std::string fix = kNothingImported) {
    if (!error) error = Error(code, std::move(why), std::move(fix));
    return false;
  }
  bool check_version(const std::string& json);
  [[nodiscard]] std::string chat_path() const {
    return "chats[" + std::to_string(chat_index_) + "]";
  }
  [[nodiscard]] std::string path() const;

  const RecordSink& sink_;
  const std::function<bool()>& is_broken_;
  JsonPlace place_ = JsonPlace::kOutside;
  Meaning meaning_ = Meaning::kIgnored;
  std::string name_;
  JsonCapture capture_;
  Chat chat_;
  std::uint64_t chat_index_ = 0;
  bool had_version_ = false;
  bool had_chats_ = false;
  bool had_settings_ = false;
};

std::string ExportEvents::path() const {
  switch (place_) {
    case JsonPlace::kOutside: return "the file";
    case JsonPlace::kRoot: return display_text(name_);
    case JsonPlace::kChats: return chat_path();
    case JsonPlace::kChat: return chat_path() + "." + display_text(name_);
    case JsonPlace::kMessages:
      return chat_path() + ".messages[" + std::to_string(chat_.next_message) + "]";
    case JsonPlace::kSettings: return "settings[\"" + display_cut(name_, 60) + "\"]";
  }
  return {};
}

bool ExportEvents::key(std::string& name) {
  if (is_broken_()) return stop(Code::kInterrupted, "");
  if (capture_.is_active()) {
    capture_.name(name);
    return after_event();
  }
  name_ = name;
  const auto once = [&](bool& had) {
    if (std::exchange(had, true)) stop(Code::kMalformed, path() + " occurs twice");
  };
  if (place_ == JsonPlace::kRoot) {
    meaning_ = name == "version" ? Meaning::kVersion : Meaning::kIgnored;
    if (name == "version") once(had_version_);
    if (name == "chats") once(had_chats_);
    if (name == "settings") once(had_settings_);
  } else if (place_ == JsonPlace::kChat) {
    meaning_ = name == "id" ? Meaning::kChatId : Meaning::kChatMember;
    if (name == "messages") once(chat_.had_messages);
  }
  return !error;
}

bool ExportEvents::begin_value(char first) {
  if (is_broken_()) return stop(Code::kInterrupted, "");
  if (capture_.is_active()) return true;
  switch (place_) {
    case JsonPlace::kOutside: return stop(Code::kMalformed, "the file is no JSON object");
    case JsonPlace::kRoot:
      if (name_ == "chats" || name_ == "settings")
        return stop(
            Code::kMalformed,
            path() + ": " + (name_ == "chats" ? "an array" : "an object") + " was expected");
      break;
    case JsonPlace::kChats: return stop(Code::kMalformed, path() + ": an object was expected");
    case JsonPlace::kChat:
      if (name_ == "messages" && first != 'n')
        return stop(Code::kMalformed, path() + ": an array was expected");
      break;
    case JsonPlace::kMessages:
      if (first != '{') return stop(Code::kMalformed, path() + ": an object was expected");
      meaning_ = Meaning::kMessage;
      break;
    case JsonPlace::kSettings: meaning_ = Meaning::kSetting; break;
  }
  capture_.begin(meaning_ != Meaning::kIgnored);
  return true;
}

bool ExportEvents::enter(JsonPlace place, char bracket, char wanted, const std::string& what) {
  if (bracket != wanted) return stop(Code::kMalformed, path() + ": " + what + " was expected");
  place_ = place;
  return true;
}

bool ExportEvents::open(char bracket) {
  if (!capture_.is_active()) {
    if (place_ == JsonPlace::kOutside)
      return enter(JsonPlace::kRoot, bracket, '{', "a JSON object");
    if (place_ == JsonPlace::kRoot && name_ == "chats")
      return enter(JsonPlace::kChats, bracket, '[', "an array");
    if (place_ == JsonPlace::kRoot && name_ == "settings")
      return enter(JsonPlace::kSettings, bracket, '{', "an object");
    if (place_ == JsonPlace::kChats) {
      chat_ = Chat();
      return enter(JsonPlace::kChat, bracket, '{', "an object");
    }
    if (place_ == JsonPlace::kChat && name_ == "messages")
      return enter(JsonPlace::kMessages, bracket, '[', "an array");
  }
  if (!begin_value(bracket)) return false;
  capture_.open(bracket);
  return after_event();
}

bool ExportEvents::close(char bracket) {
  if (capture_.is_active()) {
    capture_.close(bracket);
    return after_event();
  }
  switch (place_) {
    case JsonPlace::kMessages: place_ = JsonPlace::kChat; return true;
    case JsonPlace::kChat: return leave_chat();
    case JsonPlace::kRoot: place_ = JsonPlace::kOutside; return true;
    default: place_ = JsonPlace::kRoot; return true;
  }
}

bool ExportEvents::after_event() {
  if (capture_.depth() > kExportDepthMax)
    return stop(Code::kTooLarge, path() + ": nested too deeply");
  if (capture_.text().size() > kImportRecordBytesMax)
    return stop(Code::kTooLarge, path() + ": larger than 6 MiB");
  return capture_.is_active() || take();
}

bool ExportEvents::take() {
  const std::string& json = capture_.text();
  switch (meaning_) {
    case Meaning::kIgnored:
      if (name_ != "exportedAt" && counts.ignored.size() < kIgnoredMax)
        counts.ignored.push_back(display_cut(name_, 60));
      return true;
    case Meaning::kVersion: return check_version(json);
    case Meaning::kMessage: return take_message(json);
    case Meaning::kChatId:
      if (auto id = json_string(json)) {
        if (chat_.id) return stop(Code::kMalformed, path() + " occurs twice");
        chat_.id = std::move(*id);
      } else {
        return stop(Code::kMalformed, path() + ": a text was expected");
      }
      [[fallthrough]];
    case Meaning::kChatMember:
      if (name_ == "messages") return true;
      if (!chat_.members.empty()) chat_.members += ',';
      append_json_string(name_, chat_.members);
      chat_.members += ':';
      chat_.members += json;
      return chat_.members.size() <= kImportRecordBytesMax ||
             stop(Code::kTooLarge, chat_path() + ": larger than 6 MiB without its messages");
    case Meaning::kSetting: {
      auto records = setting_records(name_, json, path());
      if (!records)
        return stop(records.error().is(Code::kTooLarge) ? Code::kTooLarge : Code::kMalformed,
                    records.error().detail, records.error().fix);
      for (ImportRecord& record : *records) {
        std::uint64_t& count = record.collection == "notes" ? counts.notes : counts.settings;
        if (!emit(std::move(record), count)) return false;
      }
      return true;
    }
  }
  return false;
}

bool ExportEvents::take_message(const std::string& json) {
  if (chat_.id) {
    auto record = message_record(json, *chat_.id, chat_.next_message, path());
    ++chat_.next_message;
    return emit(std::move(record), counts.messages);
  }
  chat_.early_bytes += json.size();
  if (chat_.early_bytes > kImportRecordBytesMax)
    return stop(Code::kTooLarge, chat_path() + ": its id comes after 6 MiB of messages");
  chat_.early_messages.push_back(json);
  ++chat_.next_message;
  return true;
}

bool ExportEvents::leave_chat() {
  if (!chat_.id) return stop(Code::kMalformed, chat_path() + ": there is no id");
  for (std::uint64_t i = 0; i < chat_.early_messages.size(); ++i) {
    const std::string place = chat_path() + ".messages[" + std::to_string(i) + "]";
    if (!emit(message_record(chat_.early_messages[i], *chat_.id, i, place), counts.messages))
      return false;
  }
  if (!emit(chat_record(*chat_.id, chat_.members, chat_path()), counts.chats)) return false;
  ++chat_index_;
  place_ = JsonPlace::kChats;
  return true;
}

bool ExportEvents::emit(Result<ImportRecord> record, std::uint64_t& count) {
  if (!record) {
    if (!error) error = record.error();
    return false;
  }
  if (Status taken = sink_(*record); !taken) {
    error = taken.error();
    return false;
  }
  ++count;
  return true;
}

bool ExportEvents::check_version(const std::string& json) {
  auto version = json_string(json);
  if (!version) return stop(Code::kMalformed, "version: a text was expected");
  int major = 0;
  const auto read = std::from_chars(version->data(), version->data() + version->size(), major);
  if (read.ec != std::errc{} || (read.ptr != version->data() + version->size() && *read.ptr != '.'))
    return stop(Code::kMalformed, "version: \"" + display_cut(*version, 30) + "\" is no version");
  if (major > 2)
    return stop(Code::kNewerVersion,
                "the export has version " + display_cut(*version, 30) + "; this Lanyard reads 2.x",
                "Export it in the older form, or update Lanyard; nothing was imported.");
  if (major < 2)
    return stop(Code::kMalformed,
                "the export has version " + display_cut(*version, 30) + "; this Lanyard reads 2.x",
                "Export it with the chat server's /api/export; nothing was imported.");
  counts.version = display_cut(*version, 30);
  return true;
}

bool ExportEvents::parse_error(std::size_t /*position*/, const std::string& /*last*/,
                               const Json::exception& thrown) {
  constexpr int kNumberOverflow = 406;  // the one finding that comes without its place
  if (thrown.id == kNumberOverflow) return stop(Code::kMalformed, path() + ": a number too large");
  // "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error while parsing
  // value - invalid literal; last read: '...'": without its number, and without what was read,
  // which is content.
  std::string text = thrown.what();
  if (const std::size_t bracket = text.find("] "); bracket != std::string::npos)
    text.erase(0, bracket + 2);
  for (const char* from : {"parse error at ", "parse error: "})
    if (text.starts_with(from)) text.erase(0, std::string_view(from).size());
  for (const char* behind : {"; last read", " parsing '"})
    if (const std::size_t at = text.find(behind); at != std::string::npos) text.erase(at);
  return stop(Code::kMalformed, display_text(text));
}

Status ExportEvents::finish() {
  if (error) return fail(*error);
  if (!had_version_ || !(had_chats_ || had_settings_)) {
    return fail(Code::kMalformed,
                !had_version_ ? "it has no member version: it is not an export"
                              : "it has neither chats nor settings: it is not an export",
                "Give a file that the chat server's /api/export wrote; nothing was imported.");
  }
  return {};
}

}  // namespace

Result<ImportCounts> read_export(std::istream& in, const RecordSink& sink,
                                 const std::function<bool()>& is_broken) {
  ExportEvents events(sink, is_broken);
  const bool whole = Json::sax_parse(in, &events);
  if (!whole && !events.error)
    return fail(Code::kMalformed, "the file is no JSON", kNothingImported);
  LANYARD_TRY(events.finish());
  return std::move(events.counts);
}

}  // namespace lanyard::agent
