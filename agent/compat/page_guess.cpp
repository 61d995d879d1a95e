#include "agent/compat/page_guess.hpp"

#include <algorithm>

namespace lanyard::agent {
namespace {

using storage::ContentHash;
using storage::PageState;
using storage::SeenMember;
using storage::SeenVersion;

bool says_same(const PageState& state, const SaidWhole& said) {
  return state.parts.size() == said.parts.size() &&
         std::equal(state.parts.begin(), state.parts.end(), said.parts.begin(),
                    [](const auto& given, const auto& part) {
                      return given.first == part.first && given.second.content == part.second;
                    });
}

bool has_what_it_was_not_given(const PageState& state, const SaidWhole& said) {
  return std::any_of(said.there.begin(), said.there.end(), [&](const PartName& name) {
    return said.parts.contains(name) && !state.parts.contains(name);
  });
}

const ContentHash* find_hash(const std::vector<SeenMember>& members, const std::string& name) {
  for (const SeenMember& member : members)
    if (member.name == name) return &member.hash;
  return nullptr;
}

bool is_equal(const ContentHash* left, const ContentHash* right) {
  return left == right || (left != nullptr && right != nullptr && *left == *right);
}

/// Of the members in which two versions differ, whether one says what the client says, and the
/// other never does.
bool explains_more(const SeenVersion& one, const SeenVersion& other,
                   const std::vector<SeenMember>& said) {
  bool explains = false;
  for (const SeenMember& member : said) {
    const ContentHash* const in_one = find_hash(one.members, member.name);
    const ContentHash* const in_other = find_hash(other.members, member.name);
    if (is_equal(in_one, in_other)) continue;
    if (is_equal(in_other, &member.hash)) return false;
    explains = explains || is_equal(in_one, &member.hash);
  }
  return explains;
}

/// Those that no other one explains better.
std::vector<const SeenVersion*> likely_bases(const std::vector<SeenVersion>& bases,
                                             const std::vector<SeenMember>& said,
                                             std::optional<std::int64_t> returned) {
  std::vector<const SeenVersion*> out;
  for (const SeenVersion& one : bases) {
    if (returned == one.number) continue;
    const bool is_worse = std::any_of(bases.begin(), bases.end(), [&](const SeenVersion& other) {
      return returned != other.number && explains_more(other, one, said);
    });
    if (!is_worse) out.push_back(&one);
  }
  return out;
}

}  // namespace

PageGuess guess_page(const std::vector<PageState>& states, const SaidWhole& said) {
  PageGuess out;
  for (std::size_t at = 0; at < states.size(); ++at) {
    const PageState& state = states[at];
    if (said.updated_at && state.updated_at && *said.updated_at < *state.updated_at) {
      out.is_old = true;
      continue;
    }
    if (has_what_it_was_not_given(state, said)) continue;
    out.possible.push_back(at);
    if (says_same(state, said)) out.same = at;
  }
  out.is_old = out.is_old && out.possible.empty();
  if (out.same && !states[*out.same].was_left) out.possible = {*out.same};
  return out;
}

void leave_out_strangers(const std::vector<PageState>& states, const SaidWhole& said,
                         PageGuess& guess) {
  std::erase_if(guess.possible, [&](std::size_t at) {
    const auto& parts = states[at].parts;
    const auto is_said = [&](const auto& part) { return said.parts.contains(part.first); };
    // One is the whole's own record.
    return parts.size() > 1 && std::count_if(parts.begin(), parts.end(), is_said) <= 1;
  });
}

SeenVersion common_base(std::vector<SeenVersion> bases, const std::vector<SeenMember>& said,
                        std::optional<std::int64_t> returned) {
  std::sort(bases.begin(), bases.end(), [](const SeenVersion& left, const SeenVersion& right) {
    return left.number < right.number;
  });
  const auto likely = likely_bases(bases, said, returned);
  SeenVersion out;
  const SeenVersion* oldest = likely.empty() ? &bases.front() : likely.front();
  for (const SeenVersion& base : bases)
    if (returned == base.number) oldest = &base;
  out.version = oldest->version;
  const std::vector<SeenMember>& newest =
      likely.empty() ? bases.back().members : likely.back()->members;
  for (const SeenMember& member : newest) {
    const ContentHash* const wanted = find_hash(said, member.name);
    const bool in_all = std::all_of(bases.begin(), bases.end(), [&](const SeenVersion& base) {
      return find_hash(base.members, member.name) != nullptr;
    });
    if (wanted != nullptr || in_all) out.members.push_back(member);
  }
  for (const SeenMember& member : said) {
    const bool is_given = std::any_of(likely.begin(), likely.end(), [&](const SeenVersion* base) {
      return is_equal(find_hash(base->members, member.name), &member.hash);
    });
    if (!is_given) continue;
    std::erase_if(out.members, [&](const SeenMember& each) { return each.name == member.name; });
    out.members.push_back(member);
  }
  std::sort(out.members.begin(), out.members.end());
  return out;
}

}  // namespace lanyard::agent
