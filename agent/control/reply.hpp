#pragma once

#include <functional>
#include <memory>
#include <string>

#include "replication/types/result.hpp"

namespace lanyard::agent {

class ControlConnection;

/// Where the answer to one request goes: any number of progress lines, then one result or one
/// error.
/// Copies speak for the same request; the last one that goes away unanswered answers kInterrupted,
/// so that no client waits for ever. Belongs to the control thread; its calls do nothing after the
/// client left.
class Reply {
 public:
  Reply(std::weak_ptr<ControlConnection> connection, std::string id);

  /// JSON objects.
  void progress(const std::string& json) const;
  void result(const std::string& json) const;
  void error(const Error& error) const;
  /// The result, or the error.
  template <class T, class ToJson>
  void answer(const Result<T>& outcome, ToJson to_json) const {
    outcome ? result(to_json(*outcome)) : error(outcome.error());
  }

  [[nodiscard]] bool is_open() const;
  /// Called when the client leaves before the answer: for streams, to stop making them.
  void on_closed(std::function<void()> closed) const;
  /// Bytes that the client has not taken yet.
  [[nodiscard]] std::size_t waiting_bytes() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace lanyard::agent
