#pragma once

#include <deque>

#include "tests/support/merge_world.hpp"

/// A small language for examples: changes by logs A to Z, and what comes of them in any order.
namespace lanyard::testing {

/// Dots as they are written in docs and tests: "A1 B2".
[[nodiscard]] merge::DotSet dots(std::string_view text);

/// One change of a scene. Ops concern notes/n1 unless of() names another record; unseen() and
/// revives() belong to the op before them.
class SceneChange {
 public:
  explicit SceneChange(MergeChange& change) : change_(change) {}
  SceneChange& at(std::uint64_t timestamp);
  SceneChange& with_hash(std::uint8_t first_byte);
  SceneChange& without_effect();
  SceneChange& of(std::string collection, std::string key);

  SceneChange& put(std::string_view object) { return write(oplog::OpKind::kPut, object); }
  SceneChange& patch(std::string_view object) { return write(oplog::OpKind::kPatch, object); }
  SceneChange& unset(const std::string& field);
  SceneChange& erase() { return op(oplog::OpKind::kDelete); }
  SceneChange& clear() { return op(oplog::OpKind::kClear); }
  SceneChange& clear_space();
  SceneChange& add(const std::string& field, std::int64_t amount);
  SceneChange& set_add(const std::string& field, std::string_view element);
  SceneChange& set_remove(const std::string& field, std::string_view element);
  SceneChange& unseen(std::string_view dots);
  SceneChange& revives(std::string_view dots);

 private:
  SceneChange& op(oplog::OpKind kind);
  SceneChange& write(oplog::OpKind kind, std::string_view object);
  MergeChange& change_;
  RecordName name_{"notes", "n1"};
};

class Scene {
 public:
  /// The next change of a log, written after all that its author wrote or held before and, besides,
  /// after the changes named ("B2": with all that B2 was written after). Timestamps grow from
  /// change to change.
  SceneChange by(char log, std::string_view after = {});

  /// All of it in a store. Every causal order that is tried, and the declared meaning, must give
  /// the same records; throws if not.
  [[nodiscard]] MergeStore store() const;
  [[nodiscard]] merge::Record record(const RecordName& name = {"notes", "n1"}) const;

  // What people see of notes/n1, or another record, as text.
  [[nodiscard]] std::string shown(const RecordName& name = {"notes", "n1"}) const;  ///< or "gone"
  [[nodiscard]] std::string inbox(const std::string& field) const;  ///< "2 (B1), 3 (C1 D1)"
  [[nodiscard]] std::string trash(const std::string& field) const;  ///< "2 (by B1)"
  [[nodiscard]] std::string heads() const;                          ///< "A1 B2"
  [[nodiscard]] std::string voids() const;

 private:
  [[nodiscard]] Changes changes() const;
  [[nodiscard]] const MergeChange& find(const merge::LocalDot& dot) const;
  std::deque<MergeChange> changes_;
};

}  // namespace lanyard::testing
