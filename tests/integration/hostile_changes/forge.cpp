#include "tests/integration/hostile_changes/forge.hpp"

#include "replication/engine/live_run.hpp"
#include "replication/types/check.hpp"

namespace lanyard::hostile {
namespace {

oplog::Space space_known_as(oplog::Device& mallory, const SpaceId& id, const EpochId& epoch) {
  oplog::Space out(mallory);
  out.id = id;
  out.epoch = epoch;
  return out;
}

oplog::Admit admit_of(oplog::Device& mallory, const EpochId& epoch, const DeviceId& whom,
                      Bytes& key) {
  const auto sealed = mallory.keys.grant(epoch, whom);
  LANYARD_CHECK(sealed.has_value(), "the key of a space that she is in");
  key = *sealed;
  oplog::Admit out;
  out.device = whom;
  out.grants = {{epoch, key}};
  return out;
}

std::size_t signed_bytes_of(const oplog::Change& change) {
  Bytes header;
  encode(change.header, header);
  const bool open = change.header.kind == oplog::ChangeKind::kOpen;
  return header.size() + change.header.payload_size + (open ? sizeof(Signature) : 0);
}

}  // namespace

Forge::Forge(support::Chance& some_chance, oplog::Device& device, const SpaceId& space,
             const EpochId& epoch, const VectorClock& origin, std::size_t scale)
    : chance(some_chance),
      mallory(device),
      space_(space_known_as(device, space, epoch)),
      scale_(scale) {
  for (const auto& [log, head] : origin) origin_.push_back({log, head});
}

std::size_t Forge::many(std::size_t count) {
  const std::size_t most = std::max<std::size_t>(count * scale_, 2);
  return most / 2 + chance.below(most / 2 + 1);
}

// ---- logs

oplog::LogWriter& Forge::main() { return logs_.empty() ? open_log() : logs_.front(); }

oplog::LogWriter& Forge::open_log(Context more) {
  oplog::LogWriter& log = logs_.emplace_back(mallory, space_, chance.fixed<Incarnation>());
  Context context = origin_;
  for (const oplog::ContextEntry& entry : more)
    if (std::none_of(origin_.begin(), origin_.end(),
                     [&](const auto& each) { return each.log == entry.log; }))
      context.push_back(entry);
  const oplog::OpenLog opening{space_.id, mallory.id(), log.incarnation(), {}, {}};
  ++made_.logs;
  append(log, oplog::ChangeKind::kOpen, oplog::encode_plain({opening}), std::move(context));
  return log;
}

Forge::Context Forge::heads(std::size_t count, const oplog::LogWriter& but) {
  Context out;
  const std::size_t wanted = std::min({count, logs_.size(), limits::kContextEntriesMax});
  const std::size_t from = chance.below(logs_.size());
  for (std::size_t i = 0; i < logs_.size() && out.size() < wanted; ++i) {
    const oplog::LogWriter& log = logs_[(from + i) % logs_.size()];
    if (&log != &but) out.push_back(log.entry());
  }
  return out;
}

// ---- changes

void Forge::count(const oplog::Change& change) {
  ++made_.changes;
  made_.signed_bytes += signed_bytes_of(change);
}

bool Forge::fits(std::size_t payload, std::size_t entries) const {
  payload += waiting_payload_;
  entries += waiting_entries_;
  return waiting_.size() < limits::kPackChangesMax && entries <= limits::kPackContextEntriesMax &&
         payload <= limits::kPackPlainBytesMax &&
         payload + limits::kPackEntryBytes * entries <= limits::kJoinedBytesMax;
}

void Forge::append(oplog::LogWriter& log, oplog::ChangeKind kind, Bytes plain, Context context,
                   const oplog::LogWriter::Spoil& spoil) {
  if (!fits(plain.size(), context.size())) pack_up();
  const oplog::Change change = log.add(kind, std::move(plain), std::move(context), spoil);
  waiting_.push_back(change);
  waiting_payload_ += change.payload.size();
  waiting_entries_ += change.header.context.size();
  count(change);
  writers_[log.log()] = &log;
  clock_[log.log()] = log.entry().head;
}

void Forge::write(oplog::LogWriter& log, Bytes plain, Context context,
                  const oplog::LogWriter::Spoil& spoil) {
  append(log, oplog::ChangeKind::kSealed, std::move(plain), std::move(context), spoil);
}

void Forge::admit(oplog::LogWriter& log, const std::vector<oplog::OpenOp>& ops,
                  std::size_t new_members) {
  append(log, oplog::ChangeKind::kOpen, oplog::encode_plain(ops), {});
  made_.members += new_members;
}

void Forge::say_live(oplog::LogWriter& log, const Ops& ops, Context context) {
  pack_up();
  const oplog::Change change = log.add(oplog::ChangeKind::kSealed, ops.plain(), std::move(context));
  count(change);
  made_.signed_bytes += sizeof(Signature);
  messages_.push_back(engine::make_live_run(space_.id, {&change, 1}, log.sign(change)));
  clock_[log.log()] = log.entry().head;
  log.forget_payloads();
}

void Forge::say(wire::Message message, std::size_t bytes) {
  pack_up();
  made_.signed_bytes += bytes;
  messages_.push_back(std::move(message));
}

void Forge::pack_up() {
  if (waiting_.empty()) return;
  oplog::RunSignatures signatures;
  for (const oplog::Change& change : waiting_) {
    const oplog::LogWriter& log = *writers_.at(change.header.log);
    if (change.hash == log.entry().head.hash) signatures[change.header.log] = log.sign(change);
  }
  made_.signed_bytes += signatures.size() * sizeof(Signature);
  packs_.push_back(oplog::write_pack(waiting_, signatures, !chance.one_in(4)));
  waiting_.clear();
  waiting_payload_ = waiting_entries_ = 0;
  for (const auto& [id, log] : writers_) log->forget_payloads();
  writers_.clear();
}

std::vector<Bytes> Forge::take_packs() {
  pack_up();
  return std::exchange(packs_, {});
}

// ---- forks and spaces

Bytes Forge::branch(oplog::LogWriter& log, std::size_t changes, std::size_t bytes) {
  std::vector<oplog::Change> made;
  while (made.size() < changes) {
    Ops ops;
    oplog::Op put = op_of(oplog::OpKind::kPut, "forked", "b");
    const Bytes value = text_value(letters(chance, bytes));
    put.fields.push_back({"t", value, false});
    ops.add(put);
    made.push_back(log.add(oplog::ChangeKind::kSealed, ops.plain()));
    count(made.back());
  }
  made_.signed_bytes += sizeof(Signature);
  auto packed = oplog::pack_branch(made, log.sign(made.back()));
  LANYARD_CHECK(packed.has_value(), "a branch without contexts is short enough");
  return std::move(*packed);
}

void Forge::fork(std::size_t first, std::size_t second, std::size_t payload_bytes) {
  oplog::LogWriter& log = open_log();
  pack_up();
  const Head head = log.entry().head;
  wire::Fork fork{space_.id, mallory.id(), log.incarnation(), {}, {}};
  const auto first_hash = [&](ByteView pack) {
    const auto read = oplog::read_pack(pack, mallory.keys, oplog::hasher());
    LANYARD_CHECK(read.has_value(), "what she packed");
    return read->changes.front().hash;
  };
  fork.first = branch(log, first, payload_bytes);
  log.step_back(head);
  fork.second = branch(log, second, payload_bytes);
  // Of what comes behind, members hold the one or the other: nothing that is valid names it.
  log.step_back(head);
  clock_[log.log()] = head;
  log.forget_payloads();
  if (first_hash(fork.second) < first_hash(fork.first)) std::swap(fork.first, fork.second);
  messages_.push_back(std::move(fork));
}

void Forge::found_space(const DeviceId& agent) {
  const oplog::Space space(mallory);
  oplog::LogWriter log(mallory, space, chance.fixed<Incarnation>());
  Bytes key;
  std::vector<oplog::Change> changes{log.open({}, true)};
  const oplog::Admit admit = admit_of(mallory, space.epoch, agent, key);
  changes.push_back(log.add(oplog::ChangeKind::kOpen, oplog::encode_plain({admit})));
  for (const oplog::Change& change : changes) made_.signed_bytes += signed_bytes_of(change);
  ++made_.spaces;
  founded_.push_back(
      {space.id, {{log.log(), log.entry().head}}, oplog::packed(changes, {&log}, true)});
}

// ---- parts of changes

std::string letters(support::Chance& chance, std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; i += 8) {
    std::uint64_t bits = chance.next();
    for (std::size_t k = i; k < std::min(i + 8, size); ++k, bits >>= 8)
      text[k] = static_cast<char>('0' + bits % 64);
  }
  return text;
}

