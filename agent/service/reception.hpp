#pragma once

#include "agent/service/app_service.hpp"
#include "agent/service/sign_in_service.hpp"

namespace lanyard::agent {

/// What is asked at the API's door and decided by a person, at whichever door that one stands. One
/// per agent; belongs to the api thread.
struct Reception {
  /// What is referred to outlives this.
  Reception(const ServiceHost& host, const Hasher& hasher, Rng& rng, TokenService::Changed changed,
            AppService::After after)
      : tokens(host, hasher, rng, std::move(changed)),
        apps(host, hasher, rng, tokens, std::move(after)),
        sign_in(host, hasher, rng) {}

  TokenService tokens;
  AppService apps;
  SignInService sign_in;
};

/// Has a job done on the api thread. From any thread, also when that door is gone: then nothing
/// happens.
using ToReception = std::function<void(std::function<void(Reception&)>)>;

/// Has `job` done at the reception, and its answer brought back to the door of `host`. `job` calls
/// the Done that it is given once, then or later.
template <class T>
void ask_reception(const ServiceHost& host, const ToReception& to_reception,
                   std::function<void(Reception&, Done<T>)> job, Done<T> done) {
  to_reception([job = std::move(job), done = std::move(done), post = host.post](Reception& there) {
    job(there, [post, done](Result<T> result) {
      auto kept = std::make_shared<Result<T>>(std::move(result));
      post([done, kept] { done(std::move(*kept)); });
    });
  });
}

}  // namespace lanyard::agent
