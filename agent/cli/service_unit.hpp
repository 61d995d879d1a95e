#pragma once

#include <string>
#include <vector>

#include "agent/cli/session.hpp"

namespace lanyard::agent {

/// The agent as a unit of the person's own systemd, where there is one that answers.
class ServiceUnit {
 public:
  /// The unit of this data folder: lanyard.service for the default one, else with a hash behind its
  /// name.
  explicit ServiceUnit(const Session& session);

  [[nodiscard]] const std::string& name() const { return name_; }
  /// A systemd of this user runs and answers within 2 s.
  [[nodiscard]] static bool is_available();
  /// Our unit file is there.
  [[nodiscard]] bool is_installed() const;
  [[nodiscard]] bool is_active() const;
  /// Writes the unit, which runs `arguments`, and starts it, now and at each login. On a failure
  /// the unit is gone again.
  [[nodiscard]] Status start(const std::vector<std::string>& arguments) const;
  /// Stops it, and takes it away.
  [[nodiscard]] Status stop() const;
  /// It goes on after logout (loginctl enable-linger).
  [[nodiscard]] static bool lingers();

 private:
  std::string name_;
  std::filesystem::path file_;
};

/// A word as systemd's command lines want it (systemd.service(5), "Command lines"). Pure.
[[nodiscard]] std::string unit_word(const std::string& argument);
/// The text of the unit. Pure.
[[nodiscard]] std::string unit_text(const std::vector<std::string>& arguments);

}  // namespace lanyard::agent
