#include "tests/integration/hostile_changes/stage.hpp"

#include "replication/types/device_id_text.hpp"

namespace lanyard::hostile {
namespace {

constexpr const char* kOurs = "ours";

std::uint64_t changes_held(AgentProcess& agent, const SpaceId& space) {
  return agent.call("space.clock", {{"space", to_text(space)}}).at("changes");
}

bool has_space(AgentProcess& agent, const SpaceId& space) {
  const Json list = agent.call("space.list");
  for (const Json& each : list.at("spaces"))
    if (each.at("id") == to_text(space)) return true;
  return false;
}

void write_number(AgentProcess& agent, const SpaceId& space, const std::string& key, int number) {
  agent.call("data.put", {{"space", to_text(space)},
                          {"collection", kOurs},
                          {"key", key},
                          {"value", {{"number", number}}}});
}

bool shows_number(AgentProcess& agent, const SpaceId& space, const std::string& key, int number) {
  const Json found = agent.call("data.query", {{"space", to_text(space)}, {"collection", kOurs}});
  for (const Json& each : found.at("records"))
    if (each.at("key") == key) return each.at("value").at("number") == number;
  return false;
}

/// What a member may have a status say: that it does what no honest one does, and that it forked.
/// The port for apps is taken by the agent beside it.
bool may_be_degraded(const Json& part) {
  return part.at("part") == "api" || part.at("part").get<std::string>().starts_with("device ") ||
         part.at("why") == "a log of it has two branches";
}

}  // namespace

Stage::Stage(std::uint64_t seed, std::size_t scale) : chance_(seed) {
  join(scene_, other_);
  honest_[0] = {&scene_.agent, std::make_unique<Post>(scene_.agent, scene_.mallory), {}, 0, 0};
  honest_[1] = {&other_, std::make_unique<Post>(other_, scene_.mallory), {}, 0, 0};
  for (Honest& each : honest_) each.id = each.agent->call("agent.info").at("agent").at("id");
  notes_ = std::make_unique<Forge>(chance_, scene_.mallory, scene_.space.id, scene_.space.epoch,
                                   scene_.clock(), scale);
  const Json created = scene_.agent.call("space.create", {{"name", "forked"}});
  const SpaceId second = *space_id_from_text(created.at("id").get<std::string>());
  for (const std::string& id : {honest_[1].id, to_text(scene_.mallory.id())})
    scene_.agent.call("space.share", {{"space", to_text(second)}, {"device", id}});
  Post& post = *honest_[0].post;
  post.link(second, {});
  forked_ = std::make_unique<Forge>(chance_, scene_.mallory, second, post.epoch_of(second),
                                    post.clock_of(second), scale);
  post.hang_up();
  REQUIRE(comes_at_last([&] { return has_space(other_, second); }));
  for (const Maker& each : makers()) all_.push_back({each, notes_.get()});
  for (const Maker& each : makers_of_forks()) all_.push_back({each, forked_.get()});
  write_and_hear(notes_->space());
  write_and_hear(forked_->space());
  note_links();
  for (Honest& each : honest_) each.disk_before = each.agent->disk_bytes();
}

Stage::Honest& Stage::other_than(const Honest& honest) {
  return &honest == &honest_[0] ? honest_[1] : honest_[0];
}

// ---- a step

void Stage::keep_only(const std::string& maker) {
  std::erase_if(all_, [&](const Way& way) { return way.maker.name != maker; });
  REQUIRE(all_.size() == 1);
  next_.clear();
}

void Stage::step(std::size_t number) {
  if (next_.empty()) {
    next_ = all_;
    for (std::size_t i = next_.size(); i > 1; --i) std::swap(next_[i - 1], next_[chance_.below(i)]);
  }
  const Way way = next_.back();
  next_.pop_back();
  Honest& to = chance_.one_in(3) ? honest_[1] : honest_[0];
  INFO("step " << number << ": " << way.maker.name);
  std::array<std::optional<Watch>, 2> watches;
  for (std::size_t i = 0; i < honest_.size(); ++i) watches[i].emplace(*honest_[i].agent);
  way.maker.make(*way.forge);
  if (chance_.one_in(8)) way.forge->found_space(*device_id_from_text(to.id));
  // What was not packed yet is signed with it.
  const std::uint64_t before = changes_held(*to.agent, way.forge->space());
  to.post->link(way.forge->space(), way.forge->clock());
  to.post->send(*way.forge);
  const Made made = way.forge->take_made();
  const bool counts_all = way.forge == notes_.get();  // of two branches each holds one
  const auto all_there = [&](AgentProcess& agent) {
    return changes_held(agent, way.forge->space()) >= before + made.changes;
  };
  if (counts_all) to.post->wait_until([&] { return all_there(*to.agent); });
  if (counts_all) to.post->wait_until([&] { return all_there(*other_than(to).agent); });
  write_and_hear(way.forge->space());
  Line line{number, way.maker.name, made, to.post->take_wire_bytes(), {}};
  for (const auto& watch : watches) line.used.push_back(watch->used());
  std::printf("%s\n", to_json(line).dump().c_str());
  report_attack(std::string("valid changes: ") + way.maker.name, most_of(line));
  for (const Usage& used : line.used) {
    const std::string excess = excess_of(used, allowed_for(made));
    REQUIRE(excess == "");
  }
  check_links();
  add(made_, made);
  wire_bytes_ += line.wire_bytes;
  ++steps_;
}

void Stage::write_and_hear(const SpaceId& space) {
  ++written_;
  for (Honest& each : honest_) {
    write_number(*each.agent, space, each.id, written_);
    INFO("what one honest agent wrote does not come to the other");
    REQUIRE(comes_at_last(
        [&] { return shows_number(*other_than(each).agent, space, each.id, written_); }));
  }
}

// ---- what may not happen

std::int64_t Stage::links_of_others(Honest& honest) {
  const Json counters = honest.agent->counters();
  CHECK(counters.at("droppedLinks").get<std::int64_t>() == honest.drops_before);
  CHECK(counters.at("refusedChanges") == 0);
  CHECK(counters.at("failedHandshakes") == 0);
  return counters.at("accepted").get<std::int64_t>() -
         static_cast<std::int64_t>(honest.post->count_links());
}

void Stage::note_links() {
  for (Honest& each : honest_) {
    each.drops_before = each.agent->counters().at("droppedLinks").get<std::int64_t>();
    each.links_before = links_of_others(each);
  }
}

void Stage::check_links() {
  for (Honest& each : honest_) {
    INFO(each.agent->log());
    REQUIRE(each.agent->is_running());
    CHECK(each.agent->device(other_than(each).id).at("linked") == true);
    CHECK(links_of_others(each) == each.links_before);
    check_status(each);
  }
}

void Stage::check_status(Honest& honest) {
  const Json status = honest.agent->call("status.get");
  for (const Json& part : status.at("degraded")) {
    INFO(part.dump());
    CHECK(may_be_degraded(part));
  }
}

void Stage::restart_one() {
  Honest& one = chance_.one_in(2) ? honest_[0] : honest_[1];
  INFO("after a restart");
  for (Honest& each : honest_) each.post->hang_up();
  one.agent->restart();
  for (Honest& each : honest_)
    REQUIRE(comes_at_last(
        [&] { return each.agent->device(other_than(each).id).at("linked").get<bool>(); }));
  write_and_hear(notes_->space());
  write_and_hear(forked_->space());
  note_links();
}

void Stage::check_in_the_end() {
  const SpaceId space = notes_->space();
  std::vector<Json> infos;
  for (Honest& each : honest_) {
    each.post->hang_up();
    infos.push_back(each.agent->call("space.info", {{"space", to_text(space)}}));
  }
  for (const char* what : {"changes", "records", "conflicts", "state_hash"}) {
    INFO(what);
    CHECK(infos[0].at(what) == infos[1].at(what));
  }
  Json out{{"steps", steps_},          {"wireBytes", wire_bytes_},
           {"changes", made_.changes}, {"signedBytes", made_.signed_bytes},
           {"logs", made_.logs},       {"workSeconds", slowest_work()},
           {"agents", Json::array()}};
  for (Honest& each : honest_) {
    each.agent->restart();  // write-ahead logs are copied and gone
    const std::size_t disk_now = each.agent->disk_bytes();
    // Less than before, where a write-ahead log had more in it than came since.
    const std::size_t disk = disk_now > each.disk_before ? disk_now - each.disk_before : 0;
    out["agents"].push_back({{"diskBytes", disk},
                             {"residentBytes", each.agent->resident_bytes()},
                             {"records", infos[0].at("records")}});
    CHECK(disk <= disk_allowed_for(made_, steps_));
    const auto checked =
        each.agent->command({"check", to_text(space), "--rebuild"}, 20 * kPatience);
    INFO(checked.output);
    CHECK(checked.code == 0);
  }
  std::printf("%s\n", Json{{"total", out}}.dump().c_str());
}

}  // namespace lanyard::hostile
