#include "agent/compat/compat_protocol.hpp"

namespace lanyard::agent {

void index_fields(Services& services, const std::string& space,
                  std::vector<storage::DeclaredIndex> fields) {
  services.directory.find(space,
                          [&services, fields = std::move(fields)](const Result<SpaceId>& found) {
                            if (!found) return;
                            for (const storage::DeclaredIndex& each : fields)
                              services.data.declare_index(*found, each, true, [](const auto&) {});
                          });
}

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
