#pragma once

#include <map>
#include <optional>

#include "agent/compat/compat_protocol.hpp"

namespace lanyard::agent {

/// What a person asks for with `lanyard compat enable`.
struct CompatWish {
  std::string kind;
  std::uint16_t port = 0;  ///< 0: the ports of the original
  std::string space;       ///< a name or an id; empty: `default`
  std::vector<std::string> origins;
  std::vector<std::string> kept_local;
};

/// A listener as it is.
struct CompatView {
  storage::CompatListener listener;
  std::string space_name;            ///< as people call it now
  std::vector<std::uint16_t> ports;  ///< that it has, or would have
  bool is_serving = false;
  std::string problem;  ///< why it is on and does not serve
};

/// What of clients' posts did not leave this device, the first kKeptShownMax of it.
struct CompatKept {
  std::vector<storage::KeptPlace> places;
  bool more = false;
};
inline constexpr std::size_t kKeptShownMax = 1000;

/// Switching listeners on and off, from the control thread: answers come on the api thread.
struct CompatDoor {
  std::function<void(CompatWish wish, Done<CompatView> done)> enable;
  std::function<void(std::string kind, Done<CompatView> done)> disable;
  std::function<void(Done<std::vector<CompatView>> done)> list;
  std::function<void(Done<CompatKept> done)> kept;
};

/// The compatibility listeners of this agent (docs/COMPAT.md): off until they are switched on,
/// loopback only. Belongs to the api thread.
class CompatListeners {
 public:
  /// All outlive it.
  CompatListeners(Services& services, AccessTable& access, TokenService& tokens, Rng& rng,
                  HttpServer& server, std::filesystem::path file, std::string device_id)
      : services_(services),
        access_(access),
        tokens_(tokens),
        rng_(rng),
        server_(server),
        file_(std::move(file)),
        device_id_(std::move(device_id)) {}
  ~CompatListeners();
  CompatListeners(const CompatListeners&) = delete;
  CompatListeners& operator=(const CompatListeners&) = delete;

  /// Serves what was on when the agent stopped. What cannot be served is logged and shown.
  void start();
  /// Serves from now on, and after each start: kPortTaken, kUsage, kNotFound, and then nothing is
  /// as it was not before.
  void enable(const CompatWish& wish, const Done<CompatView>& done);
  /// kNotFound for a listener that was never on.
  [[nodiscard]] Result<CompatView> disable(const std::string& kind);
  [[nodiscard]] Result<std::vector<CompatView>> list();
  [[nodiscard]] Result<CompatKept> kept();

 private:
  struct Running {
    std::shared_ptr<CompatProtocol> protocol;
    std::vector<HttpServer::Shut> shut;
  };
  /// False where no listener was ever on.
  [[nodiscard]] bool has_store() const;
  [[nodiscard]] Status open_store();
  [[nodiscard]] Status serve(const storage::CompatListener& listener);
  [[nodiscard]] Status serve_port(Running& running, const storage::CompatListener& listener,
                                  const CompatPort& port);
  void stop(const std::string& kind);
  [[nodiscard]] Status replace(const storage::CompatListener& listener);
  [[nodiscard]] CompatView view_of(const storage::CompatListener& listener) const;

  Services& services_;
  AccessTable& access_;
  TokenService& tokens_;
  Rng& rng_;
  HttpServer& server_;
  std::filesystem::path file_;
  std::string device_id_;  ///< as CompatRoom has it
  std::optional<storage::CompatStore> store_;
  std::map<std::string, Running> running_;
  std::map<std::string, std::string> problems_;
};

}  // namespace lanyard::agent
