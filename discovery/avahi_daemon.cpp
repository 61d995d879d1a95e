#include "discovery/avahi_daemon.hpp"

#include <avahi-common/error.h>

#include "discovery/avahi_client_calls.hpp"
#include "discovery/avahi_values.hpp"

namespace lanyard::discovery {
namespace {

/// The daemon is asked for a sign of life this often (ticks, seconds): one that hangs says nothing
/// by itself.
constexpr int kPulseTicks = 5;

/// Ends with the client: it frees every group that it made.
class ClientGroup final : public EntryGroup {
 public:
  ClientGroup(const ClientCalls& avahi, AvahiClient* client,
              std::function<void(Publisher::GroupState)> changed)
      : avahi_(avahi), client_(client), changed_(std::move(changed)) {
    group_ = avahi_.entry_group_new(client_, on_changed, this);
  }
  int add_address(int interface, const std::string& host, const IpAddress& address) override {
    const AvahiAddress value = to_avahi(address);
    return avahi_.entry_group_add_address(group_, interface, AVAHI_PROTO_UNSPEC,
                                          AVAHI_PUBLISH_NO_REVERSE, host.c_str(), &value);
  }
  int add_service(int interface, const Orders& orders, const std::string& host) override {
    const AvahiStrings text = to_avahi(txt_strings(orders.text));
    return avahi_.entry_group_add_service(group_, interface, AVAHI_PROTO_UNSPEC, kPublishFlags,
                                          orders.instance.c_str(), kServiceType, kServiceDomain,
                                          host.c_str(), orders.port, text.get());
  }
  int update_text(int interface, const Orders& orders) override {
    const AvahiStrings text = to_avahi(txt_strings(orders.text));
    return avahi_.entry_group_update_text(group_, interface, AVAHI_PROTO_UNSPEC, kPublishFlags,
                                          orders.instance.c_str(), kServiceType, kServiceDomain,
                                          text.get());
  }
  int commit() override { return avahi_.entry_group_commit(group_); }
  int reset() override { return group_ == nullptr ? renew() : avahi_.entry_group_reset(group_); }
  int renew() override {
    if (group_ != nullptr) static_cast<void>(avahi_.entry_group_free(group_));
    group_ = avahi_.entry_group_new(client_, on_changed, this);
    return group_ == nullptr ? avahi_.client_errno(client_) : AVAHI_OK;
  }
  /// A call that goes to the daemon and back, for its own sake. False: there was no answer.
  bool ask() { return group_ == nullptr || avahi_.entry_group_is_empty(group_) >= 0; }

 private:
  static void on_changed(AvahiEntryGroup* /*group*/, AvahiEntryGroupState state, void* self) {
    static_cast<ClientGroup*>(self)->changed_(group_state(state));
  }

  const ClientCalls& avahi_;
  AvahiClient* client_;
  std::function<void(Publisher::GroupState)> changed_;
  AvahiEntryGroup* group_ = nullptr;
};

class DaemonResponder final : public Responder {
 public:
  DaemonResponder(const ClientCalls& avahi, AvahiSimplePoll* poll, const Owner& owner)
      : avahi_(avahi),
        lookups_([this](const Lookups::Name& name) { return resolve(name); }, owner),
        owner_(owner) {
    int code = 0;
    const auto flags =
        static_cast<AvahiClientFlags>(AVAHI_CLIENT_NO_FAIL | AVAHI_CLIENT_IGNORE_USER_CONFIG);
    client_ = avahi_.client_new(avahi_simple_poll_get(poll), flags, on_client, this, &code);
    if (client_ == nullptr) has_failed_ = true;
  }
  ~DaemonResponder() override {
    // Browser, resolvers and groups go with it, and with its connection: to free a resolver by
    // itself is a call to the daemon, which may be the one that hangs.
    AvahiClient* client = std::exchange(client_, nullptr);
    if (client != nullptr) avahi_.client_free(client);
    lookups_.clear();
  }
  DaemonResponder(const DaemonResponder&) = delete;
  DaemonResponder& operator=(const DaemonResponder&) = delete;

  void follow(const Orders& orders) override {
    orders_ = orders;
    if (!is_ready()) return;
    if (browser_ == nullptr) open();
    lookups_.follow(orders_);
    publisher_->follow(orders_);
  }

