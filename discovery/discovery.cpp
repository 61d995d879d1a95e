#include "discovery/discovery.hpp"

#include "discovery/candidate_table.hpp"
#include "discovery/child_process.hpp"
#include "discovery/network_watch.hpp"

namespace lanyard::discovery {
namespace {

constexpr std::chrono::seconds kEvery{1};
/// How long a child that begins anew has to see again what was seen before. Avahi asks the network
/// at once, and again after 1, 3 and 7 s.
constexpr Tick kSeeAgainWithin{12'000};
/// Names that were taken, one after the other: somebody answers to whatever we choose. Then nothing
/// is announced until kCollisionRest has passed.
constexpr int kCollisionsMax = 8;
constexpr Tick kCollisionRest{60'000};

Tick steady_now() {
  return std::chrono::duration_cast<Tick>(std::chrono::steady_clock::now().time_since_epoch());
}

/// 12 letters and digits without meaning: 60 bits of chance, a label of DNS.
std::string random_label(Rng& rng) {
  constexpr std::string_view kLetters = "0123456789abcdefghjkmnpqrstvwxyz";
  std::array<std::uint8_t, 12> chance{};
  rng.fill(chance);
  std::string out;
  for (const std::uint8_t byte : chance) out += kLetters[byte % kLetters.size()];
  return out;
}

}  // namespace

class Discovery::Impl {
 public:
  Impl(asio::io_context& io, Options options, Rng& rng, Owner owner)
      : io_(io),
        mode_(options.mode),
        rng_(rng),
        owner_(std::move(owner)),
        supervision_(options.mode, rng),
        watch_(io, InterfaceFilter(std::move(options.interfaces)),
               {[this] { on_network_changed(); }, [this] { owner_.moved(); }}),
        timer_(io) {
    choose_names();
  }

  void start() {
    watch_.start();
    own();
    if (mode_ != Mode::kOff) tick();
  }

  void stop() {
    is_stopped_ = true;
    watch_.stop();
    timer_.cancel();
    if (!child_) return;
    child_->part();
    past_.push_back(std::move(child_));
  }

  bool is_stopping() {
    reap();
    return !past_.empty();
  }

  void announce(std::uint16_t port, bool is_pairing) {
    port_ = port;
    text_.is_pairing = is_pairing;
    give_orders();
  }

  [[nodiscard]] Mode mode() const { return mode_; }
  [[nodiscard]] Condition condition() const {
    Condition found = supervision_.condition();
    const bool is_working = found.state == State::kDaemon || found.state == State::kEmbedded;
    if (is_working && collisions_ >= kCollisionsMax)
      found = {State::kDegraded,
               "somebody on the network claims every name that this device takes"};
    return found;
  }
  [[nodiscard]] std::vector<Sighting> nearby() const { return table_.all(); }

 private:
  // ---- the child

  void tick() {
    if (is_stopped_) return;
    const Tick now = steady_now();
    reap();
    if (supervision_.ticked()) {
      child_->kill();
      on_ended("the discovery process did not answer");
    }
    if (supervision_.should_start(now)) start_child(now);
    if (forget_unseen_at_ && *forget_unseen_at_ <= now) {
      forget_unseen_at_.reset();
      for (const Sighting& each : table_.drop_unseen()) owner_.gone(each);
    }
    if (now - collided_at_ >= kCollisionRest) collisions_ = 0;
    give_orders();  // the daemon may have become trustworthy again
    note_condition();
    timer_.expires_after(kEvery);
    timer_.async_wait([this](const std::error_code& error) {
      if (!error) tick();
    });
  }

  void start_child(Tick now) {
    child_ = std::make_shared<ChildProcess>(
        io_, ChildProcess::Owner{[this](const ChildMessage& message) { on_said(message); },
                                 [this](const std::string& why) { on_ended(why); }});
    const Status started = child_->start();
    supervision_.started(now);
    backend_ = Backend::kNone;
    collisions_ = 0;
    last_orders_.reset();
    if (!started) return on_ended(started.error().detail);
    see_again(now);
  }

  void on_ended(const std::string& why) {
    if (is_stopped_) return;
    past_.push_back(std::move(child_));
    supervision_.ended(why, steady_now());
    forget_unseen_at_.reset();
    note_condition();
  }

  void reap() {
    std::erase_if(past_, [](const auto& each) { return !each->is_there(); });
  }

  void give_orders() {
    if (!child_ || is_stopped_) return;
    Orders orders{supervision_.may_use_daemon(steady_now()),
                  supervision_.may_use_embedded(),
                  instance_,
                  host_,
                  collisions_ < kCollisionsMax ? port_ : std::uint16_t{0},
                  text_,
                  watch_.network().interfaces};
    if (last_orders_ == orders) return;
    child_->send(orders);
    last_orders_ = std::move(orders);
  }

  void note_condition() {
    Condition now = condition();
    if (now == last_condition_) return;
    last_condition_ = std::move(now);
    owner_.condition_changed(last_condition_);
  }

  // ---- what it says

  void on_said(const ChildMessage& message) {
    if (is_stopped_) return;
    supervision_.alive();
    std::visit([this](const auto& each) { on(each); }, message);
  }

  void on(const Report& report) {
    supervision_.heard(report, steady_now());
    const bool is_other = report.backend != backend_ && report.backend != Backend::kAskingDaemon;
    if (is_other) {
      backend_ = report.backend;
      see_again(steady_now());
    }
    note_condition();
  }

  void on(const Collided& /*collided*/) {
    ++collisions_;
    collided_at_ = steady_now();
    choose_names();
    own();
    give_orders();
  }

  void on(const Sighting& sighting) {
    using Seen = CandidateTable::Seen;
    const Sighting* found = table_.find(sighting.key);
    const std::optional<Sighting> before = found == nullptr ? std::nullopt : std::optional(*found);
    const auto& ours = watch_.network().interfaces;
    const bool is_ours = std::any_of(ours.begin(), ours.end(), [&](const Interface& each) {
      return each.name == sighting.key.interface;
    });
    if (!is_ours) return;  // a moment ago it was, or the child makes names up
    const Seen seen = table_.saw(sighting);
    if (seen == Seen::kSame) return;
    if (before && (seen == Seen::kRefused || before->host_port() != sighting.host_port()))
      owner_.gone(*before);
    if (seen != Seen::kRefused) owner_.came(sighting);
  }

  void on(const Lost& lost) {
    const Sighting* found = table_.find(lost.key);
    if (found == nullptr) return;
    const Sighting before = *found;
    static_cast<void>(table_.lost(lost.key));
    owner_.gone(before);
  }

  /// A backend that begins anew sees everything from the beginning.
  void see_again(Tick now) {
    table_.begin_again();
    forget_unseen_at_ = now + kSeeAgainWithin;
  }

  // ---- what we are

  void choose_names() {
    instance_ = random_label(rng_);
    host_ = random_label(rng_);
  }

  void own() {
    for (const Sighting& each : table_.own(instance_, watch_.network().own_addresses))
      owner_.gone(each);
  }

  void on_network_changed() {
    own();
    give_orders();
    owner_.moved();
  }

  asio::io_context& io_;
  Mode mode_;
  Rng& rng_;
  Owner owner_;
  Supervision supervision_;
  NetworkWatch watch_;
  asio::steady_timer timer_;
  CandidateTable table_;
  std::string instance_;
  std::string host_;
  std::uint16_t port_ = 0;
  ServiceText text_;
  std::shared_ptr<ChildProcess> child_;
  std::vector<std::shared_ptr<ChildProcess>> past_;  ///< killed, and not yet waited for
  std::optional<Orders> last_orders_;
  Backend backend_ = Backend::kNone;
  Condition last_condition_;
  std::optional<Tick> forget_unseen_at_;
  int collisions_ = 0;
  Tick collided_at_{0};
  bool is_stopped_ = false;
};

Discovery::Discovery(asio::io_context& io, Options options, Rng& rng, Owner owner)
    : impl_(std::make_unique<Impl>(io, std::move(options), rng, std::move(owner))) {}
Discovery::~Discovery() = default;

void Discovery::start() { impl_->start(); }
void Discovery::stop() { impl_->stop(); }
bool Discovery::is_stopping() { return impl_->is_stopping(); }
void Discovery::announce(std::uint16_t port, bool is_pairing) { impl_->announce(port, is_pairing); }
Mode Discovery::mode() const { return impl_->mode(); }
Condition Discovery::condition() const { return impl_->condition(); }
std::vector<Sighting> Discovery::nearby() const { return impl_->nearby(); }

}  // namespace lanyard::discovery
