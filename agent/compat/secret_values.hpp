#pragma once

#include <string_view>

namespace lanyard::agent {

/// Whether a text is, or has in it, what looks like a secret whatever the name of its member: a
/// private key as PEM, an API key or token of a kind that its issuer gives a beginning of its own
/// (`sk-...`, `ghp_...`, `AKIA...`), a JSON Web Token (RFC 7519), credentials of HTTP (RFC 9110,
/// 11.4), an address with a password in it (RFC 3986, 3.2.1), a webhook. A best effort: most
/// secrets look like nothing. Pure.
[[nodiscard]] bool looks_secret(std::string_view text);

}  // namespace lanyard::agent
