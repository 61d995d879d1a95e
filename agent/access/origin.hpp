#pragma once

#include <string_view>

#include "replication/types/result.hpp"

namespace lanyard::agent {

/// Whether the text is an origin exactly as browsers send it (RFC 6454, 6.2; the URL standard's
/// serialisation): "scheme://host[:port]", in lower case, without a path or a slash at the end, the
/// scheme's own port left out. "null" is none. Origins are compared byte by byte, so one in any
/// other spelling would never match. Pure.
///
/// Beside http and https a scheme may be that of a desktop shell or an extension, whose pages have
/// it to themselves: tauri, capacitor, app, chrome-extension, vscode-webview and the like. What
/// stands behind it is the shell's own name for the page, in whatever case, and may be nothing. A
/// scheme that any page or file can have (file, data, blob, ...) is none.
[[nodiscard]] bool is_origin(std::string_view text);

/// kUsage, with how it should look, for a text that is none.
[[nodiscard]] Status check_origin(std::string_view text);

/// At most this long: a host name has 253 bytes.
inline constexpr std::size_t kOriginBytesMax = 270;

}  // namespace lanyard::agent
