#pragma once

#include "agent/compat/rangerplex_shapes.hpp"

/// What RangerPlex's clients post, as claims on records. Each is called with a planner of its own
/// and may be called again; texts outlive the plan.
namespace lanyard::agent {

/// A whole chat with its messages.
[[nodiscard]] Status plan_chat(ClaimPlanner& planner, const ChatPost& chat, WallTime wall);
/// One setting, with the notes that stand in it, and without what stays on this device.
[[nodiscard]] Status plan_setting(ClaimPlanner& planner, const std::string& key,
                                  std::string_view posted,
                                  const std::vector<std::string>& kept_local);

/// The key under which a list's element is kept. An id that another list has too (`parent`: the one
/// that it is known in), or one of those that are `used` in this list, is made different: both are
/// kept. Pure.
[[nodiscard]] std::string own_key(const Claim& claim, const std::optional<std::string>& parent,
                                  const std::set<std::string>& used);

/// The original takes a chat that says no time for one of now. One that is posted again unchanged
/// has to stay what it was. A time that is no whole number is the app's own affair.
void add_time(ClaimPlanner& planner, Claim& claim, const PresentRecord& now, WallTime wall);

/// Has the planner keep what must not leave this device, and gives what is left of the value;
/// nothing: all of it stays.
[[nodiscard]] Result<std::optional<std::string_view>> setting_to_sync(
    ClaimPlanner& planner, const std::string& key, std::string_view json,
    const std::vector<std::string>& kept_local);

}  // namespace lanyard::agent
