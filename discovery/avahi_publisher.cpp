#include <avahi-common/error.h>

#include "discovery/publisher.hpp"

namespace lanyard::discovery {

void Publisher::check(int code) {
  if (code == AVAHI_ERR_COLLISION) return owner_.collided();
  if (code < 0) trouble_ = std::string("announcing fails: ") + avahi_strerror(code);
}

void Publisher::follow(const Orders& orders) {
  trouble_.clear();
  orders_ = orders;
  Hosts hosts{orders.host + "." + kServiceDomain, {}};
  Service service{orders.instance, hosts.name, orders.port, {}};
  for (const Interface& each : orders.interfaces) {
    for (const IpAddress& address : each.addresses)
      hosts.addresses.emplace_back(each.index, address);
    if (!each.addresses.empty()) service.interfaces.push_back(each.index);
  }
  if (hosts != published_hosts_) check(publish_hosts(hosts));
  if (service != published_service_) {
    check(publish_service(service));
  } else if (orders.text != published_text_) {
    for (const int interface : service.interfaces) check(service_->update_text(interface, orders));
  }
  published_text_ = orders.text;
}

void Publisher::tick() {
  const bool has_hosts = !published_hosts_.addresses.empty();
  if (has_hosts && is_stuck(hosts_state_, hosts_ticks_))
    check(publish_hosts(Hosts(published_hosts_)));
  const bool has_service = published_service_.port != 0 && !published_service_.interfaces.empty();
  if (has_service && is_stuck(service_state_, service_ticks_))
    check(publish_service(Service(published_service_)));
}

bool Publisher::is_stuck(GroupState state, int& ticks) {
  ticks = state == GroupState::kRegistering ? ticks + 1 : 0;
  return ticks >= kRegisteringTicksMax;
}

int Publisher::publish_hosts(const Hosts& hosts) {
  published_hosts_ = hosts;
  hosts_ticks_ = 0;
  hosts_state_ = GroupState::kRegistering;
  int code = hosts_->begin_anew();
  for (const auto& [interface, address] : hosts.addresses) {
    if (code >= 0) code = hosts_->add_address(interface, hosts.name, address);
  }
  return code < 0 || hosts.addresses.empty() ? code : hosts_->commit();
}

int Publisher::publish_service(const Service& service) {
  published_service_ = service;
  service_ticks_ = 0;
  service_state_ = GroupState::kRegistering;
  int code = service_->begin_anew();
  if (service.port == 0 || service.interfaces.empty()) return code;
  for (const int interface : service.interfaces) {
    if (code >= 0) code = service_->add_service(interface, orders_, service.host);
  }
  return code < 0 ? code : service_->commit();
}

void Publisher::on_state(GroupState state, GroupState& of) {
  of = state;
  if (state == GroupState::kCollision) owner_.collided();
  if (state == GroupState::kFailure) trouble_ = "announcing fails";
}

}  // namespace lanyard::discovery
