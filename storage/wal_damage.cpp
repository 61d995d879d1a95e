#include "storage/wal_damage.hpp"

#include <algorithm>
#include <fstream>
#include <span>
#include <vector>

#include "storage/files.hpp"

namespace lanyard::storage {
namespace {

constexpr std::size_t kWalHeaderBytes = 32;
constexpr std::size_t kFrameHeaderBytes = 24;
constexpr std::uint32_t kWalMagic = 0x377F0682;  ///< with a last bit for big-endian checksums
constexpr std::uint32_t kPageBytesMax = 65536;

using Part = std::span<const std::uint8_t>;

std::uint32_t big_end_first(Part bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | bytes[at + i];
  return value;
}

std::uint32_t little_end_first(Part bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | bytes[at + i];
  return value;
}

/// The running sum over pairs of words, which each frame goes on with.
struct Checksum {
  bool is_big_endian = false;
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  void add(Part bytes) {
    const auto word = is_big_endian ? big_end_first : little_end_first;
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      first += word(bytes, at) + second;
      second += word(bytes, at + 4) + first;
    }
  }
  [[nodiscard]] bool is_at(Part bytes, std::size_t at) const {
    return big_end_first(bytes, at) == first && big_end_first(bytes, at + 4) == second;
  }
};

bool read_all(std::ifstream& in, std::vector<std::uint8_t>& into) {
  // The one way to read bytes as they are.
  in.read(reinterpret_cast<char*>(into.data()), static_cast<std::streamsize>(into.size()));
  return static_cast<bool>(in);
}

std::uint32_t page_bytes_of(Part header) {
  const std::uint32_t said = big_end_first(header, 8);
  const bool is_one = said >= 512 && said <= kPageBytesMax && (said & (said - 1)) == 0;
  return is_one ? said : 0;
}

bool is_commit(Part frame) { return big_end_first(frame, 4) != 0; }

bool same_salts(Part frame, Part salts) {
  return std::equal(salts.begin(), salts.end(), frame.begin() + 8);
}

/// Frames of a WAL that begins with `header`, of which SQLite reads none if that is no good.
std::optional<WalDamage> damage_in(std::ifstream& in, Part header, std::size_t page_bytes) {
  Checksum sum{(big_end_first(header, 0) & 1) != 0};
  sum.add(header.first(24));
  bool is_good = (big_end_first(header, 0) & ~1U) == kWalMagic && sum.is_at(header, 24);
  std::vector<std::uint8_t> salts(header.begin() + 16, header.begin() + 24);
  WalDamage damage;
  std::vector<std::uint8_t> frame(kFrameHeaderBytes + page_bytes);
  for (std::uint64_t number = 1; read_all(in, frame); ++number) {
    const Part bytes(frame);
    // With another header's salts: what was there before the log began anew.
    if (number == 1 && !is_good) salts.assign(bytes.begin() + 8, bytes.begin() + 16);
    if (is_good) {
      sum.add(bytes.first(8));
      sum.add(bytes.subspan(kFrameHeaderBytes));
      is_good = same_salts(bytes, salts) && sum.is_at(bytes, 16);
      if (!is_good) damage.frame = number;
    }
    if (!is_good && same_salts(bytes, salts) && is_commit(bytes)) ++damage.commits_lost;
  }
  if (damage.commits_lost == 0) return std::nullopt;
  return damage;
}

}  // namespace

std::optional<WalDamage> find_wal_damage(const std::filesystem::path& database) {
  std::ifstream in(beside(database, "-wal"), std::ios::binary);
  std::vector<std::uint8_t> header(kWalHeaderBytes);
  if (!in || !read_all(in, header)) return std::nullopt;
  std::uint32_t page_bytes = page_bytes_of(header);
  if (page_bytes == 0) page_bytes = 4096;  // that is what rotted: ours have this size
  return damage_in(in, header, page_bytes);
}

}  // namespace lanyard::storage
