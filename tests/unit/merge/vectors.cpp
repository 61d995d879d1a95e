#include "tests/unit/merge/vectors.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "replication/merge/show.hpp"
#include "replication/types/canonical.hpp"

namespace lanyard::testing {

using merge::DotSet;
using merge::LocalDot;
using Json = nlohmann::json;
using oplog::OpKind;

namespace {

void write(CanonicalWriter& writer, const Json& value) {
  switch (value.type()) {
    case Json::value_t::null: return writer.nil();
    case Json::value_t::boolean: return writer.boolean(value.get<bool>());
    case Json::value_t::number_integer: return writer.integer(value.get<std::int64_t>());
    case Json::value_t::number_unsigned: return writer.natural(value.get<std::uint64_t>());
    case Json::value_t::number_float: return writer.real(value.get<double>());
    case Json::value_t::string: return writer.text(value.get_ref<const std::string&>());
    case Json::value_t::array:
      writer.array(value.size());
      for (const Json& inner : value) write(writer, inner);
      return;
    default:
      writer.map(value.size());
      for (const auto& [name, inner] : value.items()) {  // sorted by bytes
        writer.text(name);
        write(writer, inner);
      }
  }
}

const std::map<std::string, OpKind>& kinds() {
  static const std::map<std::string, OpKind> kKinds{
      {"put", OpKind::kPut},        {"patch", OpKind::kPatch},         {"unset", OpKind::kUnset},
      {"delete", OpKind::kDelete},  {"clear", OpKind::kClear},         {"add", OpKind::kAdd},
      {"set-add", OpKind::kSetAdd}, {"set-remove", OpKind::kSetRemove}};
  return kKinds;
}

/// Stands for the header's hash where the vector gives none: the same whatever the log's number.
Hash any_hash(const Json& change) {
  Hash out;
  out.bytes[0] = static_cast<std::uint8_t>(change["log"].get<std::string>().back());
  out.bytes[1] = static_cast<std::uint8_t>(change["seq"].get<std::uint64_t>());
  return out;
}

bool is_known(const Json& change) {
  return std::all_of(change["ops"].begin(), change["ops"].end(),
                     [](const Json& op) { return kinds().contains(op["op"]); });
}

LetterDot letter_of(const Json& dot) {
  return {dot[0].get<std::string>(), dot[1].get<std::uint64_t>()};
}

LetterDots letters_of(const Json& dots) {
  LetterDots out;
  for (const Json& dot : dots) out.insert(letter_of(dot));
  return out;
}

const char* word_of(merge::SlotKind kind) {
  if (kind == merge::SlotKind::kValue) return "value";
  return kind == merge::SlotKind::kSet ? "set" : "counter";
}

Bytes integer_bytes(std::int64_t number) {
  Bytes out;
  CanonicalWriter(out).integer(number);
  return out;
}

RecordView::InTrash expected_trash(const Json& entry) {
  LetterDots dot;
  if (entry.contains("dot")) dot.insert(letter_of(entry["dot"]));
  return {entry["kind"], canonical_of(entry.contains("sum") ? entry["sum"] : entry["value"]), dot,
          letters_of(entry["deleted_by"])};
}

}  // namespace

Json vectors_in(const std::string& file) {
  const std::string path = std::string(LANYARD_TEST_FOLDER "/vectors/merge/") + file;
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path);
  return Json::parse(in);
}

Bytes canonical_of(const Json& value) {
  Bytes out;
  CanonicalWriter writer(out);
  write(writer, value);
  return out;
}

LocalDot VectorReader::dot(const Json& dot) {
  return {logs_.number_of(dot[0].get<std::string>()), dot[1].get<std::uint64_t>()};
}

DotSet VectorReader::dots(const Json& dots) {
  DotSet out;
  for (const Json& one : dots) merge::insert(out, dot(one));
  return out;
}

merge::Version VectorReader::version(const Json& version) {
  return {dots(version["edits"]), dots(version["deletes"])};
}

