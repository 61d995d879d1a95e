#pragma once

#include <atomic>
#include <functional>
#include <memory>

namespace lanyard::agent {

/// Jobs of which some may be left out, on their way to another thread: only so many wait there.
/// From any thread.
class FewJobs {
 public:
  explicit FewJobs(int most) : most_(most) {}

  /// Has it posted, unless as many wait already.
  template <class Post>
  void post(const Post& post, std::function<void()> job) const {
    if (waiting_->fetch_add(1) >= most_) {
      waiting_->fetch_sub(1);
      return;
    }
    post([waiting = waiting_, job = std::move(job)] {
      waiting->fetch_sub(1);
      job();
    });
  }

 private:
  int most_;
  std::shared_ptr<std::atomic<int>> waiting_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace lanyard::agent
