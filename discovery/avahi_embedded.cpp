#include "discovery/avahi_embedded.hpp"

#include <avahi-common/error.h>
#include <avahi-common/malloc.h>

#include "discovery/avahi_core_calls.hpp"
#include "discovery/avahi_values.hpp"
#include "discovery/first_question.hpp"

namespace lanyard::discovery {
namespace {

/// Records that are kept of each interface and family. A home has a few hundred; a flood of the
/// largest ones stays below 10 MiB.
constexpr unsigned kCacheEntriesMax = 1024;

class CoreGroup final : public EntryGroup {
 public:
  CoreGroup(const CoreCalls& avahi, AvahiServer* server,
            std::function<void(Publisher::GroupState)> changed)
      : avahi_(avahi),
        server_(server),
        changed_(std::move(changed)),
        group_(avahi.entry_group_new(server, on_changed, this), avahi.entry_group_free) {}
  int add_address(int interface, const std::string& host, const IpAddress& address) override {
    AvahiAddress value = to_avahi(address);
    return avahi_.server_add_address(server_, group_.get(), interface, AVAHI_PROTO_UNSPEC,
                                     AVAHI_PUBLISH_NO_REVERSE, host.c_str(), &value);
  }
  int add_service(int interface, const Orders& orders, const std::string& host) override {
    const AvahiStrings text = to_avahi(txt_strings(orders.text));
    return avahi_.server_add_service(server_, group_.get(), interface, AVAHI_PROTO_UNSPEC,
                                     kPublishFlags, orders.instance.c_str(), kServiceType,
                                     kServiceDomain, host.c_str(), orders.port, text.get());
  }
  int update_text(int interface, const Orders& orders) override {
    const AvahiStrings text = to_avahi(txt_strings(orders.text));
    return avahi_.server_update_text(server_, group_.get(), interface, AVAHI_PROTO_UNSPEC,
                                     kPublishFlags, orders.instance.c_str(), kServiceType,
                                     kServiceDomain, text.get());
  }
  int commit() override { return avahi_.entry_group_commit(group_.get()); }
  int reset() override {
    avahi_.entry_group_reset(group_.get());
    return AVAHI_OK;
  }
  int renew() override {
    group_.reset();  // first, so that the names are free
    group_.reset(avahi_.entry_group_new(server_, on_changed, this));
    return group_ == nullptr ? AVAHI_ERR_NO_MEMORY : AVAHI_OK;
  }

 private:
  static void on_changed(AvahiServer* /*server*/, AvahiSEntryGroup* /*group*/,
                         AvahiEntryGroupState state, void* self) {
    static_cast<CoreGroup*>(self)->changed_(group_state(state));
  }

  const CoreCalls& avahi_;
  AvahiServer* server_;
  std::function<void(Publisher::GroupState)> changed_;
  std::unique_ptr<AvahiSEntryGroup, void (*)(AvahiSEntryGroup*)> group_;
};

class EmbeddedResponder final : public Responder {
 public:
  EmbeddedResponder(const CoreCalls& avahi, AvahiSimplePoll* poll, const Owner& owner)
      : avahi_(avahi),
        poll_(avahi_simple_poll_get(poll)),
        lookups_([this](const Lookups::Name& name) { return resolve(name); }, owner),
        owner_(owner) {}
  ~EmbeddedResponder() override { close(); }
  EmbeddedResponder(const EmbeddedResponder&) = delete;
  EmbeddedResponder& operator=(const EmbeddedResponder&) = delete;

  void follow(const Orders& orders) override {
    orders_ = orders;
    std::vector<std::string> names;
    for (const Interface& each : orders.interfaces) names.push_back(each.name);
    // The core's list of interfaces is fixed when it is made.
    if (names != names_) {
      close();
      names_ = std::move(names);
    }
    if (!server_) open();
    lookups_.follow(orders_);
    // Before what the core has to say, and only if it listens.
    first_questions_.ask(server_ == nullptr ? Orders() : orders_);
    if (publisher_) publisher_->follow(orders_);
  }

  void tick() override {
    if (has_broken_) close();
    if (!server_ && !names_.empty()) follow(orders_);
    lookups_.tick();
    if (publisher_) publisher_->tick();
  }

  /// Also without a network, which may come at any time.
  [[nodiscard]] bool is_ready() const override { return true; }
  [[nodiscard]] bool has_failed() const override { return false; }
  [[nodiscard]] bool is_announced() const override {
    return publisher_ && publisher_->is_announced();
  }
  [[nodiscard]] std::string trouble() const override {
    if (!trouble_.empty()) return trouble_;
    return publisher_ ? publisher_->trouble() : std::string();
  }

