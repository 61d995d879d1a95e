#include "tests/sim/network.hpp"

#include "replication/types/check.hpp"

namespace lanyard::sim {

void Network::connect(DeviceNumber a, DeviceNumber b) {
  const engine::LinkId at_a{next_link_++};
  const engine::LinkId at_b{next_link_++};
  if (believes_linked(a, b) || believes_linked(b, a)) report_.count(Fault::kTwinLinks);
  ends_[at_a].device = a;
  ends_[at_a].other = at_b;
  ends_[at_b].device = b;
  ends_[at_b].other = at_a;
  user_.link_up(a, at_a, b);
  user_.link_up(b, at_b, a);
}

bool Network::believes_linked(DeviceNumber device, DeviceNumber peer) const {
  for (const auto& [link, each] : ends_) {
    if (each.up && each.device == device && ends_.at(each.other).device == peer) return true;
  }
  return false;
}

std::vector<engine::LinkId> Network::links() const {
  std::vector<engine::LinkId> out;
  for (const auto& [link, each] : ends_) {
    const End& other = ends_.at(each.other);
    const bool works = each.up && other.up && !each.severed && !other.severed;
    if (works && link < each.other) out.push_back(link);
  }
  return out;
}

void Network::plan(engine::LinkId to, Segment segment) {
  End& there = end(to);
  const DeviceNumber from = end(there.other).device;
  const auto slow_one = slow.find(std::minmax(from, there.device));
  const std::size_t longest =
      slow_one == slow.end() ? 40 : static_cast<std::size_t>(slow_one->second);
  const auto delay = static_cast<Schedule::Milliseconds>(1 + chance_.below(longest));
  there.last_arrival = std::max(there.last_arrival, schedule_.now() + delay);
  there.coming_bytes += segment.bytes.size();
  under_way_most_ = std::max(under_way_most_, there.coming_bytes);
  there.coming.push_back(std::move(segment));
  schedule_.at(there.last_arrival, [this, to] { arrive(to); });
}

void Network::send(engine::LinkId link, const Bytes& message) {
  End& here = end(link);
  LANYARD_CHECK(here.up, "an engine sends on links that are up");
  ++report_.messages;
  report_.trace.add(message);
  Segment segment{{}, next_number_++, false};
  for (const Bytes& frame : wire::split_frames(message)) {
    const std::size_t size = frame.size() + wire::kFrameTagBytes;
    segment.bytes.push_back(static_cast<std::uint8_t>(size >> 8));
    segment.bytes.push_back(static_cast<std::uint8_t>(size & 0xFF));
    append(segment.bytes, frame);
    segment.bytes.resize(segment.bytes.size() + wire::kFrameTagBytes);
  }
  report_.bytes += segment.bytes.size();
  End& there = end(here.other);
  if (is_blocked(here.device, there.device)) {
    there.kept_back += segment.bytes.size();
    said_into_silence_most_ = std::max(said_into_silence_most_, there.kept_back);
  }
  if (there.severed) return;
  plan(here.other, std::move(segment));
  if (loss_one_in != 0 && chance_.one_in(loss_one_in)) {
    report_.count(Fault::kMessageLost);
    cut(link, false);
  }
}

void Network::truncate(End& there) {
  std::size_t left = there.coming_bytes == 0 ? 0 : chance_.below(there.coming_bytes + 1);
  if (is_blocked(end(there.other).device, there.device)) left = 0;
  there.coming_bytes = left;
  for (Segment& segment : there.coming) {
    segment.bytes.resize(std::min(left, segment.bytes.size()));
    left -= segment.bytes.size();
  }
}

void Network::close(engine::LinkId link) {
  End& here = end(link);
  if (!here.up) return;
  here.up = false;
  here.coming.clear();
  here.coming_bytes = 0;
  plan(here.other, {{}, next_number_++, true});
}

void Network::cut(engine::LinkId link, bool half_open) {
  End& here = end(link);
  if (here.severed) return;
  here.severed = end(here.other).severed = true;
  truncate(here);
  truncate(end(here.other));
  plan(link, {{}, next_number_++, true});
  if (half_open) {
    report_.count(Fault::kHalfOpenLink);
  } else {
    plan(here.other, {{}, next_number_++, true});
  }
}

void Network::switch_off(DeviceNumber device) {
  for (auto& [link, each] : ends_) {
    if (each.device != device || !each.up) continue;
    each.up = false;
    each.coming.clear();
    each.coming_bytes = 0;
    if (end(each.other).severed) continue;
    end(each.other).severed = true;
    truncate(end(each.other));
    // A machine without power says no goodbye; one that was only killed does.
    if (chance_.one_in(2)) plan(each.other, {{}, next_number_++, true});
  }
}

void Network::unblock(DeviceNumber from, DeviceNumber to) {
  if (blocked_.erase({from, to}) == 0) return;
  for (auto& [link, each] : ends_) {
    if (each.device != to || end(each.other).device != from) continue;
    for (std::size_t i = 0; i < each.coming.size(); ++i)
      schedule_.after(1, [this, id = link] { arrive(id); });
  }
}

/// One segment comes, unless the way is blocked: then it waits until it is not.
void Network::arrive(engine::LinkId link) {
  End& here = end(link);
  if (here.coming.empty() || is_blocked(end(here.other).device, here.device)) return;
  Segment segment = std::move(here.coming.front());
  here.coming.pop_front();
  here.coming_bytes -= segment.bytes.size();
  if (!here.up) return;
  report_.trace.add(link.value * 31 + segment.bytes.size());
  std::uint64_t& newest = newest_[here.device];
  if (segment.number < newest && !segment.bytes.empty()) report_.count(Fault::kOvertaken);
  newest = std::max(newest, segment.number);
  append(here.read, segment.bytes);
  read_frames(link);
  if (!segment.ends || !here.up) return;
  here.up = false;
  user_.link_down(here.device, link);
}

void Network::read_frames(engine::LinkId link) {
  End& here = end(link);
  while (here.up && here.read.size() >= 2) {
    const std::size_t size = std::size_t{here.read[0]} << 8 | here.read[1];
    if (here.read.size() < 2 + size) return;
    const Bytes frame(
        here.read.begin() + 2,
        here.read.begin() + static_cast<std::ptrdiff_t>(2 + size - wire::kFrameTagBytes));
    here.read.erase(here.read.begin(), here.read.begin() + static_cast<std::ptrdiff_t>(2 + size));
    auto message = here.join.take(frame);
    LANYARD_CHECK(message.has_value(), "frames come as they were made");
    if (*message) user_.received(here.device, link, std::move(**message));
  }
}

}  // namespace lanyard::sim