  void tick() override {
    if (!is_ready() || browser_ == nullptr) return;
    lookups_.tick();
    publisher_->tick();
    if (++ticks_ % kPulseTicks == 0 && !hosts_->ask()) has_failed_ = true;
  }

  [[nodiscard]] bool is_ready() const override { return is_connected_ && !has_failed_; }
  [[nodiscard]] bool has_failed() const override { return has_failed_; }
  [[nodiscard]] bool is_announced() const override {
    return publisher_ && publisher_->is_announced();
  }
  [[nodiscard]] std::string trouble() const override {
    if (!is_ready()) return "the Avahi daemon is not running";
    return publisher_ ? publisher_->trouble() : std::string();
  }

 private:
  void open() {
    auto hosts = std::make_unique<ClientGroup>(avahi_, client_, [this](auto state) {
      if (publisher_) publisher_->on_hosts(state);
    });
    auto service = std::make_unique<ClientGroup>(avahi_, client_, [this](auto state) {
      if (publisher_) publisher_->on_service(state);
    });
    hosts_ = hosts.get();
    publisher_ = std::make_unique<Publisher>(std::move(hosts), std::move(service), owner_);
    browser_ =
        avahi_.service_browser_new(client_, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, kServiceType,
                                   kServiceDomain, kLookupFlags, on_browser, this);
    if (browser_ == nullptr) has_failed_ = true;
  }

  Lookups::Resolver resolve(const Lookups::Name& name) {
    const AvahiProtocol protocol = protocol_of(name);
    AvahiServiceResolver* resolver = avahi_.service_resolver_new(
        client_, name.interface, protocol, name.instance.c_str(), kServiceType, kServiceDomain,
        protocol, kLookupFlags, on_resolved, this);
    if (resolver == nullptr) return nullptr;
    return {resolver, [this](AvahiServiceResolver* one) {
              if (client_ != nullptr) static_cast<void>(avahi_.service_resolver_free(one));
            }};
  }

  static void on_client(AvahiClient* /*client*/, AvahiClientState state, void* self) {
    auto& it = *static_cast<DaemonResponder*>(self);
    // Also while the daemon settles its own host name: ours has nothing to do with it.
    it.is_connected_ = state == AVAHI_CLIENT_S_RUNNING || state == AVAHI_CLIENT_S_REGISTERING ||
                       state == AVAHI_CLIENT_S_COLLISION;
    if (state == AVAHI_CLIENT_FAILURE) it.has_failed_ = true;
  }

  static void on_browser(AvahiServiceBrowser* /*browser*/, AvahiIfIndex interface,
                         AvahiProtocol protocol, AvahiBrowserEvent event, const char* name,
                         const char* /*type*/, const char* /*domain*/,
                         AvahiLookupResultFlags /*flags*/, void* self) {
    auto& it = *static_cast<DaemonResponder*>(self);
    if (event == AVAHI_BROWSER_FAILURE) it.has_failed_ = true;
    if (name == nullptr) return;
    take_browsed(it.lookups_, name_of(interface, protocol, name), event);
  }

  static void on_resolved(AvahiServiceResolver* /*resolver*/, AvahiIfIndex interface,
                          AvahiProtocol protocol, AvahiResolverEvent event, const char* name,
                          const char* /*type*/, const char* /*domain*/, const char* /*host*/,
                          const AvahiAddress* address, std::uint16_t port, AvahiStringList* strings,
                          AvahiLookupResultFlags /*flags*/, void* self) {
    take_resolved(static_cast<DaemonResponder*>(self)->lookups_, name_of(interface, protocol, name),
                  event, address, port, strings);
  }

  const ClientCalls avahi_;
  Lookups lookups_;
  const Owner& owner_;
  Orders orders_;
  AvahiClient* client_ = nullptr;
  AvahiServiceBrowser* browser_ = nullptr;
  std::unique_ptr<Publisher> publisher_;
  ClientGroup* hosts_ = nullptr;  ///< the publisher's
  int ticks_ = 0;
  bool is_connected_ = false;
  bool has_failed_ = false;
};

}  // namespace

Result<MakeResponder> load_daemon_responder() {
  LANYARD_TRY_SET(const auto avahi, ClientCalls::load());
  return [avahi](AvahiSimplePoll* poll, const Responder::Owner& owner) {
    return std::make_unique<DaemonResponder>(avahi, poll, owner);
  };
}

}  // namespace lanyard::discovery
