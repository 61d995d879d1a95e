#include "discovery/first_question.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "discovery/publisher.hpp"

namespace lanyard::discovery {
namespace {

constexpr std::uint16_t kPort = 5353;
constexpr int kHops = 255;  // RFC 6762, 11: what came through a router has fewer
constexpr std::size_t kLabelBytesMax = 63;
/// Of RFC 1035, RFC 2782 and RFC 6762 5.4.
constexpr std::uint16_t kTypePtr = 12, kTypeSrv = 33, kTypeAny = 255;
constexpr std::uint16_t kClassIn = 1, kAnswerMayComeToUsAlone = 0x8000;
/// What Avahi gives records that hold a name of a host.
constexpr std::uint16_t kTimeToLiveSeconds = 120;

void add(Bytes& packet, std::uint16_t number) {
  packet.push_back(static_cast<std::uint8_t>(number >> 8));
  packet.push_back(static_cast<std::uint8_t>(number & 0xff));
}

void add_label(Bytes& packet, std::string_view label) {
  packet.push_back(static_cast<std::uint8_t>(label.size()));
  packet.insert(packet.end(), label.begin(), label.end());
}

/// "_lanyard._tcp": each part between dots is a label.
void add_labels(Bytes& packet, std::string_view dotted) {
  while (!dotted.empty()) {
    const auto dot = std::min(dotted.find('.'), dotted.size());
    add_label(packet, dotted.substr(0, dot));
    dotted.remove_prefix(std::min(dot + 1, dotted.size()));
  }
}

void add_service_name(Bytes& packet, std::string_view instance) {
  if (!instance.empty()) add_label(packet, instance);
  add_labels(packet, kServiceType);
  add_labels(packet, kServiceDomain);
  packet.push_back(0);
}

Bytes start_packet(std::uint16_t questions, std::uint16_t proposed) {
  Bytes packet;
  add(packet, 0);  // id
  add(packet, 0);  // flags: a query
  add(packet, questions);
  add(packet, 0);  // answers
  add(packet, proposed);
  add(packet, 0);  // others
  return packet;
}

void add_question(Bytes& packet, std::string_view instance, std::uint16_t type) {
  add_service_name(packet, instance);
  add(packet, type);
  add(packet, kClassIn | kAnswerMayComeToUsAlone);
}

bool is_label(std::string_view text) { return !text.empty() && text.size() <= kLabelBytesMax; }

/// The record whose name is probed: where the service is.
void add_proposed(Bytes& packet, const Orders& orders) {
  Bytes target;
  add_label(target, orders.host);
  add_labels(target, kServiceDomain);
  target.push_back(0);
  add_service_name(packet, orders.instance);
  add(packet, kTypeSrv);
  add(packet, kClassIn);
  add(packet, 0);
  add(packet, kTimeToLiveSeconds);
  add(packet, static_cast<std::uint16_t>(6 + target.size()));
  add(packet, 0);  // priority
  add(packet, 0);  // weight
  add(packet, orders.port);
  append(packet, target);
}

bool set(int socket, int level, int option, int value) {
  return ::setsockopt(socket, level, option, &value, sizeof value) == 0;
}

sockaddr_in group_v4() {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(kPort);
  ::inet_pton(AF_INET, "224.0.0.251", &out.sin_addr);
  return out;
}

sockaddr_in6 group_v6(int interface) {
  sockaddr_in6 out{};
  out.sin6_family = AF_INET6;
  out.sin6_port = htons(kPort);
  ::inet_pton(AF_INET6, "ff02::fb", &out.sin6_addr);
  out.sin6_scope_id = static_cast<std::uint32_t>(interface);
  return out;
}

bool prepare_v4(int socket, int interface) {
  ip_mreqn via{};
  via.imr_ifindex = interface;
  return set(socket, IPPROTO_IP, IP_MULTICAST_TTL, kHops) &&
         set(socket, IPPROTO_IP, IP_MULTICAST_LOOP, 0) &&
         ::setsockopt(socket, IPPROTO_IP, IP_MULTICAST_IF, &via, sizeof via) == 0;
}

bool prepare_v6(int socket, int interface) {
  return set(socket, IPPROTO_IPV6, IPV6_V6ONLY, 1) &&
         set(socket, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, kHops) &&
         set(socket, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0) &&
         set(socket, IPPROTO_IPV6, IPV6_MULTICAST_IF, interface);
}

/// From the port of mDNS, as what comes from another is answered for old resolvers, to it alone.
/// The socket has the group's address: with any other the kernel would give it some of the answers
/// that come to this host alone and are meant for the core, before it is closed. Our own core does
/// not hear the question, which would then believe that it need not ask.
void send_once(int interface, bool is_v6, const Bytes& packet) {
  const sockaddr_in v4 = group_v4();
  const sockaddr_in6 v6 = group_v6(interface);
  const auto* group =
      is_v6 ? reinterpret_cast<const sockaddr*>(&v6) : reinterpret_cast<const sockaddr*>(&v4);
  const socklen_t size = is_v6 ? sizeof v6 : sizeof v4;
  const int socket = ::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return;
  if (set(socket, SOL_SOCKET, SO_REUSEADDR, 1) && set(socket, SOL_SOCKET, SO_REUSEPORT, 1) &&
      (is_v6 ? prepare_v6(socket, interface) : prepare_v4(socket, interface)) &&
      ::bind(socket, group, size) == 0)
    static_cast<void>(
        ::sendto(socket, packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL, group, size));
  ::close(socket);
}

}  // namespace

Bytes first_question(const Orders& orders) {
  const bool is_probe = orders.port != 0 && is_label(orders.instance) && is_label(orders.host);
  Bytes packet = start_packet(is_probe ? 2 : 1, is_probe ? 1 : 0);
  add_question(packet, {}, kTypePtr);
  if (!is_probe) return packet;
  add_question(packet, orders.instance, kTypeAny);
  add_proposed(packet, orders);
  return packet;
}

Bytes second_question(const std::string& instance) {
  Bytes packet = start_packet(1, 0);
  add_question(packet, instance, kTypeAny);
  return packet;
}

void FirstQuestions::ask(const Orders& orders) {
  std::map<Place, int> there;
  const Bytes packet = first_question(orders);
  for (const Interface& each : orders.interfaces) {
    if (each.index <= 0) continue;  // 0 would be the machine's default one
    for (const IpAddress& address : each.addresses) {
      const Place place{each.index, address.is_v6()};
      const auto before = asked_.find(place);
      const bool is_new = before == asked_.end() && !there.contains(place);
      there.emplace(place, before == asked_.end() ? kNamesMax : before->second);
      if (is_new) send_once(place.interface, place.is_v6, packet);
    }
  }
  asked_ = std::move(there);
}

void FirstQuestions::ask_about(int interface, bool is_v6, const std::string& instance) {
  const auto place = asked_.find({interface, is_v6});
  if (place == asked_.end() || place->second == 0 || !is_label(instance)) return;
  --place->second;
  send_once(interface, is_v6, second_question(instance));
}

}  // namespace lanyard::discovery
