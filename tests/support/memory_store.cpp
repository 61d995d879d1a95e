#include "tests/support/memory_store.hpp"

#include <algorithm>

#include "replication/engine/live_run.hpp"
#include "replication/types/check.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::support {

using oplog::Change;

MemoryStore::MemoryStore(const SpaceId& space, const StorePorts& ports, StoreFaults faults)
    : space_(space), ports_(ports), faults_(faults) {
  ports_.rng.fill(incarnations_.emplace_back().incarnation.bytes);
  open({});
  write_mark();
}

// ---- opening

void MemoryStore::open(WallTime wall) {
  table_ = {};
  log_ = {space_, {}, {}, {}, {}, {}};
  cipher_ = ports_.ciphers.make();
  for (const auto& [epoch, sealed] : grants_ahead_)
    static_cast<void>(cipher_->take_grant(epoch, sealed));
  for (const auto& [log, fork] : proven_)
    log_.tell_fork(log, {fork.device, fork.first, fork.second});
  merge::Merger::Options options;
  options.bug = faults_.bug;
  merger_ = std::make_unique<merge::Merger>(table_, ports_.hasher, std::vector<merge::MergedLog>{},
                                            options);
  hashes_.clear();
  author_.reset();
  for (const Entry& entry : entries_) {
    for (const Change& change : *entry.changes) {
      static_cast<void>(merger_->take(change, *cipher_));
      take_in(change, wall);
    }
    LANYARD_CHECK(merger_->flush().has_value(), "a map does not fail");
  }
  restore_author(wall);
}

/// Everything but the tables: clock, members, keys, hashes.
void MemoryStore::take_in(const Change& change, WallTime wall) {
  LANYARD_CHECK(log_.advance(change, ports_.hasher).has_value(), "what was accepted fits");
  const auto number = merger_->logs().find(change.header.log);
  hashes_[{*number, change.header.seq.value}] = change.hash;
  if (author_) author_->saw(change.header.timestamp, wall);
  for (const oplog::Admit& admit : oplog::admits_in(change)) {
    if (admit.device != ports_.signer.device()) continue;
    for (const oplog::Grant& grant : admit.grants) {
      if (cipher_->take_grant(grant.epoch, grant.sealed) && author_) author_->use(grant.epoch);
    }
  }
}

/// What a real store keeps in a row of its own.
void MemoryStore::restore_author(WallTime wall) {
  oplog::AuthorState state;
  state.incarnation = incarnations_.back().incarnation;
  const LogId own = log_of(state.incarnation);
  for (const Started& each : incarnations_) {
    const Head head = log_.head_of(log_of(each.incarnation));
    if (&each != &incarnations_.back() && head.seq.value > 0)
      state.previous = oplog::ContextEntry{log_of(each.incarnation), head};
  }
  for (const Entry& entry : entries_) {
    for (const Change& change : *entry.changes) {
      if (change.header.log != own) continue;
      state.log = own;
      state.head = {change.header.seq, change.hash};
      state.last = change.header.timestamp;
      for (const oplog::ContextEntry& cited : change.header.context)
        state.cited[cited.log] = cited.head;
    }
  }
  for (const auto& [epoch, sealed] : grants_in_log()) state.epoch = epoch;
  author_ = std::make_unique<oplog::Author>(space_, ports_.signer, ports_.hasher, *cipher_, state);
  for (const Entry& entry : entries_) {
    for (const Change& change : *entry.changes) author_->saw(change.header.timestamp, wall);
  }
}

void MemoryStore::power_cut(WallTime wall) {
  entries_.resize(durable_entries_);
  std::erase_if(incarnations_,
                [this](const Started& each) { return each.entries > durable_entries_; });
  open(wall);
  look_at_mark();
}

// ---- whether our log goes on

LogId MemoryStore::log_of(const Incarnation& incarnation) const {
  return oplog::log_id_of(ports_.signer.device(), incarnation, space_, ports_.hasher);
}

bool MemoryStore::fits(const Mark& mark) const {
  if (mark.log != log_of(incarnations_.back().incarnation)) return false;
  if (mark.head.seq.value == 0) return true;
  const auto is_it = [&](const Change& change) {
    return change.header.log == mark.log && change.header.seq == mark.head.seq &&
           change.hash == mark.head.hash;
  };
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return std::any_of(entry.changes->begin(), entry.changes->end(), is_it);
  });
}

void MemoryStore::write_mark() {
  const LogId log = log_of(incarnations_.back().incarnation);
  mark_ = Mark{log, log_.head_of(log)};
}

std::optional<LogId> MemoryStore::own_log() const {
  return is_proven_ ? author_->state().log : std::nullopt;
}

void MemoryStore::start_incarnation() {
  if (author_->state().log) incarnations_.emplace_back();
  ports_.rng.fill(incarnations_.back().incarnation.bytes);
  incarnations_.back().entries = entries_.size();
  is_proven_ = true;
  restore_author({});
  write_mark();
}