 private:
  void open() {
    if (names_.empty()) {
      trouble_ = "there is no network interface to use";
      return;
    }
    int code = 0;
    AvahiServerConfig config;
    fill(config);
    server_ = avahi_.server_new(poll_, &config, on_server, this, &code);
    avahi_.server_config_free(&config);
    if (server_ == nullptr) {
      trouble_ = std::string("Avahi's core does not start: ") + avahi_strerror(code);
      return;
    }
    trouble_.clear();
    has_broken_ = false;
    auto hosts = std::make_unique<CoreGroup>(avahi_, server_, [this](auto state) {
      if (publisher_) publisher_->on_hosts(state);
    });
    auto service = std::make_unique<CoreGroup>(avahi_, server_, [this](auto state) {
      if (publisher_) publisher_->on_service(state);
    });
    publisher_ = std::make_unique<Publisher>(std::move(hosts), std::move(service), owner_);
    browser_ =
        avahi_.service_browser_new(server_, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, kServiceType,
                                   kServiceDomain, kLookupFlags, on_browser, this);
  }

  /// Nothing but what we publish ourselves: no host name, no addresses, no machine type.
  void fill(AvahiServerConfig& config) const {
    avahi_.server_config_init(&config);
    avahi_free(config.host_name);
    config.host_name = avahi_strdup(orders_.host.c_str());
    for (const std::string& name : names_)
      config.allow_interfaces = avahi_string_list_add(config.allow_interfaces, name.c_str());
    config.publish_hinfo = 0;
    config.publish_addresses = 0;
    config.publish_workstation = 0;
    config.publish_domain = 0;
    config.enable_wide_area = 0;
    config.n_cache_entries_max = kCacheEntriesMax;
  }

  void close() {
    lookups_.clear();
    if (browser_ != nullptr) avahi_.service_browser_free(browser_);
    browser_ = nullptr;
    publisher_.reset();
    if (server_ != nullptr) avahi_.server_free(server_);
    server_ = nullptr;
    has_broken_ = false;
  }

  Lookups::Resolver resolve(const Lookups::Name& name) {
    const AvahiProtocol protocol = protocol_of(name);
    AvahiSServiceResolver* resolver = avahi_.service_resolver_new(
        server_, name.interface, protocol, name.instance.c_str(), kServiceType, kServiceDomain,
        protocol, kLookupFlags, on_resolved, this);
    if (resolver == nullptr) return nullptr;
    first_questions_.ask_about(name.interface, name.is_v6, name.instance);
    return {resolver, avahi_.service_resolver_free};
  }

  static void on_server(AvahiServer* /*server*/, AvahiServerState state, void* self) {
    // Our host name is published by us; that of the core collides with nobody's.
    if (state == AVAHI_SERVER_FAILURE) static_cast<EmbeddedResponder*>(self)->has_broken_ = true;
  }

  static void on_browser(AvahiSServiceBrowser* /*browser*/, AvahiIfIndex interface,
                         AvahiProtocol protocol, AvahiBrowserEvent event, const char* name,
                         const char* /*type*/, const char* /*domain*/,
                         AvahiLookupResultFlags /*flags*/, void* self) {
    auto& it = *static_cast<EmbeddedResponder*>(self);
    if (event == AVAHI_BROWSER_FAILURE) it.has_broken_ = true;
    if (name == nullptr) return;
    take_browsed(it.lookups_, name_of(interface, protocol, name), event);
  }

  static void on_resolved(AvahiSServiceResolver* /*resolver*/, AvahiIfIndex interface,
                          AvahiProtocol protocol, AvahiResolverEvent event, const char* name,
                          const char* /*type*/, const char* /*domain*/, const char* /*host*/,
                          const AvahiAddress* address, std::uint16_t port, AvahiStringList* strings,
                          AvahiLookupResultFlags /*flags*/, void* self) {
    take_resolved(static_cast<EmbeddedResponder*>(self)->lookups_,
                  name_of(interface, protocol, name), event, address, port, strings);
  }

  const CoreCalls avahi_;
  const AvahiPoll* poll_;
  Lookups lookups_;
  const Owner& owner_;
  Orders orders_;
  std::vector<std::string> names_;
  AvahiServer* server_ = nullptr;
  AvahiSServiceBrowser* browser_ = nullptr;
  std::unique_ptr<Publisher> publisher_;
  FirstQuestions first_questions_;
  std::string trouble_;
  bool has_broken_ = false;
};

/// Avahi's log has the network's names in it, and nothing that a person needs.
void drop_log(AvahiLogLevel /*level*/, const char* /*text*/) {}

}  // namespace

Result<MakeResponder> load_embedded_responder() {
  LANYARD_TRY_SET(const auto avahi, CoreCalls::load());
  avahi.set_log_function(drop_log);
  return [avahi](AvahiSimplePoll* poll, const Responder::Owner& owner) {
    return std::make_unique<EmbeddedResponder>(avahi, poll, owner);
  };
}

}  // namespace lanyard::discovery
