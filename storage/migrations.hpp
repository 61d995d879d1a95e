#pragma once

#include <span>
#include <string_view>

namespace lanyard::storage {

/// One step of the schema: storage/schema/NNNN_*.sql. Applied in order, each once, forward only.
struct Migration {
  int version;
  std::string_view sql;
};

/// By version, from 1. Compiled in from the .sql files.
[[nodiscard]] std::span<const Migration> migrations();
/// The same for platform.sqlite: storage/schema/platform_NNNN.sql.
[[nodiscard]] std::span<const Migration> platform_migrations();
/// The same for compat.sqlite: storage/schema/compat_NNNN.sql.
[[nodiscard]] std::span<const Migration> compat_migrations();

/// What a file of this Lanyard has in its user_version.
[[nodiscard]] inline int schema_version() { return migrations().back().version; }

}  // namespace lanyard::storage
