#pragma once

#include <string>
#include <string_view>

#include "replication/ports.hpp"

/// The names under which a browser finds a page that a person signs in. Each is used for one
/// sign-in. A service worker stands between an origin and its server for as long as the browser
/// keeps it, so whoever served this port before us could have left one at an address that it knew;
/// it cannot have known this name (ADR 0045). Browsers take every name below `localhost` for this
/// machine without asking anybody (RFC 6761, 6.3; Secure Contexts, 3.1). Pure.
namespace lanyard::agent {

/// "lanyard-" and 128 random bits in hexadecimal, below localhost.
[[nodiscard]] std::string make_page_name(Rng& rng);
/// Whether it has the shape of one, in small letters as browsers send it.
[[nodiscard]] bool is_page_name(std::string_view host);

}  // namespace lanyard::agent
