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
/// Who has asked a network who is there hears it within this.
constexpr Tick kNewFor{3000};
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
    for (Child& each : children_) {
      if (!each.process) continue;
      each.process->part();
      past_.push_back(std::move(each.process));
    }
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
  [[nodiscard]] const std::string& instance() const { return instance_; }

 private:
  /// One of the two, and what it was told last.
  struct Child {
    std::shared_ptr<ChildProcess> process;
    std::optional<Orders> orders;
    std::uint64_t turn = 0;  ///< how often it was chosen
  };
  [[nodiscard]] Child& of(Backend backend) {
    return children_.at(static_cast<std::size_t>(backend));
  }

  // ---- the children

  void tick() {
    if (is_stopped_) return;
    const Tick now = steady_now();
    reap();
    for (const Backend each : kBackends) {
      if (supervision_.ticked(each)) {
        of(each).process->kill();
        on_ended(each, "the discovery process did not answer");
      }
      if (supervision_.should_start(each, now)) start_child(each, now);
    }
    if (forget_unseen_at_ && *forget_unseen_at_ <= now) {
      forget_unseen_at_.reset();
      for (const Sighting& each : table_.drop_unseen()) owner_.gone(each);
    }
    if (now - collided_at_ >= kCollisionRest) collisions_ = 0;
    follow_supervision();
    timer_.expires_after(kEvery);
    timer_.async_wait([this](const std::error_code& error) {
      if (!error) tick();
    });
  }

  void start_child(Backend backend, Tick now) {
    Child& child = of(backend);
    child.orders.reset();
    child.process = std::make_shared<ChildProcess>(
        io_, ChildProcess::Owner{
                 [this, backend](const ChildMessage& message) { on_said(backend, message); },
                 [this, backend](const std::string& why) { on_ended(backend, why); }});
    const Status started = child.process->start(backend);
    supervision_.started(backend, now);
    if (!started) return on_ended(backend, started.error().detail);
    if (used_ == backend) begin_anew(now);
  }

  void on_ended(Backend backend, const std::string& why) {
    if (is_stopped_) return;
    past_.push_back(std::move(of(backend).process));
    supervision_.ended(backend, why, steady_now());
    if (used_ == backend) forget_unseen_at_.reset();
    follow_supervision();
  }

  void reap() {
    std::erase_if(past_, [](const auto& each) { return !each->is_there(); });
  }

  /// Whoever is used now is told so, and people what they see.
  void follow_supervision() {
    const auto used = supervision_.used();
    if (used != used_) {
      used_ = used;
      if (used) ++of(*used).turn;
      if (used) begin_anew(steady_now());
    }
    give_orders();
    note_condition();
  }

  /// Who begins to announce and browse sees everything from the beginning.
  void begin_anew(Tick now) {
    collisions_ = 0;
    table_.begin_again();
    came_at_ = now;
    forget_unseen_at_ = now + kSeeAgainWithin;
  }

  void give_orders() {
    if (is_stopped_) return;
    for (const Backend each : kBackends) {
      Child& child = of(each);
      if (!child.process) continue;
      Orders orders{used_ == each ? child.turn : 0,
                    instance_,
                    host_,
                    collisions_ < kCollisionsMax ? port_ : std::uint16_t{0},
                    text_,
                    watch_.network().interfaces};
      if (child.orders == orders) continue;
      child.process->send(orders);
      child.orders = std::move(orders);
    }
  }

  void note_condition() {
    Condition now = condition();
    if (now == last_condition_) return;
    last_condition_ = std::move(now);
    owner_.condition_changed(last_condition_);
  }

  // ---- what they say

  void on_said(Backend backend, const ChildMessage& message) {
    if (is_stopped_) return;
    supervision_.alive(backend);
    if (const auto* report = std::get_if<Report>(&message)) {
      supervision_.heard(backend, *report);
      return follow_supervision();
    }
    // What the other one saw, or takes leave of, is looked for anew by the one that is used.
    if (used_ != backend) return;
    std::visit([this](const auto& each) { on(each); }, message);
  }

  void on(const Report& /*report*/) {}

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
    const bool is_new_here = steady_now() - came_at_ < kNewFor;
    if (seen != Seen::kRefused)
      owner_.came(sighting, is_new_here ? Newcomer::kWe : Newcomer::kThey);
  }

  void on(const Lost& lost) {
    const Sighting* found = table_.find(lost.key);
    if (found == nullptr) return;
    const Sighting before = *found;
    static_cast<void>(table_.lost(lost.key));
    owner_.gone(before);
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
    came_at_ = steady_now();
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
  std::array<Child, kBackends.size()> children_;
  std::optional<Backend> used_;
  std::vector<std::shared_ptr<ChildProcess>> past_;  ///< killed, and not yet waited for
  Condition last_condition_;
  std::optional<Tick> forget_unseen_at_;
  Tick came_at_{0};  ///< to this network, or to it anew
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
const std::string& Discovery::instance() const { return impl_->instance(); }
std::vector<Sighting> Discovery::nearby() const { return impl_->nearby(); }

}  // namespace lanyard::discovery
