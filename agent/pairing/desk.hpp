#pragma once

#include "agent/links/link_set.hpp"
#include "agent/pairing/talk.hpp"
#include "storage/storage_thread.hpp"

namespace lanyard::agent {

/// What the person at the host sees.
struct CodeShown {
  crypto::PairingCode code;
  std::chrono::milliseconds left{0};
  int codes_left = 0;  ///< this one counted; fewer than limits::kPairCodes: a wrong one was tried
};
/// What anybody here may know of a window: not its code.
struct WindowStatus {
  std::chrono::milliseconds left{0};
  int codes_left = 0;  ///< 0: the code was typed, and the person there is asked
};
/// The other side knows the code; its person is asked.
struct CodeTyped {
  DeviceId device;
  std::string check;  ///< six digits, the same on both screens
};
/// The device at the other end of a pairing: what the joiner's person is asked about, and then what
/// both are told.
struct Paired {
  DeviceId device;
  std::string name;  ///< text from a peer
  std::string address;
  std::string check;
  DefaultPlan plan{};
};

/// Where a window is open: an address; kNotFound while there is none, any other error for good.
using FindWindow = std::function<Result<std::string>()>;

/// Both are called on the network thread; `ended` once, and nothing after it.
struct WindowWatcher {
  std::function<void(const CodeShown&)> shown;
  std::function<void(const CodeTyped&)> typed;
  std::function<void(Result<Paired>)> ended;
};
struct JoinWatcher {
  /// No window is open near by: one is looked for, for so long.
  std::function<void(std::chrono::milliseconds within)> looking;
  std::function<void(const Paired&)> found;
  std::function<void(Result<Paired>)> ended;
};

/// Where devices are paired: gives links of strangers their talks, the talks what storage knows,
/// and people what came of it. At most one window and one join at a time. Lives on the network
/// thread.
class PairingDesk {
 public:
  struct Owner {
    /// A device was paired, and may be reached there (empty: unknown).
    std::function<void(const DeviceId&, const std::string& address)> knows;
    /// Changes of ours that a pairing wrote.
    std::function<void(const SpaceId&, std::shared_ptr<const storage::WriteOutcome>)> wrote;
    /// A window was opened or closed: those near by may be told.
    std::function<void(bool is_open)> window;
  };
  struct Self {
    DeviceId device;
    std::string name;
    std::uint16_t sync_port = 0;
  };

  PairingDesk(asio::io_context& io, LinkSet& links, Rng& rng, Owner owner);
  void start(storage::StorageThread& storage, Self self);

  // ---- people
  /// kBusy while there is a window, or one is being paired through it.
  void open_window(WindowWatcher watcher);
  /// The person does not want it any more.
  void close_window();
  [[nodiscard]] bool is_open();
  /// Nothing while nobody may pair with this device.
  [[nodiscard]] std::optional<WindowStatus> window();
  /// Looks for a window for so long, calls the device there and tries the code on it. kBusy while
  /// another is tried.
  void join(const crypto::PairingCode& code, const FindWindow& find,
            std::chrono::milliseconds within, JoinWatcher watcher);
  /// The person's answer to `found`. `keep_both`: also if each keeps a `default` of its own.
  void answer(bool yes, bool keep_both);
  /// Our `default` need not move any more: who was paired has one with us.
  void home_settled();
  void stop();

  // ---- links
  void on_stranger(const PairingLink& link);
  void on_message(engine::LinkId link, ByteView message);
  void on_end(engine::LinkId link, const Error& why);

 private:
  struct Host {
    HostTalk talk;
    PairingLink link;
  };
  struct Join {
    crypto::PairingCode code;
    std::string address;
    JoinWatcher watcher;
    engine::LinkId link;  ///< that of nobody while a window is looked for
    std::optional<JoinTalk> talk;
    std::optional<DefaultSpace> home;  ///< ours, as the person was told
    bool has_said_yes = false;         ///< the person: what follows is not theirs to stop
  };

  /// Closes a link whose work is done: no failure of anybody's.
  [[nodiscard]] static Error well_done();
  [[nodiscard]] static storage::HomePlan own_part(DefaultPlan plan, bool we_join);

  void show_code();
  void announce();
  void wait_for_end();
  /// Tells the person once our `default` has moved, where it moves; soon in any case.
  void end_after_move(bool moves, std::function<void()> end);
  void end_window(Result<Paired> how);
  void end_join(Result<Paired> how);
  [[nodiscard]] PairingFacts facts(const DefaultSpace& home) const;
  /// Asks storage for our `default`, then goes on with it, on this thread.
  void with_home(const DeviceId& peer, std::function<void(Result<DefaultSpace>)> next);
  /// Has storage remember the pairing, then goes on, on this thread.
  void store(const storage::NewPairing& pairing, std::function<void(Status)> next);

  void hear_joiner(Host& host, ByteView message);
  /// Whatever the reason was: how soon the link ends tells nothing of what is done here then.
  void look_after_refusal();
  /// Shows the next one, if there is one.
  void after_wrong_code();
  void welcome(engine::LinkId link, const Result<DefaultSpace>& home);
  void accepted(const Host& host);
  void look_for_window(const FindWindow& find, std::chrono::milliseconds until);
  void hear_host(ByteView message);
  void ask_person(const Result<DefaultSpace>& home);
  void accept(const DefaultSpace& home, bool keep_both);

  asio::io_context& io_;
  LinkSet& links_;
  Rng& rng_;
  Owner owner_;
  bool is_announced_ = false;
  storage::StorageThread* storage_ = nullptr;
  Self self_;
  PairingWindow window_;
  asio::steady_timer timer_;
  asio::steady_timer refusal_timer_;
  asio::steady_timer search_timer_;
  bool look_is_due_ = false;
  bool code_is_used_ = false;  ///< and its person has not been told
  std::optional<WindowWatcher> watcher_;
  std::optional<engine::LinkId> matched_;  ///< being paired through the window
  /// The person at `matched_` has said yes: what becomes of the link does not matter any more.
  bool is_storing_ = false;
  std::map<engine::LinkId, Host> hosts_;
  std::optional<Join> join_;
  std::function<void()> after_move_;
  asio::steady_timer move_timer_;
};

}  // namespace lanyard::agent
