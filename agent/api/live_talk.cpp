#include "agent/api/live_talk.hpp"

#include <deque>
#include <set>

#include "agent/access/token_text.hpp"
#include "agent/api/bulk_taker.hpp"
#include "agent/api/handlers.hpp"
#include "agent/api/live_cursor.hpp"
#include "agent/api/live_frames.hpp"
#include "agent/api/live_status.hpp"
#include "agent/api/live_subscription.hpp"
#include "agent/api/who_speaks.hpp"
#include "agent/json/op_reader.hpp"
#include "agent/service/names.hpp"
#include "replication/types/device_id_text.hpp"
#include "replication/types/json_text.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

constexpr std::chrono::seconds kSignInMax{10};
constexpr std::size_t kSubscriptionsMax = 64;
constexpr std::size_t kLiveIdBytesMax = 128;
/// A client that writes more before its members have it is not told of the oldest.
constexpr std::size_t kSentMax = 1000;
constexpr std::uint16_t kPolicyViolation = 1008;  // RFC 6455, 7.4.1

void count_live(const ApiRoom& room) {
  room.host.meters.live_clients.set(static_cast<std::int64_t>(room.live.size()));
}

class LiveTalk final : public SocketTalk,
                       public LiveClient,
                       public std::enable_shared_from_this<LiveTalk> {
 public:
  LiveTalk(ApiRoom& room, std::shared_ptr<SocketLine> line, std::optional<std::string> origin)
      : room_(room), line_(std::move(line)), origin_(std::move(origin)) {}

  // ---- SocketTalk
  void on_open() override { line_->close_within(kSignInMax); }
  void on_text(const std::string& message) override;
  void on_drained() override;
  void on_closed() override;

  // ---- LiveClient
  void on_access_changed() override;
  void count_use() const override;
  void on_acknowledged(const DeviceId& device, const SpaceId& space,
                       const VectorClock& durable) override;
  void on_presence(const Present& present) override;
  [[nodiscard]] bool wants_status() const override { return status_id_.has_value(); }
  void on_status(const AgentStatus& status) override;

 private:
  /// A write whose client is told which members have it.
  struct Sent {
    std::string id;
    SpaceId space;
    Dot dot;
    std::set<DeviceId> members;  ///< that have it, as the client was told
  };
  using Meaning = Status (LiveTalk::*)(Params& in, const std::string& id);

  void send_away(const Error& error);
  [[nodiscard]] Status sign_in(Params& in);
  [[nodiscard]] Status subscribe(Params& in, const std::string& id);
  [[nodiscard]] Status subscribe_to_status(Params& in, const std::string& id);
  [[nodiscard]] Status unsubscribe(Params& in, const std::string& id);
  [[nodiscard]] Status change(Params& in, const std::string& id);
  [[nodiscard]] Status presence(Params& in, const std::string& id);
  /// What this client may do now; once it is signed in.
  [[nodiscard]] tl::expected<Access, AccessTable::Refusal> access() const {
    return standing_->access();
  }
  /// Before something is told: an expired token may not have been noticed yet.
  [[nodiscard]] bool may_hear();
  /// The space by its name, if this client has that right in it now.
  void in_space(const std::string& name, Right right, const std::string& id,
                const std::function<void(const SpaceId&)>& go);
  void open(LiveWish wish);
  [[nodiscard]] bool is_full() const { return line_->is_full(); }

  ApiRoom& room_;
  std::shared_ptr<SocketLine> line_;
  std::optional<std::string> origin_;
  std::optional<Hash> token_;           ///< once it is signed in
  std::shared_ptr<Standing> standing_;  ///< of that token
  std::map<std::string, std::shared_ptr<LiveSubscription>> subscriptions_;
  std::string served_;                    ///< the subscription that was told last
  std::map<SpaceId, std::string> names_;  ///< of spaces, as this client said them last
  std::optional<std::string> status_id_;  ///< of the subscription to the agent's status
  std::string status_;                    ///< as it was told last
  std::deque<Sent> sent_;                 ///< writes of this client, the newest kSentMax
};

