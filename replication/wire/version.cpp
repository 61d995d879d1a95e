#include "replication/wire/version.hpp"

#include <algorithm>

namespace lanyard::wire {
namespace {

constexpr std::string_view kMagic = "LNYD";

Preface preface(Version first, Version second) {
  Preface out{};
  std::copy(kMagic.begin(), kMagic.end(), out.begin());
  out[4] = static_cast<std::uint8_t>(first >> 8);
  out[5] = static_cast<std::uint8_t>(first);
  out[6] = static_cast<std::uint8_t>(second >> 8);
  out[7] = static_cast<std::uint8_t>(second);
  return out;
}

bool is_preface(ByteView bytes) {
  return bytes.size() == kPrefaceBytes && equal(bytes.first(kMagic.size()), as_bytes(kMagic));
}

Version number_at(ByteView bytes, std::size_t at) {
  return static_cast<Version>(bytes[at] << 8 | bytes[at + 1]);
}

}  // namespace

Preface offer(VersionRange ours) { return preface(ours.lowest, ours.highest); }

Result<VersionRange> read_offer(ByteView bytes) {
  if (!is_preface(bytes)) return fail(Code::kMalformed, "not a Lanyard link");
  const VersionRange range{number_at(bytes, 4), number_at(bytes, 6)};
  if (range.lowest == kNoVersion || range.lowest > range.highest)
    return fail(Code::kMalformed, "wire versions");
  return range;
}

Version choose(VersionRange ours, VersionRange theirs) {
  const Version highest = std::min(ours.highest, theirs.highest);
  return highest >= std::max(ours.lowest, theirs.lowest) ? highest : kNoVersion;
}

Preface answer(Version choice) { return preface(choice, 0); }

Result<Version> read_answer(ByteView bytes, VersionRange offered) {
  if (!is_preface(bytes) || number_at(bytes, 6) != 0)
    return fail(Code::kMalformed, "not a Lanyard link");
  const Version choice = number_at(bytes, 4);
  if (choice == kNoVersion)
    return fail(Code::kNewerVersion,
                "the two speak no wire version in common: update the older Lanyard",
                "Bring both devices to the same version of Lanyard.");
  if (choice < offered.lowest || choice > offered.highest)
    return fail(Code::kMalformed, "a wire version that was not offered");
  return choice;
}

}  // namespace lanyard::wire
