#include "agent/links/link_set.hpp"

#include "agent/clock.hpp"
#include "agent/logging.hpp"
#include "replication/types/device_id_text.hpp"
#include "replication/wire/codec.hpp"

namespace lanyard::agent {
namespace {

/// Two links to one peer that came up within this time were dialled at once from both ends.
constexpr std::chrono::seconds kSimultaneous{2};

HalfOpen::Caller caller_of(const Tcp::socket& socket) {
  std::error_code ignored;
  const auto remote = socket.remote_endpoint(ignored);
  if (ignored) return {};
  auto address = remote.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return {address.to_string(), address.is_loopback()};
}

/// The other end's address without its port.
std::string host_of(const PeerLink& socket) {
  return socket.address().substr(0, socket.address().rfind(':'));
}

/// Nobody said what was wrong: an agent stops, or a person has forgotten a device.
bool is_orderly(const Error& why) { return why.is(Code::kInterrupted) || why.is(Code::kForgotten); }

std::string text_of(const Error& why) {
  if (why.is(Code::kForgotten)) return why.detail;  // says it in words for people
  return why.detail.empty() ? why.code.message() : why.detail + " (" + why.code.message() + ")";
}

}  // namespace

LinkSet::LinkSet(asio::io_context& io, const crypto::LinkIdentity& own, Rng& rng, Owner owner)
    : io_(io), own_(own), rng_(rng), owner_(std::move(owner)), plan_(rng), dial_timer_(io) {}

// ---- making links

std::shared_ptr<PeerLink> LinkSet::make(Tcp::socket socket, crypto::Role role,
                                        crypto::LinkPurpose purpose) {
  const engine::LinkId id{next_link_++};
  // Who calls for sync tells nobody who it is but a known device. Who pairs must, and will be asked
  // for the code; and whoever calls us may be one to pair with: it is let in as far as that
  // dialogue.
  const bool asks = role == crypto::Role::kInitiator && purpose == crypto::LinkPurpose::kSync;
  SecureLink secure(
      role, purpose, own_,
      [this, id, asks](const DeviceId& remote) { return !asks || welcomes(id, remote); }, rng_);
  auto link = std::make_shared<PeerLink>(
      id, std::move(socket), std::move(secure),
      PeerLink::Owner{
          [this](PeerLink& from, const ProvenPeer& peer) { on_proven(from, peer); },
          [this](PeerLink& from, Bytes message) { on_message(from, std::move(message)); },
          [this](PeerLink& from) { owner_.drained(from.id()); },
          [this](PeerLink& from, const Error& why) { on_closed(from, why); }});
  Link& made = links_[id];
  made.socket = link;
  made.pairing = purpose == crypto::LinkPurpose::kPair;
  return link;
}

bool LinkSet::welcomes(engine::LinkId link, const DeviceId& remote) {
  const auto found = links_.find(link);
  if (found == links_.end()) return false;
  found->second.met = remote;
  plan_.answered(found->second.socket->dialed(), remote, !is_known(remote));
  const auto other = by_peer_.find(remote);
  if (other == by_peer_.end()) return is_known(remote);
  // Another address of a device that is linked: one link is enough, if it is alive.
  found->second.is_spare = true;
  if (is_known(remote)) learn(remote, found->second.socket->dialed());
  asio::post(io_, [this, old = other->second] { owner_.doubt(old); });
  return false;
}

void LinkSet::accept(Tcp::socket socket) {
  ++counters_.accepted;
  const HalfOpen::Caller caller = caller_of(socket);
  // Who it is is not known yet: one that comes first may find a place all the same.
  const bool is_full = stopping_ || (are_places_taken() && !who_gives_way());
  const HalfOpen::Answer answer =
      is_full ? HalfOpen::Answer{}
              : half_open_.call(engine::LinkId{next_link_}, caller, mono_now());
  if (!answer.comes_in) {
    ++counters_.refused_busy;
    return;  // closes it
  }
  if (answer.makes_room) cut(*answer.makes_room, Error(Code::kBusy, "others wait to be let in"));
  make(std::move(socket), crypto::Role::kResponder, crypto::LinkPurpose::kSync)->start();
}

engine::LinkId LinkSet::dial_to_pair(const std::string& address) {
  const auto link = make(Tcp::socket(io_), crypto::Role::kInitiator, crypto::LinkPurpose::kPair);
  link->dial(address);
  return link->id();
}

void LinkSet::give_time(engine::LinkId link, std::chrono::milliseconds within) {
  const auto found = links_.find(link);
  if (found == links_.end() || !found->second.pairing) return;
  half_open_.settle(link);
  found->second.socket->give_time(within);
}

void LinkSet::finish(engine::LinkId link, const Error& why) {
  const auto found = links_.find(link);
  if (found != links_.end() && found->second.pairing) found->second.socket->finish(why);
}

NetworkCounters LinkSet::counters() const {
  NetworkCounters all = counters_;
  for (const auto& [id, link] : links_) {
    all.bytes_in += link.socket->bytes_in();
    all.bytes_out += link.socket->bytes_out();
  }
  return all;
}

// ---- what links say

bool LinkSet::replaces(const PeerLink& fresh, const Link& old) const {
  // A peer that calls again has no link any more, whatever we still believe of the old one.
  if (std::chrono::steady_clock::now() - old.since > kSimultaneous) return true;
  // Dialled at once from both ends: both keep the one that the smaller key dialled.
  const DeviceId& smaller = std::min(own_.device(), *fresh.peer());
  const DeviceId& dialer = fresh.we_dialed() ? own_.device() : *fresh.peer();
  return dialer == smaller;
}

void LinkSet::on_proven(PeerLink& socket, const ProvenPeer& peer) {
  if (peer.purpose == crypto::LinkPurpose::kSync && is_known(peer.device))
    return on_known(socket, peer.device);
  if (peer.purpose == crypto::LinkPurpose::kSync && !socket.we_dialed())
    return send_away(socket, peer.device);
  links_.at(socket.id()).pairing = true;
  owner_.stranger(
      {socket.id(), peer.device, peer.handshake_hash, socket.we_dialed(), socket.address()});
}

/// Whoever calls to sync and is not known here, or not any more, is told so: it would try for ever.
/// It may become known in a moment, by a space that it knows already: then we call.
void LinkSet::send_away(PeerLink& socket, const DeviceId& caller) {
  plan_.turned_away(caller, host_of(socket));
  say_goodbye(socket, wire::ByeCode::kForgotten,
              Error(Code::kForgotten, "a device that is not known here called"));
}

void LinkSet::say_goodbye(PeerLink& socket, wire::ByeCode code, const Error& why) {
  wire::LinkNames names;
  socket.send(wire::encode(wire::Bye{code}, names));
  socket.finish(why);
}

void LinkSet::on_known(PeerLink& socket, const DeviceId& peer) {
  socket.settle();
  report(socket, links_.at(socket.id()), {});
  const auto older = by_peer_.find(peer);
  if (older != by_peer_.end()) {
    const engine::LinkId old = older->second;
    if (!replaces(socket, links_.at(old)))
      return socket.close(Error(Code::kExists, "a second link"));
    links_.at(old).socket->close(Error(Code::kExists, "a newer link"));
    by_peer_.erase(older);
    owner_.down(old, Error(Code::kExists, "a newer link"));
  } else if (!make_place(peer)) {
    ++counters_.refused_busy;
    return say_goodbye(socket, wire::ByeCode::kBusy,
                       Error(Code::kBusy, "all places for linked devices are taken"));
  }
  half_open_.settle(socket.id());
  Link& link = links_.at(socket.id());
  link.proven = true;
  link.since = std::chrono::steady_clock::now();
  by_peer_[peer] = socket.id();
  known_[peer].last_failure.clear();
  if (!socket.dialed().empty()) learn(peer, socket.dialed());
  plan_.linked(peer, socket.dialed(), mono_now());
  plan_.linked_from(peer, host_of(socket));
  log_debug("linked with device " + to_short_text(peer) + " at " + socket.address());
  owner_.met(peer, socket.dialed());
  owner_.up(socket.id(), peer);
}

void LinkSet::on_message(const PeerLink& socket, Bytes message) {
  const auto found = links_.find(socket.id());
  if (found != links_.end() && found->second.pairing)
    return owner_.strangers_message(socket.id(), std::move(message));
  const auto link = by_peer_.find(*socket.peer());
  if (link != by_peer_.end() && link->second == socket.id())
    owner_.message(socket.id(), std::move(message));
}

void LinkSet::note_failure(const PeerLink& socket, const Error& why) {
  const std::string text = text_of(why);
  for (auto& [device, known] : known_) {
    const auto& all = known.addresses;
    const bool is_its = std::find(all.begin(), all.end(), socket.dialed()) != all.end();
    if (is_its || socket.peer() == device) known.last_failure = text;
  }
}

void LinkSet::on_closed(const PeerLink& socket, const Error& why) {
  const auto found = links_.find(socket.id());
  if (found == links_.end()) return;
  counters_.bytes_in += socket.bytes_in();
  counters_.bytes_out += socket.bytes_out();
  Link link = std::move(found->second);
  links_.erase(found);
  report(socket, link, link.is_spare ? std::string() : text_of(why));
  half_open_.settle(socket.id());
  if (link.pairing) {
    if (!socket.we_dialed() && !why.is(Code::kExists)) came_to_nothing(why);
    return owner_.strangers_end(socket.id(), why);
  }
  if (!link.proven) {
    if (!why.is(Code::kExists) && !link.is_spare) {
      came_to_nothing(why);
      note_failure(socket, why);
    }
    if (!socket.dialed().empty()) plan_.failed(socket.dialed(), mono_now());
    return wait_for_next_dial();
  }
  const DeviceId peer = *socket.peer();
  log_debug("a link with device " + to_short_text(peer) + " has ended: " + text_of(why));
  const auto current = by_peer_.find(peer);
  if (current == by_peer_.end() || current->second != socket.id())
    return;  // replaced, or dropped by us
  by_peer_.erase(current);
  note_failure(socket, why);
  plan_.unlinked(peer, mono_now());
  owner_.failed(why);
  owner_.down(socket.id(), why);
  wait_for_next_dial();
}

// ---- using links

void LinkSet::send(engine::LinkId link, ByteView message) {
  const auto found = links_.find(link);
  if (found != links_.end()) found->second.socket->send(message);
}

void LinkSet::drop(engine::LinkId link, const Error& why) {
  const auto found = links_.find(link);
  if (found == links_.end() || !found->second.proven) return;
  const DeviceId peer = *found->second.socket->peer();
  const auto current = by_peer_.find(peer);
  if (current != by_peer_.end() && current->second == link) by_peer_.erase(current);
  if (!is_orderly(why)) ++counters_.dropped_links;
  note_failure(*found->second.socket, why);
  // Something was wrong with what it said: not again at once. Only a person can do something about
  // one that does not know us.
  if (why.is(Code::kForgotten))
    plan_.refused(peer, mono_now());
  else
    plan_.unlinked(peer, mono_now() + discovery::DialPlan::kFirstRetry);
  found->second.socket->finish(why);
  wait_for_next_dial();
}

void LinkSet::cut(engine::LinkId link, const Error& why) {
  const auto found = links_.find(link);
  if (found != links_.end()) found->second.socket->close(why);
}

void LinkSet::stop() {
  stopping_ = true;
  dial_timer_.cancel();
  for (const auto& [id, link] : links_)
    link.socket->finish(Error(Code::kInterrupted, "this agent stops"));
}

std::size_t LinkSet::queued_bytes(engine::LinkId link) const {
  const auto found = links_.find(link);
  return found == links_.end() ? 0 : found->second.socket->queued_bytes();
}

Traffic LinkSet::traffic(engine::LinkId link) const {
  const auto found = links_.find(link);
  if (found == links_.end()) return {};
  return {found->second.socket->bytes_in(), found->second.socket->bytes_out()};
}

std::optional<DeviceId> LinkSet::peer_of(engine::LinkId link) const {
  const auto found = links_.find(link);
  return found == links_.end() ? std::nullopt : found->second.socket->peer();
}

std::optional<engine::LinkId> LinkSet::link_of(const DeviceId& device) const {
  const auto found = by_peer_.find(device);
  return found == by_peer_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<engine::LinkId> LinkSet::up() const {
  std::vector<engine::LinkId> out;
  for (const auto& [peer, link] : by_peer_) out.push_back(link);
  return out;
}

std::vector<PeerStatus> LinkSet::peers() const {
  std::vector<PeerStatus> out;
  for (const auto& [device, known] : known_) out.push_back(status_of(device));
  return out;
}

PeerStatus LinkSet::status_of(const DeviceId& device) const {
  const Known& known = known_.at(device);
  PeerStatus status;
  status.device = device;
  status.last_failure = known.last_failure;
  if (!known.addresses.empty()) status.address = known.addresses.front();
  const auto link = by_peer_.find(device);
  if (link == by_peer_.end()) return status;
  const PeerLink& socket = *links_.at(link->second).socket;
  status.linked = true;
  status.address = socket.address();
  status.we_dialed = socket.we_dialed();
  return status;
}

}  // namespace lanyard::agent
