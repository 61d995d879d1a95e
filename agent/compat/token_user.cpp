#include "agent/compat/token_user.hpp"

#include "agent/access/token_text.hpp"
#include "agent/api/upgrade_request.hpp"
#include "agent/compat/compat_gate.hpp"

namespace lanyard::agent {

std::string TokenUser::client(std::string_view kind) const {
  return std::string(kind) + "\n" + user + "\n" + to_hex(token.view());
}

namespace {

HttpAnswer token_gone() { return compat_error(401, "Authentication required"); }

/// A body that is taken piece by piece, and of use only with a token that is good at its end.
class HeldTaker final : public BodyTaker {
 public:
  HeldTaker(std::unique_ptr<BodyTaker> taker, std::function<bool()> is_good, ApiReply reply)
      : taker_(std::move(taker)), is_good_(std::move(is_good)), reply_(std::move(reply)) {}

  void take(std::string_view piece, std::function<void()> go_on) override {
    taker_->take(piece, std::move(go_on));
  }
  void end() override { is_good_() ? taker_->end() : reply_.send(token_gone()); }

 private:
  std::unique_ptr<BodyTaker> taker_;
  std::function<bool()> is_good_;
  ApiReply reply_;
};

}  // namespace

HeadOrder held_to_token(const CompatRoom& room, const HeadView& head, HeadOrder order) {
  const Hash token = hash_of_token(bearer_of(head), room.services.hasher);
  const auto is_good = [token, origin = head.text("Origin"), &access = room.access,
                        wall = room.services.host.wall] {
    return access.find(token, origin, wall(), AccessTable::Door::kCompat).has_value();
  };
  if (order.go)
    order.go = [is_good, go = std::move(order.go)](std::string body, const ApiReply& reply) {
      is_good() ? go(std::move(body), reply) : reply.send(token_gone());
    };
  if (order.take)
    order.take = [is_good, take = std::move(order.take)](const ApiReply& reply) {
      return std::make_unique<HeldTaker>(take(reply), is_good, reply);
    };
  if (head.method == "GET") {
    order.refuse_late = [is_good] {
      return is_good() ? std::nullopt : std::optional(token_gone());
    };
    order.breaks_off_late = true;
  }
  return order;
}

std::optional<TokenUser> token_user(const CompatRoom& room, const HeadView& head) {
  const std::string_view text = bearer_of(head);
  if (!is_token_text(text)) return std::nullopt;
  const WallTime now = room.services.host.wall();
  const auto found = room.access.find(hash_of_token(text, room.services.hasher),
                                      head.text("Origin"), now, AccessTable::Door::kCompat);
  if (!found) return std::nullopt;
  room.access.used(*found->token, now);
  return TokenUser{found->user, *found->token};
}

}  // namespace lanyard::agent
