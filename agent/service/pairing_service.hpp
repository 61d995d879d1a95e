#pragma once

#include "agent/pairing/desk.hpp"
#include "agent/service/service_host.hpp"

namespace lanyard::agent {

/// Pairing this device with another: what the people at both do. One window and one join at a time.
class PairingService {
 public:
  explicit PairingService(const ServiceHost& host) : host_(host) {}

  /// Shows codes, one after a wrong one, until a device is paired, all codes are used up, the time
  /// is over (kUnreachable, kNotAllowed), or close(). kBusy while there is a window.
  void open(const std::function<void(const CodeShown&)>& shown,
            const std::function<void(const CodeTyped&)>& typed, const Done<Paired>& done);
  void close();

  struct Wish {
    std::string code;  ///< as it was typed
    std::string at;    ///< host, or host:port; empty: the one device near by that has a window open
    /// How long that one is looked for.
    std::chrono::milliseconds look_for{0};
  };
  /// Tries the code there, once. `looking`: no window is open near by yet. `found` is asked about
  /// with answer(). kUsage for what is no code, kNotFound where no window is open
  /// near by, kNotAllowed for a wrong code, kUnreachable, kBusy.
  void join(const Wish& wish, const std::function<void(std::chrono::milliseconds)>& looking,
            const std::function<void(const Paired&)>& found, const Done<Paired>& done);
  /// `keep_both`: also where each keeps a `default` of its own. After a no, and if nothing was
  /// found yet, nobody is paired.
  void answer(bool yes, bool keep_both);

 private:
  const ServiceHost& host_;
};

/// "192.0.2.24" and "192.0.2.24:7761" and "[fe80::1%eth0]" as host:port. kUsage.
[[nodiscard]] Result<std::string> pairing_address(const std::string& at);

}  // namespace lanyard::agent