void MemoryStore::look_at_mark() { is_proven_ = faults_.ignore_mark || (mark_ && fits(*mark_)); }

void MemoryStore::restore(Copy copy, MarkAfter mark, WallTime wall) {
  entries_ = std::move(copy.entries);
  incarnations_ = std::move(copy.incarnations);
  if (mark == MarkAfter::kOfTheCopy) mark_ = copy.mark;
  if (mark == MarkAfter::kNone) mark_.reset();
  open(wall);
  make_durable();
  look_at_mark();
}

void MemoryStore::make_durable() {
  durable_entries_ = entries_.size();
  durable_ = log_.clock();
}

merge::HashOf MemoryStore::hashes() const {
  return [this](const merge::LocalDot& dot) { return hashes_.at(dot); };
}

// ---- writing

/// One run, or several where one is full: numbered, merged, signed, stored, synced.
template <class Write>
MemoryStore::WriteOutcome MemoryStore::in_run(WallTime wall, Write write) {
  WriteOutcome outcome;
  if (!is_proven_) start_incarnation();
  author_->begin(log_.clock(), wall, log_.admitting(ports_.signer.device()));
  const auto next_run = [&]() -> Status {
    end_run(outcome);
    author_->begin(log_.clock(), wall, log_.admitting(ports_.signer.device()));
    return {};
  };
  const auto take = [&](const Change& change) { return merger_->take(change, *cipher_); };
  merge::LocalWriter writer(*merger_, table_, *author_, ports_.hasher, hashes(), take, next_run);
  write(writer, outcome);
  if (author_->changes().empty()) {
    author_->abort();
  } else {
    end_run(outcome);
  }
  return outcome;
}

void MemoryStore::end_run(WriteOutcome& outcome) {
  const Bytes bytes = author_->finish();
  auto read = oplog::read_pack(bytes, *cipher_, ports_.hasher);
  LANYARD_CHECK(read.has_value(), "we read what we wrote");
  const auto pack = std::make_shared<const oplog::Pack>(std::move(*read));
  author_->commit();
  for (const Change& change : pack->changes) take_in(change, {});
  const Signature signature = pack->logs.front().signature;
  entries_.push_back({pack, &pack->changes, {{pack->logs.front().log, signature}}});
  if (!faults_.skip_fsync) make_durable();
  write_mark();

  engine::Committed& committed = outcome.runs.emplace_back();
  committed.space = space_;
  committed.run = engine::make_live_run(space_, pack->changes, signature);
  committed.changes = pack->changes;
  committed.is_large = pack->payload_bytes() > limits::kLiveRunBytesMax;
  for (std::size_t i = 0; i < committed.changes.size(); ++i) {
    auto& item = committed.run.items[i];
    if (committed.is_large && item.kind == oplog::ChangeKind::kSealed) item.payload = {};
    committed.changes[i].payload = item.payload;
  }
}

MemoryStore::WriteOutcome MemoryStore::found(const oplog::Founding& founding, WallTime wall) {
  const auto epoch = cipher_->make_epoch();
  const auto sealed = cipher_->grant(epoch, ports_.signer.device());
  return in_run(wall, [&](merge::LocalWriter& writer, WriteOutcome&) {
    const auto opened = author_->next_dot(founding);
    const auto admitted =
        writer.write_open({oplog::Admit{ports_.signer.device(), 1, {{epoch, *sealed}}}});
    LANYARD_CHECK(opened && admitted, "a space is founded by two open changes");
  });
}

MemoryStore::WriteOutcome MemoryStore::admit(const DeviceId& device, WallTime wall) {
  const EpochId epoch = author_->state().epoch;
  const auto sealed = cipher_->grant(epoch, device);
  LANYARD_CHECK(sealed.has_value(), "who admits holds the key");
  return in_run(wall, [&](merge::LocalWriter& writer, WriteOutcome&) {
    const auto admitted = writer.write_open({oplog::Admit{device, 1, {{epoch, *sealed}}}});
    LANYARD_CHECK(admitted.has_value(), "an admit is written");
  });
}

MemoryStore::WriteOutcome MemoryStore::write(const std::vector<merge::LocalChange>& changes,
                                             WallTime wall) {
  return in_run(wall, [&](merge::LocalWriter& writer, WriteOutcome& outcome) {
    for (const merge::LocalChange& change : changes) {
      auto written = writer.write(change);
      const bool harmless = written || !merge::LocalWriter::is_fatal(written.error());
      LANYARD_CHECK(harmless, "a map does not fail");
      outcome.answers.push_back(std::move(written));
    }
    LANYARD_CHECK(writer.merge_added().has_value(), "a map does not fail");
  });
}

MemoryStore::WriteOutcome MemoryStore::write_unknown(WallTime wall) {
  // [99, "of a newer version"]
  Bytes plain{0, 0x91, 0x92, 0x63, 0xB2};
  append(plain, as_bytes("of a newer version"));
  return in_run(wall, [&](merge::LocalWriter&, WriteOutcome&) {
    LANYARD_CHECK(author_->add(plain).has_value(), "any bytes can be a payload");
    for (const Change& change : author_->changes())
      LANYARD_CHECK(merger_->take(change, *cipher_).has_value(), "a map does not fail");
    LANYARD_CHECK(merger_->flush().has_value(), "a map does not fail");
  });
}

