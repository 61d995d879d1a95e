// Bytes in place of a pack. Nothing of them is applied, whatever they declare.
#include "replication/types/canonical.hpp"
#include "tests/integration/hostile/scene.hpp"

namespace lanyard::hostile {
namespace {

using oplog::Change;
using oplog::ChangeKind;

struct PackRow {
  std::string what;
  std::function<Bytes(Scene&)> pack;
  std::string code;
};

PackRow fixed_pack(const std::string& what, std::string_view hex, const std::string& code) {
  return {what, [bytes = *from_hex(hex)](Scene&) { return bytes; }, code};
}

Bytes good_pack(Scene& scene) { return oplog::packed({scene.log->put("p1")}, {scene.log.get()}); }

/// A good pack of one change, changed on its way.
PackRow changed(const std::string& what, const std::string& code,
                std::function<void(Bytes&)> change) {
  return {what,
          [change = std::move(change)](Scene& scene) {
            Bytes bytes = good_pack(scene);
            change(bytes);
            return bytes;
          },
          code};
}

/// The place of the first log's id in a pack: format, compression, [logs, ...], [log, ...], [id.
constexpr std::size_t kFirstLog = 5;

std::vector<PackRow> bad_bytes() {
  return {
      fixed_pack("two bytes and no body", "0100", "malformed"),
      fixed_pack("no format", "0000", "malformed"),
      fixed_pack("a format of a newer version", "020094909090", "newer version"),
      fixed_pack("an unknown compression", "010294909090", "malformed"),
      fixed_pack("no changes", "01009490909090", "malformed"),
      fixed_pack("a map", "010080", "malformed"),
      fixed_pack("2^32 - 1 logs", "010094ddffffffff", "malformed"),
      fixed_pack("2^32 - 1 changes", "010094909090ddffffffff", "malformed"),
      fixed_pack("a log in a longer form", "010094dc0000909090", "not canonical"),
      fixed_pack("a zstd frame that states 2^63 bytes", "010128b52ffde0ffffffffffffff7f",
                 "too large"),
      fixed_pack("a zstd frame that states 2 MiB and a byte", "010128b52ffda001002000",
                 "too large"),
      fixed_pack("a zstd frame that states no size", "010128b52ffd0058010000", "malformed"),
      fixed_pack("a zstd frame of zeros that states 1 MiB and is 8 bytes long",
                 "010128b52ffda00000100043000000", "malformed"),
      changed("one byte less", "malformed", [](Bytes& bytes) { bytes.pop_back(); }),
      changed("one byte more", "malformed", [](Bytes& bytes) { bytes.push_back(0xC0); }),
      changed("a text in place of a log's id", "malformed",
              [](Bytes& bytes) { bytes.at(kFirstLog) = 0xD9; }),
      changed("the id of another log", "missing context",
              [](Bytes& bytes) { bytes.at(kFirstLog + 2) ^= 1; }),
      {"a body that is longer than it states",
       [](Scene& scene) {
         Bytes bytes = oplog::compressed(good_pack(scene));
         bytes.at(2 + 4 + 1) -= 1;
         return bytes;
       },
       "malformed"},
  };
}

std::vector<Change> puts(Scene& scene, std::size_t count,
                         const std::vector<oplog::ContextEntry>& context) {
  static const Bytes payload = oplog::put_plain("p1", 1);
  std::vector<Change> out;
  for (; count > 0; --count) out.push_back(scene.log->add(ChangeKind::kSealed, payload, context));
  return out;
}

std::vector<oplog::ContextEntry> made_up(Scene& scene, std::size_t size) {
  std::vector<oplog::ContextEntry> out;
  for (; size > 0; --size)
    out.push_back({scene.mallory.chance.fixed<LogId>(), {{1}, scene.mallory.chance.fixed<Hash>()}});
  return out;
}

std::vector<PackRow> too_much() {
  return {
      {"1,025 changes",
       [](Scene& scene) { return oplog::packed(puts(scene, 1025, {}), {scene.log.get()}); },
       "too large"},
      {"20,480 entries of contexts",
       [](Scene& scene) {
         return oplog::packed(puts(scene, 5, made_up(scene, 4096)), {scene.log.get()});
       },
       "too large"},
      {"a body of more than 2 MiB",
       [](Scene&) {
         Bytes bytes{1, 0};
         bytes.resize(limits::kPackBodyBytesMax + 3, 0xC0);
         return bytes;
       },
       "too large"},
      {"2 MiB of lists in lists",
       [](Scene&) {
         Bytes bytes{1, 0};
         bytes.resize(limits::kPackBodyBytesMax, 0x94);
         return bytes;
       },
       "malformed"},
      {"2 MiB of references",
       [](Scene&) {
         Bytes bytes{1, 0, 0x94, 0x90, 0xDC, 0x60, 0x00};
         for (int i = 0; i < 0x6000; ++i) {
           append(bytes, Bytes{0x93, 0xC4, 32});
           bytes.resize(bytes.size() + 32, 7);
           append(bytes, Bytes{1, 0xC4, 32});
           bytes.resize(bytes.size() + 32, 8);
         }
         append(bytes, Bytes{0x90, 0x90});
         return bytes;
       },
       "malformed"},
  };
}

void check_pack_refused(Scene& scene, const PackRow& row) {
  INFO(row.what);
  const Scene::Link peer = scene.link();
  const Seen before = scene.seen();
  const Head head = scene.log->entry().head;
  const Bytes pack = row.pack(scene);
  scene.log->step_back(head);
  const Watch watch(scene.agent);
  static_cast<void>(say_in_parts(*peer, wire::PackPart{scene.space.id, true, pack}));
  std::optional<wire::ByeCode> bye;
  CHECK(peer->is_closed(&bye));
  CHECK(bye == wire::ByeCode::kRefused);
  CHECK_THAT(scene.last_failure(), Catch::Contains("(" + row.code + ")"));
  CHECK(scene.seen() == before);
  check_costs(scene, watch);
}

}  // namespace

TEST_CASE("bytes that are no pack are refused") {
  Scene scene;
  for (const PackRow& row : bad_bytes()) check_pack_refused(scene, row);
  scene.check_all_is_well();
}

TEST_CASE("a pack beyond a limit is refused, and takes no more memory than one within") {
  Scene scene;
  for (const PackRow& row : too_much()) check_pack_refused(scene, row);
  scene.check_all_is_well();
}

}  // namespace lanyard::hostile
