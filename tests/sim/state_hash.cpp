#include "tests/sim/state_hash.hpp"

#include <algorithm>

#include "replication/merge/show.hpp"
#include "replication/types/canonical.hpp"

namespace lanyard::sim {
namespace {

/// Writes records without anything that is one store's own: numbers of logs and collections.
class Writer {
 public:
  explicit Writer(const merge::LogTable& logs) : logs_(logs) {}

  void record(const std::string& collection, const std::string& key, const merge::Record& record) {
    out_.text(collection);
    out_.text(key);
    list(record.heads, [&](const merge::RecordHead& head) {
      dot(head.dot);
      dots(head.hidden_by);
    });
    out_.array(record.fields.size());
    for (const merge::Field& field : record.fields) {
      out_.text(field.name);
      list(field.values, [&](const merge::Sibling& value) {
        dot(value.dot);
        out_.natural(value.timestamp.value);
        dots(value.hidden_by);
        out_.raw(value.value);
      });
      list(field.counter, [&](const merge::CounterPart& part) {
        dots(part.hidden_by);
        out_.integer(part.sum);
      });
      list(field.elements, [&](const merge::SetElement& element) {
        out_.raw(element.value);
        dot(element.dot);
        dots(element.hidden_by);
      });
    }
  }
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }

 private:
  /// Each written by itself, then sorted: the order in a store depends on its numbers.
  template <class Things, class Write>
  void list(const Things& things, Write write) {
    std::vector<Bytes> each;
    for (const auto& thing : things) {
      Bytes whole = std::exchange(bytes_, {});
      write(thing);
      each.push_back(std::exchange(bytes_, std::move(whole)));
    }
    std::sort(each.begin(), each.end());
    out_.array(each.size());
    for (const Bytes& one : each) out_.raw(one);
  }
  void dot(const merge::LocalDot& local) {
    out_.binary(logs_.id_of(local.log).view());
    out_.natural(local.seq);
  }
  void dots(const merge::DotSet& set) {
    const std::vector<Dot> all = logs_.global(set);
    out_.array(all.size());
    for (const Dot& one : all) {
      out_.binary(one.log.view());
      out_.natural(one.seq.value);
    }
  }

  const merge::LogTable& logs_;
  Bytes bytes_;
  CanonicalWriter out_{bytes_};
};

}  // namespace

Hash state_hash(const support::MemoryStore& store, const Hasher& hasher) {
  std::map<std::pair<std::string, std::string>, const merge::Record*> sorted;
  for (const auto& [name, record] : store.table().records())
    sorted[{store.table().collection_name(name.first), name.second}] = &record;
  Writer writer(store.merger().logs());
  for (const auto& [name, record] : sorted) writer.record(name.first, name.second, *record);
  return hasher.hash({writer.bytes()});
}

std::size_t conflicts(const support::MemoryStore& store) {
  std::size_t count = 0;
  for (const auto& [name, record] : store.table().records()) {
    for (const merge::Field& field : record.fields)
      count += merge::choices(field, store.hashes()).size() > 1 ? 1 : 0;
  }
  return count;
}

}  // namespace lanyard::sim