void MemoryStore::apply(std::shared_ptr<const oplog::Accepted> accepted, WallTime wall) {
  bool own = false;
  for (const Change& change : accepted->pack.changes) {
    LANYARD_CHECK(merger_->take(change, *cipher_).has_value(), "a map does not fail");
    take_in(change, wall);
    own = own || change.header.log == log_of(incarnations_.back().incarnation);
  }
  LANYARD_CHECK(merger_->flush().has_value(), "a map does not fail");
  oplog::RunSignatures signatures;
  for (const oplog::PackLog& log : accepted->pack.logs) signatures[log.log] = log.signature;
  const auto* changes = &accepted->pack.changes;
  entries_.push_back({std::move(accepted), changes, std::move(signatures)});
  // It went on without us: we leave it.
  if (own) {
    restore_author(wall);
    start_incarnation();
  }
}

// ---- reading the log

MemoryStore::Slice MemoryStore::read_log(std::uint64_t position, const VectorClock& held,
                                         std::size_t bytes_max) const {
  Slice slice{{}, position, false};
  std::vector<Change> changes;
  oplog::RunSignatures signatures;
  std::size_t bytes = 0;
  const auto end_pack = [&] {
    if (!changes.empty()) slice.packs.push_back(oplog::write_pack(changes, signatures, false));
    changes.clear();
    signatures.clear();
    bytes = 0;
  };
  std::size_t all = 0;
  for (; slice.next < entries_.size() && all < bytes_max; ++slice.next) {
    const Entry& entry = entries_[slice.next];
    std::vector<Change> fresh;
    for (const Change& change : *entry.changes) {
      if (change.header.seq > seq_in(held, change.header.log)) fresh.push_back(change);
    }
    std::size_t size = 0;
    for (const Change& change : fresh) size += change.payload.size() + 200;
    if (changes.size() + fresh.size() > limits::kPackChangesMax ||
        bytes + size > limits::kPackPlainBytesMax)
      end_pack();
    bytes += size;
    all += size;
    for (const Change& change : fresh)
      signatures[change.header.log] = entry.signatures.at(change.header.log);
    changes.insert(changes.end(), fresh.begin(), fresh.end());
  }
  end_pack();
  slice.at_end = slice.next == entries_.size();
  return slice;
}

std::optional<wire::Grant> MemoryStore::grant_for(const DeviceId& device) const {
  std::optional<wire::Grant> out;
  std::map<LogId, oplog::OpenLog> openings;
  for (const Entry& entry : entries_) {
    for (const Change& change : *entry.changes) {
      if (change.header.kind != oplog::ChangeKind::kOpen) continue;
      const auto ops = oplog::read_open(change.payload);
      for (const oplog::OpenOp& op : ops ? *ops : std::vector<oplog::OpenOp>{}) {
        if (const auto* opened = std::get_if<oplog::OpenLog>(&op))
          openings[change.header.log] = *opened;
        const auto* admit = std::get_if<oplog::Admit>(&op);
        if (admit == nullptr || admit->device != device) continue;
        const oplog::OpenLog& author = openings.at(change.header.log);
        out = wire::Grant{
            space_,          author.device, author.incarnation, {}, to_bytes(change.payload),
            change.signature};
        oplog::encode(change.header, out->header);
      }
    }
  }
  return out ? out : grant_in_fork(device);
}

void MemoryStore::keep_grant(const EpochId& epoch, Bytes sealed) {
  static_cast<void>(cipher_->take_grant(epoch, sealed));
  grants_ahead_.emplace_back(epoch, std::move(sealed));
}

std::vector<std::pair<EpochId, Bytes>> MemoryStore::own_grants() const {
  std::vector<std::pair<EpochId, Bytes>> out = grants_ahead_;
  for (auto& each : grants_in_log()) out.push_back(std::move(each));
  return out;
}

std::vector<std::pair<EpochId, Bytes>> MemoryStore::grants_in_log() const {
  std::vector<std::pair<EpochId, Bytes>> out;
  for (const Entry& entry : entries_) {
    for (const Change& change : *entry.changes) {
      if (change.header.kind != oplog::ChangeKind::kOpen) continue;
      const auto ops = oplog::read_open(change.payload);
      for (const oplog::OpenOp& op : ops ? *ops : std::vector<oplog::OpenOp>{}) {
        const auto* admit = std::get_if<oplog::Admit>(&op);
        if (admit == nullptr || admit->device != ports_.signer.device()) continue;
        for (const oplog::Grant& grant : admit->grants)
          out.emplace_back(grant.epoch, to_bytes(grant.sealed));
      }
    }
  }
  return out;
}

}  // namespace lanyard::support
