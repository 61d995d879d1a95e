// How fast a store takes in history that others wrote: the part of an initial sync that one core
// does. Prints a JSON line for each run (peer, scenario, n, seconds, records_per_s,
// disk_bytes), so that runs of other programs on the same corpus can stand beside it.
//
//   bench_apply CORPUS.bin N FOLDER [OPS_PER_CHANGE]
//
// CORPUS.bin is what limits.mjs writes: chats and messages as length-prefixed fields.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "crypto/identity.hpp"
#include "crypto/sodium.hpp"
#include "crypto/space_keys.hpp"
#include "replication/types/canonical.hpp"
#include "replication/types/limits.hpp"
#include "storage/store.hpp"

namespace lanyard {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().detail.c_str());
  std::exit(1);
}
void must(const Status& status) {
  if (status) return;
  std::fprintf(stderr, "%s\n", status.error().detail.c_str());
  std::exit(1);
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Bytes text(std::string_view value) {
  Bytes out;
  CanonicalWriter(out).text(value);
  return out;
}
Bytes integer(std::int64_t value) {
  Bytes out;
  CanonicalWriter(out).integer(value);
  return out;
}
Bytes boolean(bool value) {
  Bytes out;
  CanonicalWriter(out).boolean(value);
  return out;
}

struct Corpus {
  std::vector<storage::LocalOp> ops;
  std::uint64_t json_bytes = 0;
};

template <class T>
T take(const char*& at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  at += sizeof value;
  return value;
}

/// The record format of limits.mjs.
Corpus read_corpus(const fs::path& file, std::size_t messages) {
  std::ifstream in(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  Corpus out;
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  for (std::size_t seen = 0; at < end;) {
    const bool chat = take<std::uint8_t>(at) != 0;
    if (seen == messages) break;
    seen += chat ? 0 : 1;
    out.json_bytes += take<std::uint32_t>(at);
    const auto stamp = take<std::int64_t>(at);
    const auto position = take<std::int64_t>(at);
    std::string_view field[4];
    for (std::string_view& each : field) {
      const auto size = take<std::uint32_t>(at);
      each = {at, size};
      at += size;
    }
    storage::LocalOp& op = out.ops.emplace_back();
    op.collection = chat ? "chats" : "messages";
    op.key = field[0];
    op.fields.emplace_back("id", text(field[0]));
    op.fields.emplace_back(chat ? "title" : "chat_id", text(field[1]));
    op.fields.emplace_back(chat ? "model" : "role", text(field[2]));
    if (!chat) op.fields.emplace_back("content", text(field[3]));
    op.fields.emplace_back(chat ? "updatedAt" : "timestamp", integer(stamp));
    op.fields.emplace_back(chat ? "isStarred" : "position",
                           chat ? boolean(position != 0) : integer(position));
  }
  return out;
}

/// A device with real crypto.
struct Device {
  crypto::SystemRng rng;
  crypto::Identity identity = crypto::Identity::make_ephemeral(rng);
  crypto::SodiumHasher hasher;
  crypto::SodiumVerifier verifier;
  crypto::SpaceKeysFactory ciphers{identity, rng};
  storage::Ports ports{identity, hasher, ciphers, rng, verifier};
  std::unique_ptr<storage::SpaceStore> store;

  void open(const fs::path& file, const SpaceId& space) {
    for (const char* ending : {"", "-wal", "-shm"}) fs::remove(file.string() + ending);
    storage::SpaceStore::Options options;
    options.cache_kib = 64 * 1024;
    store = must(storage::SpaceStore::open(file, space, ports, options));
  }
};

void report(const char* scenario, std::size_t records, double seconds, double disk,
            std::uint64_t json_bytes) {
  std::printf(
      "{\"peer\":\"lanyard-store\",\"scenario\":\"%s\",\"n\":%zu,\"seconds\":%.4f,"
      "\"records_per_s\":%.0f,\"disk_bytes\":%.0f,\"disk_share_of_json\":%.3f}\n",
      scenario, records, seconds, static_cast<double>(records) / seconds, disk,
      disk / static_cast<double>(json_bytes));
  std::fflush(stdout);
}

constexpr WallTime kWall{1'700'000'000'000};

std::vector<Bytes> write_history(Device& author, const Corpus& corpus, std::size_t ops_per_change) {
  const auto start = Clock::now();
  for (std::size_t at = 0; at < corpus.ops.size();) {
    std::vector<storage::LocalChange> changes;
    for (std::size_t ops = 0; ops < limits::kBulkChangeOps && at < corpus.ops.size();) {
      const std::size_t count = std::min(ops_per_change, corpus.ops.size() - at);
      const auto from = corpus.ops.begin() + static_cast<std::ptrdiff_t>(at);
      changes.push_back({{from, from + static_cast<std::ptrdiff_t>(count)}});
      at += count;
      ops += count;
    }
    for (const auto& answer : author.store->write(changes, kWall).answers) must(answer);
  }
  report("local-write-durable", corpus.ops.size(), seconds_since(start), 0, corpus.json_bytes);
  while (must(author.store->tidy())) {
  }
  return must(author.store->read_log(0, {}, SIZE_MAX, false)).packs;
}

void take_history(Device& device, const std::vector<Bytes>& packs, const Corpus& corpus,
                  const fs::path& file) {
  const storage::SpaceState state = device.store->state();
  auto cipher = device.ciphers.make();
  for (const auto& [epoch, sealed] : state.grants) must(cipher->take_grant(epoch, sealed));
  oplog::Intake intake(device.identity.device(), state.log, *cipher, device.hasher,
                       device.verifier);
  double proving = 0;
  double merging = 0;
  std::uint64_t wire = 0;
  for (std::size_t at = 0; at < packs.size();) {
    auto start = Clock::now();
    std::vector<oplog::Accepted> accepted;
    std::vector<const oplog::Accepted*> batch;
    for (std::size_t bytes = 0; at < packs.size() && bytes < 8 * limits::kMiB; ++at) {
      wire += packs[at].size();
      accepted.push_back(must(intake.accept(packs[at])));
      bytes += accepted.back().pack.payload_bytes();
    }
    batch.reserve(accepted.size());
    for (const oplog::Accepted& one : accepted) batch.push_back(&one);
    proving += seconds_since(start);
    start = Clock::now();
    must(device.store->apply(batch, kWall));
    merging += seconds_since(start);
  }
  const auto start = Clock::now();
  must(device.store->checkpoint());
  merging += seconds_since(start);
  const auto disk = static_cast<double>(fs::file_size(file));
  report("prove", corpus.ops.size(), proving, static_cast<double>(wire), corpus.json_bytes);
  report("merge-and-insert", corpus.ops.size(), merging, disk, corpus.json_bytes);
}

int run(int count, char** arguments) {
  if (count < 4 || !crypto::init()) return 2;
  const Corpus corpus = read_corpus(arguments[1], std::strtoull(arguments[2], nullptr, 10));
  const fs::path folder = arguments[3];
  fs::create_directories(folder);
  const std::size_t ops_per_change = count > 4 ? std::strtoull(arguments[4], nullptr, 10) : 1000;
  Device author;
  Device reader;
  const oplog::Founding founding{};
  const SpaceId space = oplog::space_id_of(author.identity.device(), founding, author.hasher);
  author.open(folder / "author.db", space);
  must(author.store->found(founding, kWall));
  must(author.store->admit(reader.identity.device(), kWall));
  const std::vector<Bytes> packs = write_history(author, corpus, ops_per_change);
  for (int i = 0; i < 3; ++i) {
    reader.open(folder / "reader.db", space);
    const storage::SignedGrant grant = must(author.store->grant_for(reader.identity.device()));
    const auto ops = oplog::read_open(grant.payload);
    for (const oplog::Grant& each : std::get<oplog::Admit>(ops->front()).grants)
      must(reader.store->keep_grant(each.epoch, each.sealed));
    take_history(reader, packs, corpus, folder / "reader.db");
  }
  const auto start = Clock::now();
  const bool equal = must(author.store->state_hash()) == must(reader.store->state_hash());
  report(equal ? "state-hash-twice" : "STATES-DIFFER", corpus.ops.size(), seconds_since(start), 0,
         corpus.json_bytes);
  return equal ? 0 : 1;
}

}  // namespace
}  // namespace lanyard

int main(int count, char** arguments) { return lanyard::run(count, arguments); }