// ---- coming and going

bool LiveTalk::may_hear() {
  if (access()) return true;
  // Not now: whoever asks is in the middle of telling.
  room_.host.post([self = weak_from_this()] {
    if (const auto talk = self.lock()) talk->on_access_changed();
  });
  return false;
}

void LiveTalk::send_away(const Error& error) {
  status_id_.reset();
  sent_.clear();
  for (auto& [id, subscription] : subscriptions_) subscription->end();
  line_->send(error_frame("", error));
  line_->close(kPolicyViolation, error.detail);
}

void LiveTalk::on_closed() {
  room_.live.erase(this);
  count_live(room_);
  for (auto& [id, subscription] : subscriptions_) subscription->end();
  subscriptions_.clear();
}

/// Each in its turn: one that always has more to tell leaves the others their part of the line.
void LiveTalk::on_drained() {
  const auto subscriptions = subscriptions_;
  auto next = subscriptions.upper_bound(served_);
  for (std::size_t i = 0; i < subscriptions.size() && !is_full(); ++i) {
    if (next == subscriptions.end()) next = subscriptions.begin();
    served_ = next->first;
    (next++)->second->on_drained();
  }
}

void LiveTalk::on_access_changed() {
  const auto now = access();
  if (!now) return send_away(Error(Code::kNoToken, why_refused(now.error())));
  std::erase_if(subscriptions_, [&](const auto& each) {
    if (now->may_read(each.second->space())) return false;
    line_->send(error_frame(
        each.first, Error(Code::kNotAllowed, "this token may not read in the space any more")));
    return true;
  });
}

void LiveTalk::count_use() const {
  const auto granted = access();
  if (granted && granted->token) room_.access.used(*granted->token, room_.host.wall());
}

Status LiveTalk::sign_in(Params& in) {
  LANYARD_TRY_SET(const std::string token, in.text("token"));
  LANYARD_TRY(in.finish());
  if (!is_token_text(token))
    return fail(Code::kNoToken, "this is not a token",
                "Make one: lanyard token create --app NAME --space SPACE");
  token_ = hash_of_token(token, room_.hasher);
  standing_ = std::make_shared<Standing>(room_, *token_, Speaker{origin_, {}, {}});
  if (!who_speaks(room_, *token_, {origin_, {}})) {
    token_.reset();
    return fail(Code::kNoToken, "the token is not known here, or not for this page",
                "Make one: lanyard token create --app NAME --space SPACE");
  }
  count_use();
  line_->close_within({});
  room_.live.emplace(this, weak_from_this());
  count_live(room_);
  JsonWriter out = begin_frame("status", "", "");
  out.member("signedIn", true).member("device", to_text(room_.host.self));
  line_->send(out.member("deviceName", utf8_or_escaped(room_.host.self_name)).end_object().take());
  return {};
}

// ---- what clients say

void LiveTalk::on_text(const std::string& message) {
  auto object = JsonObject::parse(message);
  std::string id;
  const auto run = [&]() -> Status {
    if (!object) return fail(Code::kUsage, "the message is not a JSON object");
    Params in(std::move(*object));
    LANYARD_TRY_SET(const std::string type, in.text("type"));
    if (!token_ && type != "auth")
      return fail(Code::kNoToken, "the first message is {\"type\":\"auth\",\"token\"}");
    if (type == "auth") return sign_in(in);
    LANYARD_TRY_SET(const auto said, in.optional_text("id"));
    id = said.value_or("");
    if (id.size() > kLiveIdBytesMax) return fail(Code::kUsage, "an id has at most 128 bytes");
    // What is said is a use of a session; what is heard is none.
    if (const auto granted = who_speaks(room_, *token_, {origin_, {}}); !granted)
      return fail(Code::kNoToken, why_refused(granted.error()));
    constexpr auto kMeanings = std::to_array<std::pair<std::string_view, Meaning>>({
        {"subscribe", &LiveTalk::subscribe},
        {"unsubscribe", &LiveTalk::unsubscribe},
        {"changes", &LiveTalk::change},
        {"presence", &LiveTalk::presence},
    });
    for (const auto& [name, meaning] : kMeanings)
      if (name == type) return (this->*meaning)(in, id);
    return fail(Code::kUsage, "there are no messages of this type",
                "They can be auth, subscribe, unsubscribe, changes and presence.");
  };
  const Status done = run();
  if (done) return;
  if (done.error().is(Code::kNoToken)) return send_away(done.error());
  line_->send(error_frame(id, done.error()));
}

