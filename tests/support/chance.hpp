#pragma once

#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "replication/ports.hpp"
#include "replication/types/canonical.hpp"

/// Values made by chance for property tests, the same in every run and on every machine: what fails
/// is found again by its seed.
namespace lanyard::support {

/// splitmix64 (Steele, Lea and Flood, 2014).
class Chance final : public Rng {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27) * 0x94D049BB133111EBU;
    return z ^ z >> 31;
  }
  /// 0 to below - 1.
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  /// Of any magnitude: small numbers are as likely as large ones.
  std::uint64_t natural() { return next() >> below(64); }

  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(next());
  }
  Bytes bytes(std::size_t size) {
    Bytes out(size);
    fill(out);
    return out;
  }
  template <class Fixed>
  Fixed fixed() {
    Fixed out;
    fill(out.bytes);
    return out;
  }
  template <class List>
  const auto& one_of(const List& list) {
    return list[below(list.size())];
  }

 private:
  std::uint64_t state_;
};

/// A text of up to `characters` characters: all ranges of UTF-8, control characters, quotes.
inline std::string some_text(Chance& chance, std::size_t characters) {
  static const std::vector<std::string> odd{
      "\"",     "\\",     "/",  "\n", "\x01", "\x7F", "é",      "ß",          "\u07FF",
      "\u0800", "\uFFFF", "漢", "😀",  "\t",   "\b",   "\u2028", "\U0010FFFF", "e\u0301"};
  std::string out;
  for (std::size_t left = chance.below(characters + 1); left > 0; --left) {
    if (chance.one_in(4)) {
      out += chance.one_of(odd);
    } else {
      out += static_cast<char>('a' + chance.below(26));
    }
  }
  if (chance.one_in(20)) out += '\0';
  return out;
}

/// Distinct texts, sorted by their bytes.
inline std::vector<std::string> some_names(Chance& chance, std::size_t count_max) {
  std::vector<std::string> out;
  for (std::size_t left = chance.below(count_max + 1); left > 0; --left)
    out.push_back(some_text(chance, 8));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

/// Any finite double, with those that are hard to print as likely as the rest.
inline double some_real(Chance& chance) {
  static const std::vector<double> odd{0.0,   1.0,     -1.5,     5e-324, 1.7976931348623157e308,
                                       0.1,   1e21,    1e-7,     1e16,   9007199254740993.0,
                                       1e300, -2.5e-5, 123456.0, 1e15,   2.2250738585072014e-308};
  if (chance.one_in(2)) return chance.one_of(odd);
  for (;;) {
    const auto value = std::bit_cast<double>(chance.next());
    if (value - value == 0) return value;  // neither NaN nor infinite
  }
}

/// Appends the canonical bytes of a JSON value with at most `depth` levels of nesting.
inline void append_some_value(Chance& chance, std::size_t depth, Bytes& out) {
  CanonicalWriter writer(out);
  switch (chance.below(depth == 0 ? 5 : 7)) {
    case 0: return writer.nil();
    case 1: return writer.boolean(chance.one_in(2));
    case 2: return writer.integer(static_cast<std::int64_t>(chance.next()) >> chance.below(64));
    case 3: return writer.real(some_real(chance));
    case 4: return writer.text(some_text(chance, chance.one_in(20) ? 300 : 12));
    case 5: {
      const std::size_t size = chance.below(chance.one_in(30) ? 40 : 5);
      writer.array(size);
      for (std::size_t i = 0; i < size; ++i) append_some_value(chance, depth - 1, out);
      return;
    }
    default: {
      const auto names = some_names(chance, 5);
      writer.map(names.size());
      for (const std::string& name : names) {
        writer.text(name);
        append_some_value(chance, depth - 1, out);
      }
    }
  }
}

inline Bytes some_value(Chance& chance, std::size_t depth = 4) {
  Bytes out;
  append_some_value(chance, depth, out);
  return out;
}

}  // namespace lanyard::support
