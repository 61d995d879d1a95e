#include <catch2/catch.hpp>

#include "replication/types/json_text.hpp"
#include "tests/unit/merge/replay.hpp"
#include "tests/unit/merge/vectors.hpp"

using namespace lanyard;
using namespace lanyard::testing;
using Json = nlohmann::json;

namespace {

struct Counts {
  std::size_t vectors = 0, orders = 0, batchings = 0, changes = 0;
};

/// The order of the vector itself, then those it gives.
std::vector<std::vector<std::size_t>> orders_of(const Json& vector) {
  std::vector<std::size_t> given(vector["changes"].size());
  for (std::size_t i = 0; i < given.size(); ++i) given[i] = i;
  std::vector<std::vector<std::size_t>> out{given};
  for (const Json& order : vector["orders"]) out.push_back(order.get<std::vector<std::size_t>>());
  return out;
}

/// The changes in an order, read by a store that meets their logs in that order.
Changes read_in_order(const Json& vector, const std::vector<std::size_t>& order,
                      VectorReader& reader) {
  const auto out = vector.value("without_effect", std::set<std::size_t>{});
  Changes changes;
  for (const std::size_t i : order) {
    changes.push_back(reader.change(vector["changes"][i], !out.contains(i)));
  }
  return changes;
}

void check_voids(const Json& vector, const MergeStore& store, VectorReader& reader) {
  for (const Json& entry : vector["expect"]["void"]) {
    const VoidDelete expected{reader.dot(entry["delete"]), {entry["collection"], entry["key"]}};
    CHECK(store.voids().contains(expected));
  }
}

void check_order(const Json& vector, const std::vector<std::size_t>& order, Counts& counts) {
  VectorReader reader;
  const Changes changes = read_in_order(vector, order, reader);
  const Views expected = expected_views(vector["expect"]["records"]);
  MergeStore store;
  for (const ChangePtr& change : changes) {
    CHECK(store.apply(change) == 1);
    CHECK(store.apply(change) == 0);  // a duplicate
  }
  CHECK(reader.views(store) == expected);
  check_voids(vector, store, reader);
  CHECK(store.records() == meaning(changes));
  Dice dice(counts.orders);
  for (int i = 0; i < 4; ++i) {
    const MergeStore batched = replay(changes, dice);
    CHECK(reader.views(batched) == expected);
    check_voids(vector, batched, reader);
    ++counts.batchings;
  }
  counts.changes += changes.size();
  ++counts.orders;
}

Counts check_file(const std::string& file) {
  Counts counts;
  for (const Json& vector : vectors_in(file)) {
    INFO(vector["name"].get<std::string>() << ": " << vector["about"].get<std::string>());
    for (const auto& order : orders_of(vector)) check_order(vector, order, counts);
    ++counts.vectors;
  }
  return counts;
}

void check_agent(const Json& vector) {
  VectorReader reader;
  MergeStore store;
  for (const Json& change : vector["changes"]) store.apply(reader.change(change, true));
  const RecordName name{vector["record"][0], vector["record"][1]};
  CHECK(merge::read_version(store.record(name)) == reader.version(vector["read"]));

  const Json& write = vector["write"];
  const Json& expect = vector["expect"];
  const merge::Version version = reader.version(write["version"]);
  const merge::LocalDot own = reader.dot(write["dot"]);
  MergeOp op = reader.op(write["op"]);
  if (op.kind == oplog::OpKind::kDelete) {
    CHECK(merge::delete_allowed(store.record(name), version) == !expect.contains("refused"));
  }
  if (expect.contains("refused")) return;
  const auto found = merge::based_on(op.view(), op.revives, store.record(name), version, own);
  CHECK(found.unseen == reader.dots(expect["unseen"]));
  CHECK(found.revives == reader.dots(expect["revives"]));

  const merge::Context clock = store.clock();
  store.merge(name, {{own, {}, &clock, found.unseen, found.revives}, op.view()});
  CHECK(merge::version_after(store.record(name), op.view(), own, version) ==
        reader.version(expect["version_after"]));
}

}  // namespace

TEST_CASE("every merge vector comes out as the reference model says, in every order it gives") {
  const std::string file = GENERATE("named.json", "random.json");
  const Counts counts = check_file(file);
  WARN(file << ": " << counts.vectors << " vectors, " << counts.orders << " orders of "
            << counts.changes << " changes, each delivered twice, and " << counts.batchings
            << " random batchings");
  CHECK(counts.vectors >= 90);
}

TEST_CASE("an agent writes for its clients what the reference model says") {
  const std::string file = GENERATE("agent-named.json", "agent-random.json");
  std::size_t count = 0;
  for (const Json& vector : vectors_in(file)) {
    INFO(vector["name"].get<std::string>() << ": " << vector["about"].get<std::string>());
    check_agent(vector);
    ++count;
  }
  WARN(file << ": " << count << " vectors");
  CHECK(count >= 20);
}

TEST_CASE("values are equal exactly where the reference model's canonical bytes are") {
  std::size_t count = 0;
  for (const Json& vector : vectors_in("canonical.json")) {
    const Json& value = vector["value"];
    INFO(value.dump());
    const std::string expected = vector["msgpack"];
    CHECK(to_hex(canonical_of(value)) == expected);
    const auto from_text = from_json(value.dump());
    REQUIRE(from_text);
    // Signed bytes may hold no integer above 2^63 - 1: a text's is a double.
    const bool is_above = value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX;
    CHECK(to_hex(*from_text) == (is_above ? to_hex(canonical_of(value.get<double>())) : expected));
    ++count;
  }
  WARN("canonical.json: " << count << " vectors");
  CHECK(count >= 40);
}