void LiveTalk::in_space(const std::string& name, Right right, const std::string& id,
                        const std::function<void(const SpaceId&)>& go) {
  agent::in_space(room_, name, standing_, right,
                  [self = weak_from_this(), name, id, go,
                   in_order = line_->hold_reading()](const Result<SpaceId>& space) {
                    const auto talk = self.lock();
                    if (!talk) return;
                    if (!space) return talk->line_->send(error_frame(id, space.error()));
                    talk->names_[*space] = name;
                    go(*space);
                  });
}

Status LiveTalk::subscribe_to_status(Params& in, const std::string& id) {
  LANYARD_TRY_SET(const bool is_wanted, in.boolean("status", true));
  LANYARD_TRY(in.finish());
  if (!is_wanted) return fail(Code::kUsage, "a subscription to the status says true");
  if (id.empty()) return fail(Code::kUsage, "a subscription needs an id");
  status_id_ = id;
  status_.clear();
  tell_status(room_);
  return {};
}

void LiveTalk::on_status(const AgentStatus& status) {
  const auto granted = access();
  if (!status_id_ || !granted) return;
  std::string now = live_status_text(seen_by(*granted, status));
  if (now == status_) return;
  if (is_full()) return;  // the next one is newer
  status_ = std::move(now);
  std::string frame = begin_frame("status", *status_id_, "").end_object().take();
  frame.back() = ',';
  line_->send(frame + status_);
}

Status LiveTalk::subscribe(Params& in, const std::string& id) {
  if (in.has("status")) return subscribe_to_status(in, id);
  LiveWish wish;
  wish.id = id;
  LANYARD_TRY_SET(const std::string space, in.text("space"));
  LANYARD_TRY_SET(const auto collection, in.optional_text("collection"));
  LANYARD_TRY_SET(const auto cursor, in.optional_text("cursor"));
  wish.collection = collection.value_or("");
  if (const auto where = in.optional_json("where")) {
    LANYARD_TRY_SET(wish.where, read_where(*where));
  }
  if (in.has("order") || in.has("limit"))
    return fail(Code::kUsage, "a subscription has no order and no limit",
                "It tells all that meets where, as it changes. Keep in order what is shown, or ask "
                "for a page with order and limit when a change comes.");
  LANYARD_TRY(in.finish());
  if (id.empty()) return fail(Code::kUsage, "a subscription needs an id");
  if (wish.collection.empty() && !wish.where.empty())
    return fail(Code::kUsage, "where needs a collection");
  if (cursor) {
    LANYARD_TRY_SET(wish.cursor, cursor_from_text(*cursor));
  }
  if (subscriptions_.size() >= kSubscriptionsMax && !subscriptions_.contains(id))
    return fail(Code::kTooLarge, "a connection has at most 64 subscriptions");
  in_space(space, Right::kRead, id, [this, wish](const SpaceId& found) mutable {
    wish.space = found;
    open(std::move(wish));
  });
  return {};
}

void LiveTalk::open(LiveWish wish) {
  const std::string id = wish.id;
  if (const auto old = subscriptions_.find(id); old != subscriptions_.end()) old->second->end();
  auto subscription =
      std::make_shared<LiveSubscription>(room_, line_, std::move(wish), [self = weak_from_this()] {
        const auto talk = self.lock();
        return talk && talk->may_hear();
      });
  subscriptions_[id] = subscription;
  subscription->start();
}

