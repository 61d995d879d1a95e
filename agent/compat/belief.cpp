#include "agent/compat/belief.hpp"

#include <algorithm>

#include "agent/compat/iso_time.hpp"
#include "agent/display_text.hpp"
#include "replication/types/json_text.hpp"

namespace lanyard::agent {
namespace {

ContentHash shortened(const Hash& hash) {
  return *ContentHash::from(hash.view().first(ContentHash::kSize));
}

const SeenMember* find_seen(const std::vector<SeenMember>& members, const std::string& name) {
  const auto at = std::lower_bound(
      members.begin(), members.end(), name,
      [](const SeenMember& member, const std::string& wanted) { return member.name < wanted; });
  return at != members.end() && at->name == name ? &*at : nullptr;
}

}  // namespace

Result<std::vector<ClaimMember>> claimed(const std::vector<JsonMember>& members,
                                         const Hasher& hasher) {
  std::vector<ClaimMember> out;
  for (const JsonMember& member : members) {
    const auto value = from_json(member.value);
    if (!value)
      return fail(value.error().is(Code::kTooLarge) ? Code::kTooLarge : Code::kMalformed,
                  "\"" + display_cut(member.name, 60) + "\": " + value.error().detail);
    out.push_back({member.name, member.value, shortened(hasher.hash({*value}))});
  }
  std::sort(out.begin(), out.end(),
            [](const ClaimMember& a, const ClaimMember& b) { return a.name < b.name; });
  return out;
}

void claim(std::vector<ClaimMember>& members, std::string_view name, std::string_view json,
           const Hasher& hasher) {
  const auto value = from_json(json);
  if (!value) return;
  ClaimMember made{std::string(name), json, shortened(hasher.hash({*value}))};
  const auto at = std::lower_bound(
      members.begin(), members.end(), name,
      [](const ClaimMember& member, std::string_view wanted) { return member.name < wanted; });
  if (at != members.end() && at->name == name) {
    *at = std::move(made);
  } else {
    members.insert(at, std::move(made));
  }
}

std::optional<std::int64_t> updated_at_of(const std::vector<ClaimMember>& members) {
  for (const ClaimMember& member : members) {
    if (member.name != kUpdatedAt) continue;
    return time_in(member.json);
  }
  return std::nullopt;
}

std::vector<SeenMember> seen_members(const std::vector<ClaimMember>& members) {
  std::vector<SeenMember> out;
  out.reserve(members.size());
  for (const ClaimMember& member : members) out.push_back({member.name, member.hash});
  return out;
}

ContentHash content_of(const std::vector<ClaimMember>& members, const Hasher& hasher) {
  Bytes all;
  for (const ClaimMember& member : members) {
    append(all, as_bytes(std::to_string(member.name.size()) + ":" + member.name));
    append(all, member.hash.view());
  }
  return shortened(hasher.hash({as_bytes("lanyard-compat-content-v1"), all}));
}

bool Edits::concerns(const std::string& member) const {
  const auto is_named = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), member) != names.end();
  };
  return is_named(set) || is_named(unset);
}

Edits edits_since(const std::vector<SeenMember>& base, const std::vector<SeenMember>& said,
                  const std::vector<SeenMember>& now) {
  Edits out;
  for (const SeenMember& member : said) {
    const SeenMember* const before = find_seen(base, member.name);
    if (before && before->hash == member.hash) continue;
    const SeenMember* const present = find_seen(now, member.name);
    if (!present || present->hash != member.hash) out.set.push_back(member.name);
  }
  for (const SeenMember& member : base)
    if (!find_seen(said, member.name) && find_seen(now, member.name))
      out.unset.push_back(member.name);
  return out;
}

Edits additions(const std::vector<SeenMember>& said, const std::vector<SeenMember>& now,
                bool is_newer) {
  Edits out;
  for (const SeenMember& member : said) {
    const SeenMember* const present = find_seen(now, member.name);
    if (!present || (is_newer && present->hash != member.hash)) out.set.push_back(member.name);
  }
  return out;
}

}  // namespace lanyard::agent
