#pragma once

#include "agent/control/request.hpp"
#include "agent/json_writer.hpp"
#include "agent/service/app_service.hpp"

/// Requests of apps, and tokens, as every door shows them. Pure.
namespace lanyard::agent {

/// {"tokens"}; never a hash.
[[nodiscard]] std::string tokens_json(const std::vector<TokenView>& tokens);
/// {"revoked"}
[[nodiscard]] std::string revoked_json(const std::vector<TokenView>& revoked);
/// {"requests"}
[[nodiscard]] std::string requests_json(const std::vector<AppRequest>& requests);
/// What was granted, with the id of its token.
[[nodiscard]] std::string granted_json(const AppService::Granted& granted);
/// {"id", "app", "origin"} of the request that was refused.
[[nodiscard]] std::string refused_json(const AppRequest& request);

/// "readOnly" and "spaces", to the end of the parameters.
[[nodiscard]] Result<Narrowing> read_narrowing(Params& in);

}  // namespace lanyard::agent