Status LiveTalk::unsubscribe(Params& in, const std::string& id) {
  LANYARD_TRY(in.finish());
  if (status_id_ == id) {
    status_id_.reset();
    return {};
  }
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end())
    return fail(Code::kNotFound, "there is no subscription of this id");
  found->second->end();
  subscriptions_.erase(found);
  return {};
}

Status LiveTalk::change(Params& in, const std::string& id) {
  LANYARD_TRY_SET(const std::string space, in.text("space"));
  const auto granted = access();
  LANYARD_TRY_SET(Batch batch,
                  read_batch(in, granted ? granted->name : std::string(), room_.hasher));
  in_space(
      space, Right::kWrite, id,
      [this, id, kept = std::make_shared<Batch>(std::move(batch))](const SpaceId& found) {
        room_.data.write(
            to_text(found), std::move(kept->change),
            [self = weak_from_this(), id, kept, found](const Result<storage::Written>& written) {
              const auto talk = self.lock();
              if (!talk) return;
              if (!written) return talk->line_->send(error_frame(id, written.error()));
              JsonWriter out = begin_frame("receipt", id, "");
              write_acknowledgement(*written, kept->elements, out);
              talk->line_->send(out.member("stage", "durable").end_object().take());
              talk->sent_.push_back({id, found, written->dot, {}});
              if (talk->sent_.size() > kSentMax) talk->sent_.pop_front();
            });
      });
  return {};
}

void LiveTalk::on_acknowledged(const DeviceId& device, const SpaceId& space,
                               const VectorClock& durable) {
  if (sent_.empty() || !may_hear()) return;
  for (Sent& each : sent_) {
    if (each.space != space || seq_in(durable, each.dot.log) < each.dot.seq) continue;
    if (is_full()) return;  // with the next word of it
    if (!each.members.insert(device).second) continue;
    JsonWriter out = begin_frame("receipt", each.id, "");
    write_change(each.dot, out);
    out.member("stage", "peer").member("device", to_text(device));
    line_->send(out.end_object().take());
  }
}

Status LiveTalk::presence(Params& in, const std::string& id) {
  LANYARD_TRY_SET(const std::string space, in.text("space"));
  LANYARD_TRY_SET(const std::string_view json, in.json("value"));
  LANYARD_TRY(in.finish());
  if (json.size() > limits::kPresenceJsonBytesMax)
    return fail(Code::kTooLarge, "a presence has at most 16 KiB");
  LANYARD_TRY_SET(Bytes value, from_json(json));
  auto said = std::make_shared<wire::Presence>(wire::Presence{{}, {}, std::move(value)});
  in_space(space, Right::kRead, id, [this, said](const SpaceId& found) {
    const auto granted = access();
    if (!granted) return;
    said->space = found;
    said->app = granted->name;
    const Present present{found, room_.host.self, granted->name, to_json(said->value)};
    for_each_live(room_, [&](LiveClient& live) {
      if (&live != this) live.on_presence(present);
    });
    room_.host.network.tell_presence(std::move(*said));
  });
  return {};
}

void LiveTalk::on_presence(const Present& present) {
  const auto granted = access();
  if (!granted || !granted->may_read(present.space)) return;
  if (is_full()) return;  // the next one is newer
  const auto name = names_.find(present.space);
  JsonWriter out = begin_frame("presence", "", "");
  out.member("space", name == names_.end() ? to_text(present.space) : name->second);
  out.member("device", to_text(present.device)).member("app", present.app);
  line_->send(out.name("value").raw(present.json).end_object().take());
}

}  // namespace

void for_each_live(const ApiRoom& room, const std::function<void(LiveClient&)>& tell) {
  const auto live = room.live;
  for (const auto& [client, held] : live)
    if (const auto signed_in = held.lock()) tell(*signed_in);
}

std::shared_ptr<SocketTalk> make_live_talk(ApiRoom& room, std::shared_ptr<SocketLine> line,
                                           std::optional<std::string> origin) {
  return std::make_shared<LiveTalk>(room, std::move(line), std::move(origin));
}

}  // namespace lanyard::agent
