#include "agent/compat/compat_listeners.hpp"

#include <algorithm>

#include "agent/access/origin.hpp"
#include "agent/compat/compat_gate.hpp"
#include "agent/compat/posted_text.hpp"
#include "agent/logging.hpp"
#include "replication/types/nearest_name.hpp"

namespace lanyard::agent {
namespace {

using storage::CompatListener;

/// Clients of one listener: browsers open six connections a page, and a WebSocket.
constexpr std::size_t kCompatConnectionsMax = 64;
constexpr std::size_t kCompatTextsMax = 64;
/// What a byte of a frame takes: its buffer, the text, and a copy of that while it is planned.
constexpr std::uint64_t kMemoryPerFrameByte = 4;

Result<const CompatKind*> find_kind(const std::string& name) {
  std::vector<std::string> names;
  for (const CompatKind& kind : compat_kinds()) {
    if (kind.name == name) return &kind;
    names.emplace_back(kind.name);
  }
  const auto nearest = nearest_name(name, names);
  return fail(Code::kNotFound, "there is no listener \"" + name + "\"",
              nearest ? "Did you mean " + *nearest + "?" : "See  lanyard compat enable --help");
}

std::vector<CompatPort> ports_of(const CompatKind& kind, const CompatListener& listener) {
  if (listener.port == 0) return {kind.ports.begin(), kind.ports.end()};
  CompatPort one{listener.port, false, false};
  for (const CompatPort& port : kind.ports) {
    one.serves_http = one.serves_http || port.serves_http;
    one.serves_socket = one.serves_socket || port.serves_socket;
  }
  return {one};
}

void sort_once(std::vector<std::string>& texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
}

Result<CompatListener> listener_of(const CompatWish& wish) {
  LANYARD_TRY(find_kind(wish.kind));
  for (const std::string& origin : wish.origins) LANYARD_TRY(check_origin(origin));
  if (wish.origins.size() > kCompatTextsMax || wish.kept_local.size() > kCompatTextsMax)
    return fail(Code::kTooLarge, "a listener has at most 64 origins, and 64 members kept local");
  CompatListener out;
  out.kind = wish.kind;
  out.port = wish.port;
  out.is_enabled = true;
  out.origins = wish.origins;
  out.kept_local = wish.kept_local;
  sort_once(out.origins);
  sort_once(out.kept_local);
  return out;
}

Error port_error(const Error& error, const CompatListener& listener) {
  if (!error.is(Code::kPortTaken)) return error;
  return Error(Code::kPortTaken, error.detail,
               "Stop that program (ss -ltnp shows it), or choose another port: lanyard compat "
               "enable " +
                   listener.kind + " --port N");
}

}  // namespace

CompatListeners::~CompatListeners() {
  for (auto& [kind, running] : running_) running.protocol->close();
}

bool CompatListeners::has_store() const {
  std::error_code ignored;
  return store_ || std::filesystem::exists(file_, ignored);
}

Status CompatListeners::open_store() {
  if (store_) return {};
  LANYARD_TRY_SET(storage::CompatStore store, storage::CompatStore::open(file_));
  store_.emplace(std::move(store));
  return {};
}

void CompatListeners::start() {
  if (!has_store()) return;
  const auto serve_all = [&]() -> Status {
    LANYARD_TRY(open_store());
    LANYARD_TRY_SET(const auto listeners, store_->listeners());
    for (const CompatListener& listener : listeners) {
      if (!listener.is_enabled) continue;
      const Status served = serve(listener);
      if (served) continue;
      problems_[listener.kind] = served.error().detail;
      log_error("the listener " + listener.kind + " does not serve: " + served.error().detail);
    }
    return {};
  };
  if (const Status done = serve_all(); !done)
    log_error("no compatibility listener serves: " + done.error().detail);
}

// ---- serving

Status CompatListeners::serve_port(Running& running, const CompatListener& listener,
                                   const CompatPort& port) {
  HttpServer::Manners manners;
  manners.connections_max = kCompatConnectionsMax;
  manners.message_max = kPostedBytesMax;
  manners.message_memory = kMemoryPerFrameByte;
  manners.refusal = [](int status, const Problem& problem) {
    return compat_error(status, problem.why);
  };
  auto shut =
      server_.serve({"127.0.0.1", "::1"}, port.number, manners,
                    [protocol = running.protocol, port,
                     gate = CompatGate{port.number, listener.origins}](const HeadView& head) {
                      return pass_gate(head, gate, [&] { return protocol->receive(port, head); });
                    });
  if (!shut) return fail(port_error(shut.error(), listener));
  running.shut.push_back(std::move(*shut));
  return {};
}

Status CompatListeners::serve(const CompatListener& listener) {
  LANYARD_TRY_SET(const CompatKind* const kind, find_kind(listener.kind));
  Running running;
  running.protocol = kind->make(
      {services_, access_, tokens_, *store_, rng_, server_.after(), device_id_}, listener);
  for (const CompatPort& port : ports_of(*kind, listener)) {
    Status served = serve_port(running, listener, port);
    if (served) continue;
    for (const auto& shut : running.shut) shut();
    running.protocol->close();
    return served;
  }
  problems_.erase(listener.kind);
  running_[listener.kind] = std::move(running);
  log_info("the listener " + listener.kind + " serves");
  return {};
}

void CompatListeners::stop(const std::string& kind) {
  problems_.erase(kind);
  const auto found = running_.find(kind);
  if (found == running_.end()) return;
  for (const auto& shut : found->second.shut) shut();
  found->second.protocol->close();
  running_.erase(found);
}

// ---- switching

/// Serves as the listener says from now on, or goes on as before.
Status CompatListeners::replace(const CompatListener& listener) {
  std::optional<CompatListener> before;
  LANYARD_TRY_SET(const auto all, store_->listeners());
  for (const CompatListener& each : all)
    if (each.kind == listener.kind && each.is_enabled) before = each;
  stop(listener.kind);
  Status done = serve(listener);
  if (done) done = store_->put_listener(listener);
  if (done) return {};
  stop(listener.kind);
  if (!before) return done;
  if (const Status back = serve(*before); !back) problems_[before->kind] = back.error().detail;
  return done;
}

void CompatListeners::enable(const CompatWish& wish, const Done<CompatView>& done) {
  auto listener = listener_of(wish);
  if (!listener) return done(fail(listener.error()));
  const std::string space = wish.space.empty() ? "default" : wish.space;
  services_.directory.find(
      space, [this, listener = *listener, space, done](const Result<SpaceId>& found) mutable {
        if (!found) return done(fail(found.error()));
        // A space's name may change; `default` always means what it says.
        listener.space = space == "default" ? space : to_text(*found);
        Status ready = open_store();
        if (ready) ready = replace(listener);
        if (!ready) return done(fail(ready.error()));
        done(view_of(listener));
      });
}

Result<CompatView> CompatListeners::disable(const std::string& kind) {
  LANYARD_TRY(find_kind(kind));
  std::error_code ignored;
  if (!store_ && !std::filesystem::exists(file_, ignored))
    return fail(Code::kNotFound, "the listener \"" + kind + "\" was never switched on");
  LANYARD_TRY(open_store());
  LANYARD_TRY_SET(const auto all, store_->listeners());
  for (CompatListener listener : all) {
    if (listener.kind != kind) continue;
    listener.is_enabled = false;
    LANYARD_TRY(store_->put_listener(listener));
    stop(kind);
    return view_of(listener);
  }
  return fail(Code::kNotFound, "the listener \"" + kind + "\" was never switched on");
}

CompatView CompatListeners::view_of(const CompatListener& listener) const {
  CompatView out;
  out.listener = listener;
  out.space_name = listener.space;
  if (const auto kind = find_kind(listener.kind))
    for (const CompatPort& port : ports_of(**kind, listener)) out.ports.push_back(port.number);
  out.is_serving = running_.contains(listener.kind);
  if (const auto problem = problems_.find(listener.kind); problem != problems_.end())
    out.problem = problem->second;
  return out;
}

Result<std::vector<CompatView>> CompatListeners::list() {
  std::vector<CompatView> out;
  if (!has_store()) return out;
  LANYARD_TRY(open_store());
  LANYARD_TRY_SET(const auto all, store_->listeners());
  for (const CompatListener& listener : all) out.push_back(view_of(listener));
  return out;
}

Result<CompatKept> CompatListeners::kept() {
  CompatKept out;
  if (!has_store()) return out;
  LANYARD_TRY(open_store());
  LANYARD_TRY_SET(out.places, store_->kept_places(kKeptShownMax + 1));
  out.more = out.places.size() > kKeptShownMax;
  if (out.more) out.places.pop_back();
  return out;
}

}  // namespace lanyard::agent
