#include "agent/compat/compat_protocol.hpp"

namespace lanyard::agent {

const std::vector<CompatKind>& compat_kinds() {
  static const std::vector<CompatKind> all = [] {
    std::vector<CompatKind> out;
    for (const auto kind : {rangerplex_kind(), chatsync_kind(), cloudapi_kind()})
      out.insert(out.end(), kind.begin(), kind.end());
    return out;
  }();
  return all;
}

}  // namespace lanyard::agent
