# Sourced by the scripts of this folder: where the tree is, how to build it, how to fail.
# Works in a clean clone, as root or as a user with sudo, from any folder, with no terminal.
# shellcheck shell=bash

script_path=$(realpath "${BASH_SOURCE[1]}")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root" || exit 1
exec </dev/null # nothing here asks a question

script=$(basename "$script_path")
# As many compilers at a time as there are cores, and as memory is there for: one takes up to 1 GB.
jobs=$(nproc 2>/dev/null || echo 2)
memory_gb=$(awk '/^MemAvailable:/ { print int($2 / 1000000) }' /proc/meminfo 2>/dev/null || true)
[ "${memory_gb:-$jobs}" -ge "$jobs" ] || jobs=$((memory_gb > 1 ? memory_gb : 1))
# A cache of our own with a bound, unless the person has chosen one: theirs is not ours to shrink.
if [ -z "${CCACHE_DIR:-}" ]; then
  export CCACHE_DIR="$root/build/ccache" CCACHE_MAXSIZE="${CCACHE_MAXSIZE:-1G}"
fi
export CCACHE_BASEDIR="$root"

# Prints the comment at the top of the calling script, and ends.
usage() {
  sed -n '2,/^[^#]/ { s/^# \{0,1\}//p }' "$script_path"
  exit 0
}

# fail WHAT WHY FIX: ends the script with what happened, what it means, what to do.
fail() {
  printf '%s: %s\n  Why: %s\n  Fix: %s\n' "$script" "$1" "$2" "$3" >&2
  exit 1
}

# fail_usage WHAT: the same for a command line that makes no sense, with its own exit code.
fail_usage() {
  printf '%s: %s\n  Fix: see  scripts/%s --help\n' "$script" "$1" "$script" >&2
  exit 2
}

part_names=()
part_seconds=()
# begin_part NAME, then end_part: says what is being done, and remembers how long it took.
begin_part() {
  part_names+=("$1")
  part_began=$SECONDS
  printf '\n== %s\n' "$1"
}
end_part() {
  part_seconds+=($((SECONDS - part_began)))
  printf '== %s: %d s\n' "${part_names[-1]}" "${part_seconds[-1]}"
}
print_seconds() {
  local index
  printf '\nseconds:\n'
  for index in "${!part_seconds[@]}"; do
    printf '  %5d  %s\n' "${part_seconds[$index]}" "${part_names[$index]}"
  done
  printf '  %5d  in all\n' "$SECONDS"
}

# install_packages run|test: from Debian's own archive, what that needs.
install_packages() {
  scripts/setup --quiet "$1" || fail "the packages could not be installed" \
    "scripts/setup said why, above" "mend that, then run scripts/$script again"
}

# configure PRESET
configure() {
  mkdir -p build
  cmake --preset "$1" --log-level=WARNING >/dev/null ||
    fail "the build could not be configured (preset $1)" "CMake said why, above" \
      "run scripts/setup; if build/$1 is from another checkout, remove it"
}

# build PRESET TARGET...
build() {
  local preset=$1
  shift
  cmake --build "build/$preset" --parallel "$jobs" --target "$@" ||
    fail "the build failed (preset $preset, target $*)" "the compiler said why, above" \
      "mend the source; nothing was installed or started"
}