MergeOp VectorReader::op(const Json& op) {
  MergeOp out;
  out.kind = kinds().at(op["op"]);
  out.whole_space = out.kind == OpKind::kClear && !op.contains("collection");
  out.name = {op.value("collection", ""), op.value("key", "")};
  if (out.kind == OpKind::kUnset) {
    for (const Json& name : op["fields"]) out.names.insert(name.get<std::string>());
  } else if (op.contains("fields")) {
    for (const auto& [name, value] : op["fields"].items()) out.fields[name] = canonical_of(value);
  }
  out.field = op.value("field", "");
  out.amount = op.value("amount", std::int64_t{0});
  if (op.contains("element")) out.element = canonical_of(op["element"]);
  out.unseen = dots(op.value("unseen", Json::array()));
  out.revives = dots(op.value("revives", Json::array()));
  return out;
}

ChangePtr VectorReader::change(const Json& change, bool effective) {
  MergeChange out;
  out.dot = {logs_.number_of(change["log"].get<std::string>()), change["seq"].get<std::uint64_t>()};
  out.timestamp = {change["timestamp"].get<std::uint64_t>()};
  for (const auto& [log, seq] : change["context"].items()) {
    out.context.raise(logs_.number_of(log), seq.get<std::uint64_t>());
  }
  out.context.raise(out.dot.log, out.dot.seq - 1);
  out.hash = change.contains("hash") ? *Hash::from(*from_hex(change["hash"].get<std::string>()))
                                     : any_hash(change);
  out.effective = effective && is_known(change);
  for (const Json& one : change["ops"]) {
    if (out.effective) out.ops.push_back(op(one));
  }
  return std::make_shared<const MergeChange>(std::move(out));
}

LetterDot VectorReader::letter(const LocalDot& dot) const {
  return {logs_.name_of(dot.log), dot.seq};
}

LetterDots VectorReader::letters(const DotSet& dots) const {
  LetterDots out;
  for (const LocalDot& dot : dots) out.insert(letter(dot));
  return out;
}

void VectorReader::view_field(const merge::Field& field, const merge::HashOf& hash_of,
                              RecordView& out) const {
  const auto choices = merge::choices(field, hash_of);
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const std::string kind = word_of(choices[i].kind);
    if (i == 0 && kind != "value") out.kinds[field.name] = kind;
    if (i > 0) out.inbox[field.name].push_back({kind, choices[i].value, {}});
    for (const LocalDot& dot : choices[i].dots) {
      if (i > 0) out.inbox[field.name].back().dots.insert(letter(dot));
    }
  }
  const auto throw_away = [&](RecordView::InTrash entry) {
    if (!entry.deleted_by.empty()) out.trash[field.name].insert(std::move(entry));
  };
  for (const auto& s : field.values) {
    throw_away({"value", s.value, {letter(s.dot)}, letters(s.hidden_by)});
  }
  for (const auto& part : field.counter) {
    throw_away({"counter", integer_bytes(part.sum), {}, letters(part.hidden_by)});
  }
  for (const auto& e : field.elements) {
    throw_away({"element", e.value, {letter(e.dot)}, letters(e.hidden_by)});
  }
}

Views VectorReader::views(const MergeStore& store) const {
  const auto hash_of = [&](const LocalDot& dot) { return store.hash_of(dot); };
  Views out;
  for (const auto& [name, record] : store.records()) {
    RecordView& view = out[name];
    view.shown = record.is_shown() ? merge::shown_value(record, hash_of) : canonical_of(nullptr);
    for (const merge::Field& field : record.fields) view_field(field, hash_of, view);
    for (const auto& head : record.heads) view.heads[letter(head.dot)] = letters(head.hidden_by);
  }
  return out;
}

Views expected_views(const Json& records) {
  Views out;
  for (const Json& record : records) {
    RecordView& view = out[{record["collection"], record["key"]}];
    view.shown = canonical_of(record["shown"]);
    for (const auto& [field, kind] : record["kinds"].items()) view.kinds[field] = kind;
    for (const auto& [field, entries] : record["inbox"].items()) {
      for (const Json& entry : entries) {
        view.inbox[field].push_back({entry["kind"], canonical_of(entry["value"]),
                                     letters_of(entry.value("dots", Json::array()))});
      }
    }
    for (const auto& [field, entries] : record["trash"].items()) {
      for (const Json& entry : entries) view.trash[field].insert(expected_trash(entry));
    }
    for (const Json& head : record["heads"]) {
      view.heads[letter_of(head["dot"])] = letters_of(head["hidden_by"]);
    }
  }
  return out;
}

}  // namespace lanyard::testing
