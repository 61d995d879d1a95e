#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "replication/types/bytes.hpp"

namespace lanyard {

/// Names and what each of them has, canonical msgpack, in the order in which they came; all in one
/// piece of memory, however many there are. What it gives are views into it: they last until it
/// changes.
class NamedValues {
 public:
  using Each = std::pair<std::string_view, ByteView>;
  /// Where a name and its value lie in the memory that holds them.
  struct Place {
    std::size_t name = 0;
    std::size_t name_size = 0;
    std::size_t value = 0;
    std::size_t value_size = 0;
  };
  class Iterator;

  NamedValues() = default;
  NamedValues(std::initializer_list<Each> values) {
    for (const auto& [name, value] : values) emplace_back(name, value);
  }
  /// Memory that holds them already, wherever in it they are.
  NamedValues(Bytes memory, std::vector<Place> places)
      : memory_(std::move(memory)), places_(std::move(places)) {}

  void emplace_back(std::string_view name, ByteView value) {
    const std::size_t at = memory_.size();
    append(memory_, as_bytes(name));
    append(memory_, value);
    places_.push_back({at, name.size(), at + name.size(), value.size()});
  }
  void clear() {
    memory_.clear();
    places_.clear();
  }

  [[nodiscard]] std::size_t size() const { return places_.size(); }
  [[nodiscard]] bool empty() const { return places_.empty(); }
  [[nodiscard]] Each operator[](std::size_t index) const {
    const Place& place = places_[index];
    const ByteView all(memory_);
    return {as_text(all.subspan(place.name, place.name_size)),
            all.subspan(place.value, place.value_size)};
  }
  [[nodiscard]] inline Iterator begin() const;
  [[nodiscard]] inline Iterator end() const;

 private:
  Bytes memory_;
  std::vector<Place> places_;
};

class NamedValues::Iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = Each;
  using difference_type = std::ptrdiff_t;
  using pointer = void;
  using reference = Each;

  Iterator() = default;
  Iterator(const NamedValues& of, std::size_t index) : of_(&of), index_(index) {}
  Each operator*() const { return (*of_)[index_]; }
  Iterator& operator++() {
    ++index_;
    return *this;
  }
  Iterator operator++(int) { return {*of_, index_++}; }
  friend bool operator==(const Iterator&, const Iterator&) = default;

 private:
  const NamedValues* of_ = nullptr;
  std::size_t index_ = 0;
};

inline NamedValues::Iterator NamedValues::begin() const { return {*this, 0}; }
inline NamedValues::Iterator NamedValues::end() const { return {*this, size()}; }

}  // namespace lanyard
