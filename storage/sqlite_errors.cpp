#include "storage/sqlite_errors.hpp"

#include <sqlite3.h>

namespace lanyard::storage {

Code code_of_sqlite(int sqlite_code) {
  switch (sqlite_code & 0xFF) {
    case SQLITE_FULL: return Code::kDiskFull;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH: return Code::kReadOnly;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Code::kBusy;
    case SQLITE_INTERRUPT: return Code::kInterrupted;
    case SQLITE_TOOBIG: return Code::kTooLarge;
    case SQLITE_IOERR:
    case SQLITE_NOMEM: return Code::kInputOutput;
    default: return Code::kCorrupt;
  }
}

bool is_about_sql(int sqlite_code) {
  switch (sqlite_code & 0xFF) {
    case SQLITE_ERROR:
    case SQLITE_AUTH:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE: return true;
    default: return false;
  }
}

std::string fix_for(Code code) {
  switch (code) {
    case Code::kDiskFull: return "Free some space on this disk. What was acknowledged is kept.";
    case Code::kReadOnly: return "Make the folder and the file writable, or set data_dir.";
    case Code::kInputOutput: return "Check the disk, then start the agent again.";
    case Code::kCorrupt: return "Run `lanyard check`, or restore the file from a backup or a peer.";
    default: return {};
  }
}

}  // namespace lanyard::storage
