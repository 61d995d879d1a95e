#pragma once

#include <deque>

#include "agent/compat/claim_plan.hpp"

namespace lanyard::agent {

/// Reads and writes of one listener's clients, one after the other: what a post is compared with is
/// what the post before it left. Belongs to the api thread.
class ClaimQueue : public std::enable_shared_from_this<ClaimQueue> {
 public:
  struct Job {
    std::string client;
    /// Plans what is to be written; may be called twice, each time with a new planner. What the
    /// plan's texts point into lives as long as this function.
    std::function<Status(ClaimPlanner& planner)> work;
    /// Everything is durable, or nothing was written.
    std::function<void(const Status& done)> done;
  };

  /// `services` and `store` outlive it. `space`: a name or an id.
  ClaimQueue(Services& services, storage::CompatStore& store, std::string space, ShownAs shown_as)
      : services_(services),
        store_(store),
        space_(std::move(space)),
        shown_as_(std::move(shown_as)) {}

  void add(Job job);
  /// A job of reading alone, at once, beside those that wait: notes what its client was given.
  [[nodiscard]] Status note(const SpaceId& space, const std::string& client,
                            const std::function<Status(ClaimPlanner& planner)>& work);
  [[nodiscard]] const std::string& space() const { return space_; }
  /// The answers to jobs that are under way go nowhere.
  void close() { jobs_.clear(); }

 private:
  struct Turn;
  void next();
  void plan(const std::shared_ptr<Turn>& turn);
  void write(const std::shared_ptr<Turn>& turn);
  void write_in_one(const std::shared_ptr<Turn>& turn);
  void written(const std::shared_ptr<Turn>& turn, const Result<std::vector<std::string>>& versions);
  [[nodiscard]] Status settle(const std::string& client, const ClaimPlan& plan,
                              const std::vector<std::string>& versions);
  [[nodiscard]] Status settle_all(const std::string& client, const ClaimPlan& plan,
                                  const std::vector<std::string>& versions);
  [[nodiscard]] Status settle_whole(const std::string& client, const ClaimPlan::WholeNote& whole,
                                    const std::vector<std::string>& versions);
  void end(const std::shared_ptr<Turn>& turn, const Status& done);

  Services& services_;
  storage::CompatStore& store_;
  std::string space_;
  ShownAs shown_as_;
  std::deque<Job> jobs_;
  bool is_busy_ = false;
};

}  // namespace lanyard::agent
