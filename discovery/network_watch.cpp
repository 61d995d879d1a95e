#include "discovery/network_watch.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <ctime>

namespace lanyard::discovery {
namespace {

/// A change of network comes as many messages: looked at together, when they have come.
constexpr std::chrono::milliseconds kSettle{200};
/// How often sleep is looked for: awake again, links are back within seconds.
constexpr std::chrono::seconds kSleepCheck{3};
/// A few messages of the kernel at a time.
constexpr std::size_t kNewsBytes = 16 * 1024;

Tick clock_of(clockid_t id) {
  timespec time{};
  clock_gettime(id, &time);
  return Tick(time.tv_sec * 1000 + time.tv_nsec / 1'000'000);
}

/// A socket that the kernel tells of links and addresses, or -1.
int open_route_socket() {
  const int socket = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (socket < 0) return -1;
  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&groups), sizeof groups) == 0) return socket;
  ::close(socket);
  return -1;
}

}  // namespace

NetworkWatch::NetworkWatch(asio::io_context& io, InterfaceFilter filter, Owner owner)
    : socket_(io),
      settle_timer_(io),
      sleep_timer_(io),
      filter_(std::move(filter)),
      owner_(std::move(owner)) {}

void NetworkWatch::start() {
  open_socket();
  network_ = read_local_network(filter_);
  wait_for_sleep();
}

void NetworkWatch::open_socket() {
  const int socket = open_route_socket();
  if (socket < 0) return;  // the looks beside the sleep check are all there is then
  std::error_code ignored;
  socket_.assign(socket, ignored);
  read();
}

void NetworkWatch::stop() {
  std::error_code ignored;
  socket_.close(ignored);
  settle_timer_.cancel();
  sleep_timer_.cancel();
}

void NetworkWatch::read() {
  socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [this](const std::error_code& error) { on_read(error); });
}

void NetworkWatch::on_read(const std::error_code& error) {
  if (error) return;
  // What the messages say does not matter, nor that some were lost: the kernel is asked anew.
  std::array<std::uint8_t, kNewsBytes> news;
  while (::recv(socket_.native_handle(), news.data(), news.size(), MSG_DONTWAIT) > 0) {
  }
  look_soon();
  read();
}

void NetworkWatch::look_soon() {
  if (std::exchange(will_look_, true)) return;
  settle_timer_.expires_after(kSettle);
  settle_timer_.async_wait([this](const std::error_code& error) {
    if (!error) look();
  });
}

void NetworkWatch::look() {
  will_look_ = false;
  LocalNetwork found = read_local_network(filter_);
  if (found == network_) return;
  network_ = std::move(found);
  owner_.changed();
}

void NetworkWatch::wait_for_sleep() {
  const bool slept = sleep_.has_slept(clock_of(CLOCK_BOOTTIME), clock_of(CLOCK_MONOTONIC));
  sleep_timer_.expires_after(kSleepCheck);
  sleep_timer_.async_wait([this](const std::error_code& error) {
    if (!error) wait_for_sleep();
  });
  if (!socket_.is_open()) look();
  if (slept) owner_.slept();
}

}  // namespace lanyard::discovery