Bytes text_value(std::string_view text) {
  Bytes out;
  CanonicalWriter(out).text(text);
  return out;
}

Bytes integer_value(std::int64_t number) {
  Bytes out;
  CanonicalWriter(out).integer(number);
  return out;
}

oplog::Op op_of(oplog::OpKind kind, std::string_view collection, std::string_view key) {
  oplog::Op op;
  op.kind = kind;
  op.collection = collection;
  op.key = key;
  return op;
}

void add_put_of(Ops& ops, std::size_t bytes, std::string_view key, std::string_view field,
                std::string_view collection, std::string_view letters) {
  constexpr std::size_t kLongText = 0x10000;  // from here on its length takes four bytes
  const auto encoded = [&](std::size_t size) {
    const Bytes value = text_value(letters.substr(0, size));
    oplog::Op put = op_of(oplog::OpKind::kPut, collection, key);
    put.fields.push_back({field, value, false});
    Bytes out;
    oplog::encode(put, out);
    return out;
  };
  const std::size_t around = encoded(kLongText).size() - kLongText;
  LANYARD_CHECK(bytes >= kLongText + around && letters.size() >= bytes, "long enough");
  ops.add_raw(encoded(bytes - around));
}

std::vector<Maker> makers() {
  std::vector<Maker> out;
  for (const auto& part :
       {makers_of_edits(), makers_of_large_ones(), makers_of_logs(), makers_beside_changes()})
    out.insert(out.end(), part.begin(), part.end());
  return out;
}

}  // namespace lanyard::hostile
