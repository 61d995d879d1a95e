#include "replication/merge/context.hpp"

#include <algorithm>

namespace lanyard::merge {
namespace {

bool is_before(const Context::Entry& entry, LogNumber log) { return entry.log < log; }

}  // namespace

Context Context::everything() {
  Context out;
  out.is_everything_ = true;
  return out;
}

std::uint64_t Context::seq_of(LogNumber log) const {
  const std::span<const Entry> all = entries();
  const auto at = std::lower_bound(all.begin(), all.end(), log, is_before);
  return at == all.end() || at->log != log ? 0 : at->seq;
}

std::size_t Context::raise(std::span<const Entry> more) {
  const auto is_news = [&](const Entry& entry) { return entry.seq > seq_of(entry.log); };
  if (std::none_of(more.begin(), more.end(), is_news)) return 0;
  const std::span<const Entry> held = entries();
  std::vector<Entry> both;
  both.reserve(held.size() + more.size());
  auto at = held.begin();
  for (const Entry& entry : more) {
    while (at != held.end() && at->log < entry.log) both.push_back(*at++);
    const bool is_held = at != held.end() && at->log == entry.log;
    both.push_back({entry.log, std::max(entry.seq, is_held ? at->seq : 0)});
    if (is_held) ++at;
  }
  both.insert(both.end(), at, held.end());
  const std::size_t bytes = both.capacity() * sizeof(Entry);
  entries_ = std::make_shared<const std::vector<Entry>>(std::move(both));
  return bytes;
}

void Context::raise(LogNumber log, std::uint64_t seq) {
  const Entry entry{log, seq};
  if (seq > 0) raise(std::span(&entry, 1));
}

bool operator==(const Context& left, const Context& right) {
  return left.own_ == right.own_ && left.is_everything_ == right.is_everything_ &&
         (left.entries_ == right.entries_ || std::ranges::equal(left.entries(), right.entries()));
}

}  // namespace lanyard::merge
