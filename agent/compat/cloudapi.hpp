#pragma once

#include "agent/api/router.hpp"
#include "agent/compat/claim_queue.hpp"
#include "agent/compat/cloudapi_shapes.hpp"
#include "agent/compat/compat_gate.hpp"
#include "agent/compat/compat_protocol.hpp"
#include "agent/compat/latest_times.hpp"
#include "agent/compat/posted_text.hpp"

namespace lanyard::agent {

/// One request of a CloudAPI client.
struct CloudCall {
  std::string client;
  std::optional<std::string> user;  ///< of its token, whose rows alone it has; nothing: any user's
  std::string id;                   ///< in the path
  std::optional<std::string> user_id;  ///< these three stand in the query
  std::optional<std::string> chat_id;
  std::optional<std::string> since;
  Posted body;
};

/// A record, or what the trash still has of it.
struct CloudRecord {
  storage::ReadRecord record;
  bool was_there = false;  ///< it is shown, or something of it lies in the trash
  std::vector<JsonMember> members;
  std::shared_ptr<const std::string> text;  ///< what the members' values point into
  std::vector<Dot> deleted_by = {};         ///< as far as the trash has something of it
  /// Reads the text.
  [[nodiscard]] Status take(std::string json);
  [[nodiscard]] bool is_shown() const { return !record.json.empty(); }
  [[nodiscard]] std::optional<std::string> text_of(std::string_view name) const;
};

/// Which rows a list shows, and in which order.
struct CloudList {
  const char* collection;
  std::string_view field;  ///< that has this value
  std::string value;
  std::string_view time;  ///< the member to sort by
  bool is_newest_first = false;
};

/// The CloudAPI of a chat app's server, for its own clients (docs/COMPAT.md). Its requests bring no
/// token: whoever passes the gate may speak for any user. Who brings one has that user's rows
/// alone.
class Cloudapi : public CompatProtocol, public std::enable_shared_from_this<Cloudapi> {
 public:
  Cloudapi(const CompatRoom& room, const storage::CompatListener& listener);

  [[nodiscard]] HeadOrder receive(const CompatPort& port, const HeadView& head) override;
  void close() override {
    queue_->close();
    returns_->close();
    times_->close();
  }

 private:
  using Go = void (Cloudapi::*)(const CloudCall& call, const ApiReply& reply);
  struct WayIn {
    Route at;
    Go go;
  };
  [[nodiscard]] static std::span<const WayIn> ways_in();
  [[nodiscard]] HeadOrder serve(CloudCall call, const HeadView& head);
  [[nodiscard]] HeadOrder order(CloudCall call, const WayIn& way);
  void in_space(const ApiReply& reply, const std::function<void(const SpaceId& space)>& go) {
    with_space(services_.directory, space_, reply, go);
  }

  // One record (cloudapi.cpp).
  void get_chat(const CloudCall& call, const ApiReply& reply) { get(kCloudChats, call, reply); }
  void get_message(const CloudCall& call, const ApiReply& reply) {
    get(kCloudMessages, call, reply);
  }
  void get_user(const CloudCall& call, const ApiReply& reply) { get(kCloudUsers, call, reply); }
  void get(const char* collection, const CloudCall& call, const ApiReply& reply);
  [[nodiscard]] Result<CloudRecord> read(const SpaceId& space, const std::string& collection,
                                         const std::string& key);
  /// Whose it is, or was; nothing: nobody knows.
  [[nodiscard]] Result<std::optional<std::string>> owner_of(const SpaceId& space,
                                                            const CloudRecord& record);
  /// kNotFound for what was never there, and for what is not the caller's.
  [[nodiscard]] Status check_own(const SpaceId& space, const CloudCall& call,
                                 const CloudRecord& record);
  [[nodiscard]] Result<std::string> row_text(const SpaceId& space, const CloudRecord& record);
  /// Answers with the record as it is now, which the client has read with that.
  void answer_row(const CloudCall& call, const std::string& collection, const std::string& key,
                  const ApiReply& reply);
  void note_given(const SpaceId& space, const CloudCall& call,
                  const std::vector<CloudRecord>& given);

