// Changes that nobody may accept: the whole batch is refused at the first bad link, nothing is
// applied, and the link is closed with a typed error.
#include "tests/integration/hostile/scene.hpp"

namespace lanyard::hostile {
namespace {

using oplog::Change;
using oplog::ChangeKind;
using oplog::ContextEntry;
using oplog::Header;
using oplog::LogWriter;

struct RefusedRow {
  std::string what;
  std::function<wire::Message(Scene&)> said;
  std::string code;  ///< the words of the error, as `devices list` shows it
};

/// Three changes that follow each other, as good as any.
std::vector<Change> three(Scene& scene) {
  return {scene.log->put("r1"), scene.log->put("r2"), scene.log->put("r3")};
}

wire::PackPart pack_with(const Scene& scene, const std::vector<Change>& changes,
                         const Signature& signature) {
  return {scene.space.id, true,
          write_pack(changes, {{changes.back().header.log, signature}}, false)};
}

/// A pack of three in which one is exchanged for another one after the last was signed.
RefusedRow exchanged(const std::string& which, std::size_t index) {
  return {"another payload in the " + which + " change of a run",
          [index](Scene& scene) {
            auto changes = three(scene);
            const Signature signature = scene.log->sign(changes.back());
            static const Bytes other = oplog::put_plain("forged", 1);
            changes[index].payload = other;
            return pack_with(scene, changes, signature);
          },
          "bad signature"};
}

/// A pack of three, the last of which is signed like this.
RefusedRow signed_by(const std::string& what,
                     std::function<Signature(Scene&, const std::vector<Change>&)> sign) {
  return {what,
          [sign = std::move(sign)](Scene& scene) {
            const auto changes = three(scene);
            return pack_with(scene, changes, sign(scene, changes));
          },
          "bad signature"};
}

Signature over(const Scene& scene, std::string_view label, const Hash& hash) {
  Bytes message = to_bytes(as_bytes(label));
  append(message, hash.view());
  return scene.mallory.identity.sign(message);
}

std::vector<RefusedRow> bad_signatures() {
  return {
      exchanged("first", 0),
      exchanged("middle", 1),
      exchanged("last", 2),
      signed_by("a signature with one bit changed",
                [](Scene& scene, const auto& changes) {
                  Signature signature = scene.log->sign(changes.back());
                  signature.bytes[40] ^= 1;
                  return signature;
                }),
      signed_by("no signature", [](Scene&, const auto&) { return Signature(); }),
      signed_by("the signature of the change before",
                [](Scene& scene, const auto& changes) { return scene.log->sign(changes[1]); }),
      signed_by("a signature of another device",
                [](Scene&, const auto& changes) {
                  return oplog::Device(8).identity.sign(oplog::signed_message(changes.back().hash));
                }),
      signed_by("a signature of another domain",
                [](Scene& scene, const auto& changes) {
                  return over(scene, "lanyard-noise-static-v1", changes.back().hash);
                }),
      signed_by(
          "a signature without a domain",
          [](Scene& scene, const auto& changes) { return over(scene, "", changes.back().hash); }),
      {"an open change that is not signed itself",
       [](Scene& scene) {
         Change admit = scene.log->admit(scene.mallory);
         const Signature signature = admit.signature;
         admit.signature = {};
         return pack_with(scene, {admit}, signature);
       },
       "bad signature"},
      {"a live change with a bad signature",
       [](Scene& scene) {
         wire::LiveRun run = live(scene, scene.log->put("r1"));
         run.signature.bytes[0] ^= 1;
         return run;
       },
       "bad signature"},
      {"a live change with another payload",
       [](Scene& scene) {
         wire::LiveRun run = live(scene, scene.log->put("r1"));
         run.items[0].payload = oplog::put_plain("forged", 1);
         return run;
       },
       "bad signature"},
  };
}

/// One change whose header was spoiled before it was hashed and signed.
RefusedRow spoiled(const std::string& what, const std::string& code,
                   std::function<void(Scene&, Header&)> spoil) {
  return {what,
          [spoil = std::move(spoil)](Scene& scene) {
            const Change change = scene.log->add(ChangeKind::kSealed, oplog::put_plain("r1", 1), {},
                                                 [&](Header& header) { spoil(scene, header); });
            return pack_with(scene, {change}, scene.log->sign(change));
          },
          code};
}

/// A change that goes on in the agent's own log.
void go_on_in_the_agents_log(Scene& scene, Header& header) {
  const ContextEntry theirs = scene.agents_head();
  header.log = theirs.log;
  header.seq = theirs.head.seq.next();
  header.prev = theirs.head.hash;
}

std::vector<ContextEntry> made_up_context(Scene& scene, std::size_t size) {
  std::vector<ContextEntry> out;
  while (out.size() < size)
    out.push_back({scene.mallory.chance.fixed<LogId>(), {{1}, scene.mallory.chance.fixed<Hash>()}});
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<RefusedRow> bad_headers() {
  return {
      spoiled("a change in the log of another device", "bad signature", go_on_in_the_agents_log),
      spoiled("a change that cites itself", "not canonical",
              [](Scene& scene, Header& header) {
                header.context = {{header.log, {header.seq, scene.mallory.chance.fixed<Hash>()}}};
              }),
      spoiled("a change that cites its own log", "not canonical",
              [](Scene& scene, Header& header) { header.context = {scene.log->entry()}; }),
      spoiled("a context with a log twice", "not canonical",
              [](Scene& scene, Header& header) {
                header.context = {scene.agents_head(), scene.agents_head()};
              }),
      spoiled("a context out of order", "not canonical",
              [](Scene& scene, Header& header) {
                header.context = made_up_context(scene, 2);
                std::swap(header.context[0], header.context[1]);
              }),
      spoiled("a context of seq 0", "malformed",
              [](Scene& scene, Header& header) {
                header.context = {{scene.agents_head().log, {{0}, {}}}};
              }),
      spoiled("a context of 4,097 logs", "too large",
              [](Scene& scene, Header& header) { header.context = made_up_context(scene, 4097); }),
      spoiled("no change before it, and not the first", "malformed",
              [](Scene&, Header& header) { header.prev = {}; }),
      spoiled("a gap in the log", "missing context",
              [](Scene&, Header& header) { header.seq = header.seq.next(); }),
      spoiled("the last seq there is", "missing context",
              [](Scene&, Header& header) { header.seq = {UINT64_MAX}; }),
      spoiled("a context that is not held", "missing context",
              [](Scene& scene, Header& header) { header.context = made_up_context(scene, 1); }),
      spoiled("an epoch that nobody granted", "missing key",
              [](Scene& scene, Header& header) { header.epoch = scene.mallory.keys.make_epoch(); }),
      {"a payload above 1 MiB",
       [](Scene& scene) {
         const Change change =
             scene.log->add(ChangeKind::kSealed, Bytes(limits::kPayloadBytesMax + 1));
         return in_a_pack(scene, {change});
       },
       "too large"},
  };
}

/// A pack of one change of a log that was not there before, signed as it should be.
wire::PackPart first_of(const Scene& scene, const LogWriter& writer, const Change& first) {
  return pack_with(scene, {first}, writer.sign(first));
}

oplog::OpenLog opening(const SpaceId& space, const DeviceId& device, std::uint8_t incarnation) {
  oplog::OpenLog op{space, device, {}, std::nullopt, std::nullopt};
  op.incarnation.bytes[0] = incarnation;
  return op;
}

/// Of a log whose opening is this and whose header is spoiled like that.
template <class Spoil>
wire::PackPart opened_with(Scene& scene, const oplog::OpenLog& op, Spoil spoil) {
  LogWriter writer(scene.mallory, scene.space, op.incarnation.bytes[0]);
  const Change first = writer.add(ChangeKind::kOpen, oplog::encode_plain({op}), scene.context(),
                                  [&](Header& header) { spoil(header); });
  return first_of(scene, writer, first);
}

std::vector<RefusedRow> bad_logs() {
  const auto untouched = [](Header&) {};
  return {
      {"a log of another space",
       [](Scene& scene) {
         const oplog::Space other(scene.mallory);
         LogWriter writer(scene.mallory, other);
         return first_of(scene, writer, writer.open({}, true));
       },
       "wrong space"},
      {"an opening that names another space",
       [=](Scene& scene) {
         return opened_with(scene, opening(scene.not_shared, scene.mallory.id(), 2), untouched);
       },
       "wrong space"},
      {"an opening of a second founder",
       [=](Scene& scene) {
         oplog::OpenLog op = opening(scene.space.id, scene.mallory.id(), 2);
         op.founding = scene.mallory.chance.fixed<oplog::Founding>();
         return opened_with(scene, op, untouched);
       },
       "wrong space"},
      {"an opening for another device, under an id of one's own",
       [=](Scene& scene) {
         return opened_with(scene, opening(scene.space.id, scene.agents_device(), 2), untouched);
       },
       "malformed"},
      {"an opening in the name of another device",
       [](Scene& scene) {
         const oplog::OpenLog op = opening(scene.space.id, scene.agents_device(), 2);
         return opened_with(scene, op, [&](Header& header) {
           header.log = oplog::log_id_of(op.device, op.incarnation, op.space, oplog::hasher());
         });
       },
       "bad signature"},
      {"a log that does not begin with its opening",
       [](Scene& scene) {
         LogWriter writer(scene.mallory, scene.space, 2);
         return first_of(scene, writer, writer.put("r1", scene.context()));
       },
       "malformed"},
      {"a live log that does not begin with its opening",
       [](Scene& scene) {
         LogWriter writer(scene.mallory, scene.space, 2);
         const Change first = writer.put("r1", scene.context());
         return engine::make_live_run(scene.space.id, {&first, 1}, writer.sign(first));
       },
       "malformed"},
  };
}

/// Says it, and sees how the agent takes it.
void check_refused(Scene& scene, const RefusedRow& row) {
  INFO(row.what);
  const Scene::Link peer = scene.link();
  const Seen before = scene.seen();
  const Json counted = scene.agent.counters();
  const Head head = scene.log->entry().head;
  const wire::Message said = row.said(scene);
  scene.log->step_back(head);
  const Watch watch(scene.agent);
  static_cast<void>(say_in_parts(*peer, said));
  std::optional<wire::ByeCode> bye;
  CHECK(peer->is_closed(&bye));
  CHECK(bye == wire::ByeCode::kRefused);
  CHECK_THAT(scene.last_failure(), Catch::Contains("(" + row.code + ")"));
  CHECK(scene.seen() == before);
  const Json counts = scene.agent.counters();
  CHECK(counts.at("refusedChanges") == counted.at("refusedChanges").get<int>() + 1);
  CHECK(counts.at("droppedLinks") == counted.at("droppedLinks").get<int>() + 1);
  check_costs(scene, watch);
}

void check_all_refused(const std::vector<RefusedRow>& rows) {
  Scene scene;
  for (const RefusedRow& row : rows) check_refused(scene, row);
  scene.check_all_is_well();
}

}  // namespace

TEST_CASE("a run with a bad signature is refused as a whole") {
  check_all_refused(bad_signatures());
}

TEST_CASE("a change whose header breaks a rule is refused") { check_all_refused(bad_headers()); }

TEST_CASE("a log that may not be there is refused") { check_all_refused(bad_logs()); }

}  // namespace lanyard::hostile
