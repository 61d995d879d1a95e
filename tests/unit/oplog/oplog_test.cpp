#include "tests/unit/oplog/oplog_test.hpp"

#include "replication/types/check.hpp"
#include "replication/types/hlc.hpp"

namespace lanyard::oplog {

const Hasher& hasher() {
  static const crypto::SodiumHasher hasher;
  return hasher;
}

const Verifier& verifier() {
  static const crypto::SodiumVerifier verifier;
  return verifier;
}

Device::Device(std::uint64_t seed)
    : chance(seed), identity(crypto::Identity::make_ephemeral(chance)), keys(identity, chance) {
  LANYARD_CHECK(crypto::init().has_value(), "libsodium starts");
}

Space::Space(Device& founder_device)
    : founder(founder_device),
      founding(founder.chance.fixed<Founding>()),
      id(space_id_of(founder.id(), founding, hasher())),
      epoch(founder.keys.make_epoch()) {}

void share_key(const Space& space, Device& to) {
  const auto grant = space.founder.keys.grant(space.epoch, to.id());
  LANYARD_CHECK(grant && to.keys.take_grant(space.epoch, *grant), "a grant opens");
}

Bytes put_plain(std::string_view key, std::int64_t value) {
  Bytes encoded;
  CanonicalWriter(encoded).integer(value);
  Op op;
  op.kind = OpKind::kPut;
  op.collection = "notes";
  op.key = key;
  op.fields = {{"value", encoded, false}};
  return encode_plain({op});
}

// ---- one log

LogWriter::LogWriter(Device& device, const Space& space, std::uint8_t incarnation)
    : LogWriter(device, space, Incarnation{{incarnation}}) {}

LogWriter::LogWriter(Device& device, const Space& space, const Incarnation& incarnation)
    : device_(device),
      space_(space),
      incarnation_(incarnation),
      log_(log_id_of(device.id(), incarnation, space.id, hasher())) {}

Change LogWriter::open(std::vector<ContextEntry> context, bool is_founder) {
  OpenLog op{space_.id, device_.id(), incarnation_, std::nullopt, std::nullopt};
  if (is_founder) op.founding = space_.founding;
  return add(ChangeKind::kOpen, encode_plain({op}), std::move(context));
}

Change LogWriter::admit(const Device& whom, std::vector<ContextEntry> context) {
  const auto sealed = space_.founder.keys.grant(space_.epoch, whom.id());
  LANYARD_CHECK(sealed.has_value(), "a grant can be made");
  Admit op;
  op.device = whom.id();
  op.grants = {{space_.epoch, *sealed}};
  return add(ChangeKind::kOpen, encode_plain({op}), std::move(context));
}

Change LogWriter::put(std::string_view key, std::vector<ContextEntry> context) {
  return add(ChangeKind::kSealed, put_plain(key, 1), std::move(context));
}

Change LogWriter::add(ChangeKind kind, Bytes plain, std::vector<ContextEntry> context,
                      const Spoil& spoil) {
  std::sort(context.begin(), context.end());
  Change change;
  Header& header = change.header;
  header.kind = kind;
  header.log = log_;
  header.seq = head_.seq.next();
  header.prev = head_.hash;
  header.timestamp = last_ = {last_.value + 1};
  header.context = std::move(context);
  if (kind == ChangeKind::kSealed) header.epoch = space_.epoch;
  if (spoil) spoil(header);
  change.payload = payloads_.emplace_back(std::move(plain));
  Bytes scratch;
  const Status hashed = hash_plain(header, change.payload, space_.founder.keys, hasher(), scratch);
  LANYARD_CHECK(hashed.has_value(), "the founder holds the key");
  change.hash = change_hash(header, hasher(), scratch);
  if (kind == ChangeKind::kOpen) change.signature = sign(change);
  head_ = {header.seq, change.hash};
  return change;
}

Signature LogWriter::sign(const Change& change) const {
  return device_.identity.sign(signed_message(change.hash));
}

Bytes packed(const std::vector<Change>& changes, const std::vector<const LogWriter*>& writers,
             bool compress) {
  RunSignatures signatures;
  for (const Change& change : changes) {
    for (const LogWriter* writer : writers) {
      if (writer->log() == change.header.log) signatures[change.header.log] = writer->sign(change);
    }
  }
  return write_pack(changes, signatures, compress);
}

// ---- histories

namespace {

std::vector<std::unique_ptr<Device>> some_devices(support::Chance& chance) {
  std::vector<std::unique_ptr<Device>> out;
  for (int i = 0; i < 4; ++i) out.push_back(std::make_unique<Device>(chance.next()));
  return out;
}

}  // namespace

History::History(std::uint64_t seed, std::size_t size)
    : chance(seed), devices(some_devices(chance)), space(*devices[0]) {
  begin();
  while (changes.size() < size) step();
}

/// The founder opens the space and admits everybody, then each opens a log.
void History::begin() {
  for (const auto& device : devices) logs.emplace_back(*device, space);
  cited_.resize(devices.size());
  take(0, logs[0].open({}, true));
  for (const auto& device : devices) take(0, logs[0].admit(*device));
  for (std::size_t i = 1; i < devices.size(); ++i) take(i, logs[i].open(news_for(i)));
}

void History::step() {
  const std::size_t author = chance.below(devices.size());
  auto news = chance.one_in(3) ? news_for(author) : std::vector<ContextEntry>();
  if (chance.one_in(10)) return take(author, logs[author].admit(*devices[1], std::move(news)));
  Change change = logs[author].put("key" + std::to_string(chance.below(100)), std::move(news));
  change_form(change);
  take(author, std::move(change));
}

void History::take(std::size_t author, Change change) {
  signatures[change.dot()] = logs[author].sign(change);
  changes.push_back(std::move(change));
}

/// As it lies at a keeper, or after it was erased.
void History::change_form(Change& change) {
  const std::size_t form = chance.below(6);
  if (form == 0) {
    change.form = PayloadForm::kErased;
    change.payload = {};
  } else if (form == 1) {
    Bytes& sealed = sealed_.emplace_back();
    const Status done = space.founder.keys.seal(space.epoch, change.header.log, change.header.seq,
                                                change.payload, sealed);
    LANYARD_CHECK(done.has_value(), "the founder holds the key");
    change.form = PayloadForm::kSealed;
    change.payload = sealed;
  }
}

/// What an author has learned since it last cited: everything there is.
std::vector<ContextEntry> History::news_for(std::size_t author) {
  std::vector<ContextEntry> news;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    const ContextEntry entry = logs[i].entry();
    if (i == author || entry.head.seq.value == 0) continue;
    Head& cited = cited_[author][entry.log];
    if (cited != entry.head) news.push_back(entry);
    cited = entry.head;
  }
  return news;
}

RunSignatures History::signatures_of(std::span<const Change> slice) const {
  RunSignatures out;
  for (const Change& change : slice) out[change.header.log] = signatures.at(change.dot());
  return out;
}

// ---- comparing

std::vector<WholeChange> whole(std::span<const Change> changes) {
  std::vector<WholeChange> out;
  for (const Change& change : changes) {
    Bytes header;
    encode(change.header, header);
    out.push_back({header, change.hash, change.form, to_bytes(change.payload), change.signature});
  }
  return out;
}

bool same(const SpaceLog& left, const SpaceLog& right) {
  return left.space == right.space && left.founder == right.founder && left.logs == right.logs &&
         left.admissions == right.admissions && left.branches == right.branches &&
         left.told == right.told;
}

}  // namespace lanyard::oplog
