#include "agent/service/pairing_service.hpp"

#include <set>

#include "agent/config_keys.hpp"

namespace lanyard::agent {
namespace {

constexpr const char* kDefaultPort = "7761";

/// The one place to try a code at: it is never tried at two.
Result<std::string> only_window(const Network& network) {
  std::vector<std::string> open;
  // A device is seen at several addresses; one of them will do.
  std::set<std::string> instances;
  for (const discovery::Sighting& each : network.nearby())
    if (each.is_pairing() && instances.insert(each.key.instance).second)
      open.push_back(each.host_port());
  if (open.size() == 1) return open.front();
  if (network.discovery().mode == discovery::Mode::kOff) {
    return fail(Code::kUnreachable, "discovery is switched off on this device",
                "Give the other device's address, which it shows with its code: --at ADDRESS");
  }
  if (open.empty()) {
    return fail(Code::kNotFound, "no device near by shows a pairing code now",
                "Run  lanyard pair  on the other device. If it does, this network or a firewall "
                "hides it (UDP port 5353): give the address that it shows with its code, --at "
                "ADDRESS , or show the code on this device and type it there.");
  }
  std::string all;
  for (const std::string& address : open) all += (all.empty() ? "" : ", ") + address;
  return fail(Code::kUsage, "more than one device near by shows a pairing code: " + all,
              "Say which one it is:  --at " + open.front());
}

}  // namespace

Result<std::string> pairing_address(const std::string& at) {
  if (is_host_and_port(at)) return at;
  const bool is_bare_v6 = at.find(':') != at.rfind(':') && !at.starts_with('[');
  const std::string host = is_bare_v6 ? "[" + at + "]" : at;
  const std::string whole = host + ":" + kDefaultPort;
  if (is_host_and_port(whole)) return whole;
  return fail(Code::kUsage, "\"" + at + "\" is not an address",
              "Give the other device's address as HOST or HOST:PORT; it shows it with its code.");
}

void PairingService::open(const std::function<void(const CodeShown&)>& shown,
                          const std::function<void(const CodeTyped&)>& typed,
                          const Done<Paired>& done) {
  if (const Status on = check_enabled(host_.network); !on) return done(fail(on.error()));
  const auto post = host_.post;
  WindowWatcher watcher{
      [post, shown](const CodeShown& code) { post([shown, code] { shown(code); }); },
      [post, typed](const CodeTyped& by) { post([typed, by] { typed(by); }); },
      [post, done](const Result<Paired>& paired) { post([done, paired] { done(paired); }); }};
  host_.network.post(
      [network = &host_.network, watcher] { network->pairing().open_window(watcher); });
}

void PairingService::close() {
  host_.network.post([network = &host_.network] { network->pairing().close_window(); });
}

void PairingService::join(const Wish& wish,
                          const std::function<void(std::chrono::milliseconds)>& looking,
                          const std::function<void(const Paired&)>& found,
                          const Done<Paired>& done) {
  if (const Status on = check_enabled(host_.network); !on) return done(fail(on.error()));
  const auto code = crypto::PairingCode::parse(wish.code);
  if (!code) return done(fail(code.error()));
  std::string address;
  if (!wish.at.empty()) {
    const auto given = pairing_address(wish.at);
    if (!given) return done(fail(given.error()));
    address = *given;
  }
  const auto post = host_.post;
  JoinWatcher watcher{
      [post, looking](auto within) { post([looking, within] { looking(within); }); },
      [post, found](const Paired& host) { post([found, host] { found(host); }); },
      [post, done](const Result<Paired>& paired) { post([done, paired] { done(paired); }); }};
  host_.network.post(
      [network = &host_.network, code = *code, address, watcher, within = wish.look_for] {
        const auto find = [network, address] {
          return address.empty() ? only_window(*network) : Result<std::string>(address);
        };
        network->pairing().join(code, find, within, watcher);
      });
}

void PairingService::answer(bool yes, bool keep_both) {
  host_.network.post(
      [network = &host_.network, yes, keep_both] { network->pairing().answer(yes, keep_both); });
}

}  // namespace lanyard::agent
