#include "discovery/lookups.hpp"

namespace lanyard::discovery {
namespace {

/// A label of DNS.
constexpr std::size_t kInstanceBytesMax = 63;

}  // namespace

const std::string* Lookups::interface_name(int index) const {
  const auto found = interfaces_.find(index);
  return found == interfaces_.end() ? nullptr : &found->second;
}

SightingKey Lookups::key_of(const Name& name) const {
  const std::string* interface = interface_name(name.interface);
  return {name.instance, interface == nullptr ? std::string() : *interface, name.is_v6};
}

void Lookups::follow(const Orders& orders) {
  std::map<int, std::string> interfaces;
  for (const Interface& each : orders.interfaces) interfaces[each.index] = each.name;
  own_instance_ = orders.instance;
  for (auto each = entries_.begin(); each != entries_.end(); ++each) {
    const auto stays = interfaces.find(each->first.interface);
    const std::string* before = interface_name(each->first.interface);
    const bool is_same = before != nullptr && stays != interfaces.end() && stays->second == *before;
    if (each->second.resolver && !is_same) rest(each);
  }
  interfaces_ = std::move(interfaces);
  start_some();
}

void Lookups::appeared(const Name& name) {
  const bool is_name = !name.instance.empty() && name.instance.size() <= kInstanceBytesMax;
  if (!is_name || entries_.size() >= kNamesMax || name.instance == own_instance_) return;
  const auto [entry, fresh] = entries_.try_emplace(name);
  if (!fresh) return;
  entry->second.turn = next_turn_++;
  start_some();
}

void Lookups::disappeared(const Name& name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  rest(found);
  entries_.erase(found);
  start_some();
}

/// Ends its resolver, if it has one, and puts it behind all others.
void Lookups::rest(Entries::iterator entry) {
  Entry& it = entry->second;
  if (it.is_told) owner_.lost(key_of(entry->first));
  it.is_told = false;
  if (it.resolver) --active_;
  it.resolver.reset();
  it.rest = kRestTicks;
  it.turn = next_turn_++;
}

void Lookups::resolved(const Name& name, const std::optional<Answer>& answer) {
  const auto found = entries_.find(name);
  if (found == entries_.end() || !found->second.resolver) return;
  const bool is_of_use = answer && answer->port != 0 && answer->address.is_near() &&
                         answer->address.is_v6() == name.is_v6;
  if (!is_of_use) return rest(found);
  found->second.is_told = true;
  owner_.saw({key_of(name), answer->address, answer->port, answer->text});
}

bool Lookups::may_start(const Name& name, const Entry& entry) const {
  return !entry.resolver && entry.rest == 0 && interface_name(name.interface) != nullptr &&
         name.instance != own_instance_;
}

void Lookups::start_some() {
  while (active_ < kActiveMax && starts_left_ > 0) {
    auto first = entries_.end();
    for (auto each = entries_.begin(); each != entries_.end(); ++each) {
      if (may_start(each->first, each->second) &&
          (first == entries_.end() || each->second.turn < first->second.turn))
        first = each;
    }
    if (first == entries_.end()) return;
    --starts_left_;
    // An answer that is known already may come before this returns: it needs the place.
    ++active_;
    first->second.resolver = std::make_shared<int>();
    const Name name = first->first;
    Resolver resolver = resolve_(name);
    const auto still = entries_.find(name);
    if (still == entries_.end() || !still->second.resolver) continue;
    if (!resolver) {
      rest(still);
      continue;
    }
    still->second.resolver = std::move(resolver);
  }
}

void Lookups::tick() {
  for (auto& [name, entry] : entries_) entry.rest = std::max(entry.rest - 1, 0);
  starts_left_ = kStartsPerTick;
  start_some();
}

void Lookups::clear() {
  for (auto each = entries_.begin(); each != entries_.end(); ++each) rest(each);
  entries_.clear();
}

}  // namespace lanyard::discovery
