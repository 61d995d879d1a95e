#include "replication/oplog/open_op.hpp"

#include "replication/types/canonical.hpp"

namespace lanyard::oplog {
namespace {

void write(CanonicalWriter& out, const OpenLog& op) {
  out.array(6);
  out.natural(static_cast<std::uint64_t>(OpKind::kOpenLog));
  out.binary(op.space.view());
  out.binary(op.device.view());
  out.binary(op.incarnation.view());
  if (op.previous) {
    out.array(3);
    out.binary(op.previous->log.view());
    out.natural(op.previous->head.seq.value);
    out.binary(op.previous->head.hash.view());
  } else {
    out.nil();
  }
  if (op.founding) {
    out.binary(op.founding->view());
  } else {
    out.nil();
  }
}

void write(CanonicalWriter& out, const Admit& op) {
  out.array(4);
  out.natural(static_cast<std::uint64_t>(OpKind::kAdmit));
  out.binary(op.device.view());
  out.natural(op.role);
  out.array(op.grants.size());
  for (const Grant& grant : op.grants) {
    out.array(2);
    out.binary(grant.epoch.view());
    out.binary(grant.sealed);
  }
}

std::optional<ContextEntry> read_previous(CanonicalReader& in) {
  if (in.peek() == CanonicalReader::Kind::kNil) {
    in.nil();
    return std::nullopt;
  }
  if (in.array() != 3) in.fail(Code::kMalformed);
  const auto log = in.fixed<LogId>();
  const Seq seq{in.natural()};
  return ContextEntry{log, {seq, in.fixed<Hash>()}};
}

OpenLog read_open_log(CanonicalReader& in) {
  OpenLog op;
  op.space = in.fixed<SpaceId>();
  op.device = in.fixed<DeviceId>();
  op.incarnation = in.fixed<Incarnation>();
  op.previous = read_previous(in);
  if (in.peek() == CanonicalReader::Kind::kNil) {
    in.nil();
  } else {
    op.founding = in.fixed<Founding>();
  }
  return op;
}

Admit read_admit(CanonicalReader& in) {
  Admit op;
  op.device = in.fixed<DeviceId>();
  op.role = in.natural();
  const std::size_t size = in.array();
  for (std::size_t i = 0; i < size && !in.failed(); ++i) {
    if (in.array() != 2) in.fail(Code::kMalformed);
    const auto epoch = in.fixed<EpochId>();
    op.grants.push_back({epoch, in.binary()});
    if (i > 0 && !(op.grants[i - 1].epoch < epoch)) in.fail(Code::kNotCanonical);
  }
  return op;
}

}  // namespace

void encode(const OpenOp& op, Bytes& bytes) {
  CanonicalWriter out(bytes);
  std::visit([&](const auto& each) { write(out, each); }, op);
}

Bytes encode_plain(const std::vector<OpenOp>& ops) {
  Bytes plain{kEncodingMsgpack};
  CanonicalWriter(plain).array(ops.size());
  for (const OpenOp& op : ops) encode(op, plain);
  return plain;
}

tl::expected<std::vector<OpenOp>, Effect> read_open(ByteView plain) {
  if (plain.empty()) return tl::unexpected(Effect::kBadPayload);
  if (plain[0] != kEncodingMsgpack) return tl::unexpected(Effect::kUnknownKind);
  CanonicalReader in(plain.subspan(1));
  std::vector<OpenOp> ops;
  const std::size_t count = in.array();
  if (count > limits::kOpenOpsMax) return tl::unexpected(Effect::kBadPayload);
  for (std::size_t i = 0; i < count && !in.failed(); ++i) {
    const std::size_t size = in.array();
    const std::uint64_t kind = in.natural();
    if (kind == static_cast<std::uint64_t>(OpKind::kOpenLog) && size == 6) {
      ops.emplace_back(read_open_log(in));
    } else if (kind == static_cast<std::uint64_t>(OpKind::kAdmit) && size == 4) {
      ops.emplace_back(read_admit(in));
      if (std::get<Admit>(ops.back()).role != static_cast<std::uint64_t>(Role::kAdmin)) {
        return tl::unexpected(Effect::kUnknownKind);
      }
    } else {
      return tl::unexpected(in.failed() ? Effect::kBadPayload : Effect::kUnknownKind);
    }
  }
  if (!in.finish()) return tl::unexpected(Effect::kBadPayload);
  return ops;
}

std::vector<Admit> admits_in(const Change& change) {
  std::vector<Admit> out;
  if (change.header.kind != ChangeKind::kOpen || change.form != PayloadForm::kPlain) return out;
  const auto ops = read_open(change.payload);
  if (!ops) return out;
  for (const OpenOp& op : *ops)
    if (const auto* admit = std::get_if<Admit>(&op)) out.push_back(*admit);
  return out;
}

}  // namespace lanyard::oplog
