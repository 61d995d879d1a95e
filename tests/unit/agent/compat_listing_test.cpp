#include "agent/compat/chat_listing.hpp"
#include "replication/types/json_text.hpp"
#include "tests/unit/agent/door_host.hpp"

namespace lanyard::agent::testing {
namespace {

/// What a client was sent, and that it was sent whole.
class HeardAnswer final : public AnswerSink {
 public:
  void send(HttpAnswer answer) override {
    text = std::move(answer.body);
    is_over = true;
  }
  void begin(HttpAnswer) override {}
  void piece(std::string bytes, std::function<void(bool)> taken) override {
    text += bytes;
    ++pieces;
    taken(true);
  }
  void end() override { is_over = true; }
  void break_off() override { FAIL("the answer was broken off"); }

  std::string text;
  std::size_t pieces = 0;
  bool is_over = false;
};

/// A device whose space `chats` holds records, and a client that has them listed.
struct Reader {
  /// Reads where the desk's storage thread writes.
  static ServiceHost host_of(const DoorHost& desk) {
    ServiceHost out = desk.host;
    out.data_dir /= "data";
    return out;
  }
  DoorHost desk;
  crypto::SpaceKeysFactory ciphers{crypto::Identity::make_ephemeral(desk.rng), desk.rng};
  Services services{host_of(desk), desk.hasher, ciphers};
  TemporaryFolder folder;
  storage::CompatStore store = *storage::CompatStore::open(folder.path() / "compat.sqlite");
  std::shared_ptr<ClaimQueue> queue = std::make_shared<ClaimQueue>(
      services, store, "chats", [this](const std::string& collection, std::string_view json) {
        return rangerplex_members(collection, json, desk.hasher);
      });

  void put(const std::string& collection, const std::string& key, const std::string& json) {
    storage::LocalChange change;
    storage::LocalOp& op = change.ops.emplace_back();
    op.collection = collection;
    op.key = key;
    const JsonObject members = *JsonObject::parse(json);
    for (const JsonMember& member : members.members())
      op.fields.emplace_back(member.name, *from_json(member.value));
    REQUIRE(desk.answer<storage::Written>(
        [&](const Done<storage::Written>& done) { services.data.write("chats", change, done); }));
  }

  /// In pieces of so many bytes.
  std::shared_ptr<HeardAnswer> list(std::size_t piece_bytes, ChatLists lists) {
    const SpaceId space = *desk.answer<SpaceId>(
        [&](const Done<SpaceId>& done) { services.directory.find("chats", done); });
    auto heard = std::make_shared<HeardAnswer>();
    lists.chats = "chats";
    lists.messages = "messages";
    lists.chat_id = [](const storage::ReadRecord& chat) { return chat.key; };
    lists.place = place_of;
    lists.piece_bytes = piece_bytes;
    std::make_shared<ChatListing>(services, space, queue, "a client", std::move(lists))
        ->start(ApiReply(heard), "[",
                [](std::size_t count) { return "]" + std::to_string(count); });
    while (!heard->is_over) desk.run_one();
    return heard;
  }
};

const ChatLists kPlain;

TEST_CASE("a listing of chats is the same text wherever its pieces end") {
  Reader reader;
  reader.put("chats", "a", R"({"id":"a","updatedAt":3})");
  reader.put("chats", "b", R"({"id":"b","updatedAt":2})");
  reader.put("chats", "c", R"({"id":"c","updatedAt":1})");
  reader.put("messages", "a1", R"({"chatId":"a","id":"a1","position":0})");
  reader.put("messages", "c1", R"({"chatId":"c","id":"c1","position":0,"text":"[{"})");
  reader.put("messages", "c2", R"({"chatId":"c","id":"c2","position":1,"text":","})");
  ChatLists with_more = kPlain;
  with_more.more = [](const std::string& chat) { return "\"branches\":[\"" + chat + "\"],"; };
  for (const ChatLists& lists : {kPlain, with_more}) {
    const std::string branches = lists.more ? R"("branches":["?"],)" : "";
    const auto chat = [&](const std::string& id, int at, const std::string& messages) {
      std::string more = branches;
      if (!more.empty()) more.replace(more.find('?'), 1, id);
      std::string out = R"({"id":")" + id + R"(","isStarred":false,"knowledgeBase":[],)";
      out += R"("model":null,"title":null,"updatedAt":)" + std::to_string(at);
      out += "," + more + R"("messages":[)";
      out += messages + "]}";
      return out;
    };
    std::string whole = "[";
    whole += chat("a", 3, R"({"id":"a1"})") + ",";
    whole += chat("b", 2, "") + ",";
    whole += chat("c", 1, R"({"id":"c1","text":"[{"},{"id":"c2","text":","})") + "]3";
    for (std::size_t bytes = 1; bytes <= whole.size() + 1; ++bytes) {
      CAPTURE(bytes);
      const auto heard = reader.list(bytes, lists);
      CHECK(heard->text == whole);
      if (bytes == 1) CHECK(heard->pieces > 6);
    }
  }
}

}  // namespace
}  // namespace lanyard::agent::testing