  // Lists (cloudapi_lists.cpp).
  void list_chats(const CloudCall& call, const ApiReply& reply);
  void list_messages(const CloudCall& call, const ApiReply& reply);
  /// The user that is asked for: kUsage without one, kNotFound for another than the token's.
  [[nodiscard]] Result<std::string> wanted_user(const CloudCall& call);
  void list(const CloudCall& call, CloudList wanted, const ApiReply& reply);
  using Keys = std::vector<std::string>;
  using Names = std::vector<merge::RecordName>;
  using WithTouched = std::function<void(const std::optional<Names>& touched)>;
  /// What was touched since the client says that it was answered; nothing: nobody knows, or too
  /// much.
  void with_touched(const SpaceId& space, const CloudCall& call, std::int64_t since_ms,
                    const WithTouched& go);
  [[nodiscard]] static Keys keys_in(const Names& touched, std::string_view collection);
  [[nodiscard]] Result<std::vector<CloudRecord>> rows_of(const SpaceId& space,
                                                         const std::string& collection,
                                                         const Keys& keys);
  /// All rows; with `deleted`, also those that are not there any more.
  [[nodiscard]] Result<std::vector<CloudRecord>> all_rows(const SpaceId& space,
                                                          const CloudList& wanted, bool deleted);
  void send_rows(const SpaceId& space, const CloudCall& call, const CloudList& wanted,
                 std::vector<CloudRecord> rows, const ApiReply& reply);
  /// A delete of this client's was refused: its next lists are without what it has hidden already.
  void note_refused(const std::string& client, const std::string& collection,
                    const std::string& key);
  [[nodiscard]] bool was_refused(const std::string& client,
                                 const storage::ReadRecord& record) const;
  /// `clock`: how far the space had come before the rows were read.
  void note_pull(const SpaceId& space, const CloudCall& call, std::int64_t at_ms,
                 const VectorClock& clock);

  // The last change of each (cloudapi_events.cpp).
  using Rows = std::vector<CloudRecord>;
  void list_events(const CloudCall& call, const ApiReply& reply);
  [[nodiscard]] Result<Rows> rows_of_user(const SpaceId& space, const CloudCall& call,
                                          const std::string& user);
  [[nodiscard]] Result<Rows> touched_rows(const SpaceId& space, const CloudCall& call,
                                          const std::string& user, const Names& touched);
  void send_events(const SpaceId& space, const std::string& user, Rows rows, const ApiReply& reply);

  // Devices, settings, status (cloudapi_devices.cpp).
  void list_devices(const CloudCall& call, const ApiReply& reply);
  void register_device(const CloudCall& call, const ApiReply& reply);
  [[nodiscard]] Result<std::optional<std::string>> device_of(const SpaceId& space,
                                                             const std::string& fingerprint);
  [[nodiscard]] Status plan_known_device(ClaimPlanner& planner, const CloudCall& call,
                                         const CloudPost& post, const std::string& key);
  void get_config(const CloudCall& call, const ApiReply& reply);
  void put_config(const CloudCall& call, const ApiReply& reply);
  void get_status(const CloudCall& call, const ApiReply& reply);

  // What changes records (cloudapi_changes.cpp).
  void create_chat(const CloudCall& call, const ApiReply& reply) {
    create(kCloudChats, call, reply);
  }
  void create_message(const CloudCall& call, const ApiReply& reply) {
    create(kCloudMessages, call, reply);
  }
  void create_user(const CloudCall& call, const ApiReply& reply) {
    create(kCloudUsers, call, reply);
  }
  void create(const char* collection, const CloudCall& call, const ApiReply& reply);
  void change_chat(const CloudCall& call, const ApiReply& reply);
  void delete_chat(const CloudCall& call, const ApiReply& reply) {
    remove(kCloudChats, call, reply);
  }
  void delete_message(const CloudCall& call, const ApiReply& reply) {
    remove(kCloudMessages, call, reply);
  }
  void remove(const char* collection, const CloudCall& call, const ApiReply& reply);
  using PostPtr = std::shared_ptr<const CloudPost>;
  [[nodiscard]] Result<PostPtr> read_new(const char* collection, const CloudCall& call);
  void add_post(const CloudCall& call, const PostPtr& post, const ApiReply& reply);
  [[nodiscard]] Status plan_post(ClaimPlanner& planner, const CloudCall& call,
                                 const CloudPost& post);
  [[nodiscard]] Status check_place(const SpaceId& space, const CloudCall& call,
                                   const CloudPost& post);
  [[nodiscard]] Status plan_change(ClaimPlanner& planner, const CloudCall& call,
                                   const CloudPost& post);

  CompatRoom room_;
  Services& services_;
  std::string space_;
  std::shared_ptr<ClaimQueue> queue_;
  std::shared_ptr<ChatReturns> returns_;
  std::shared_ptr<LatestTimes> times_;
  /// When a client, a collection and a key were refused last. At most as many as clients try to
  /// delete within a minute.
  std::map<std::tuple<std::string, std::string, std::string>, engine::Instant> refused_;
};

}  // namespace lanyard::agent
