#!/usr/bin/env bash
# What to run before a commit: format, rooms, style, build, clang-tidy, and the quick tests.
# Usage: scripts/check.sh                  all parts; clang-tidy on what is not committed
#        scripts/check.sh --since COMMIT   clang-tidy on what changed since COMMIT
#        scripts/check.sh --all            clang-tidy on every file
#        scripts/check.sh --fix            let clang-format rewrite the files first
#        scripts/check.sh PART...          only these: format rooms tidy build clang-tidy tests
# Goes through every part, then says which had findings. Exit code: 0 none, 1 findings, 2 usage.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

choice=(--since HEAD)
fix=0
wanted=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage ;;
    --all) choice=(--all) ;;
    --fix) fix=1 ;;
    --since)
      [ $# -ge 2 ] || fail_usage "--since wants a commit"
      choice=(--since "$2") && shift
      ;;
    format | rooms | tidy | build | clang-tidy | tests) wanted+=("$1") ;;
    *) fail_usage "unknown option or part $1" ;;
  esac
  shift
done
[ ${#wanted[@]} -gt 0 ] || wanted=(format rooms tidy build clang-tidy tests)

check_format() {
  local mode=(--dry-run -Werror)
  [ $fix -eq 0 ] || mode=(-i)
  scripts/cpp_files.py --all | xargs -r -d '\n' -n 20 -P "$jobs" clang-format "${mode[@]}"
}

check_rooms() { scripts/check_rooms.py; }
check_tidy() { scripts/tidy.py; }
check_build() { configure dev && build dev all; }

# clang 14 cannot read all C++20 that gcc 12 compiles (some comparisons of libstdc++, for example).
# Such a file is named and left out: what gcc accepts is no finding.
check_one() {
  local file=$1 output
  if output=$(clang-tidy -p build/dev/clang-tidy --quiet "$file" 2>/dev/null); then
    printf 'ok  %s\n' "$file"
  elif grep -qF '[clang-diagnostic-error]' <<<"$output"; then
    printf 'not checked, clang cannot read it: %s\n' "$file"
  else
    printf '%s\n' "$output"
    return 1
  fi
}
export -f check_one

# shellcheck disable=SC2016 # the inner shell expands $1
check_clang-tidy() {
  configure dev
  scripts/without_pch.py build/dev build/dev/clang-tidy || return 1
  scripts/cpp_files.py "${choice[@]}" --compiled build/dev |
    xargs -r -d '\n' -n 1 -P "$jobs" bash -c 'check_one "$1"' check_one
}

check_tests() {
  configure dev
  build dev all
  ctest --test-dir build/dev --output-on-failure --no-tests=error --parallel "$jobs" \
    --label-exclude '^(slow|sim|integration|style)$'
}

# What clients see is described in other files. Routes, fields of the status and methods of the
# control socket are compared exactly by tests; whether people are told, a person must say.
remind() {
  local changed since=HEAD
  [ "${choice[0]}" != --since ] || since=${choice[1]}
  changed=$({ git diff --name-only "$since" && git ls-files -o --exclude-standard; } 2>/dev/null)
  local seen='^agent/(api/routes_|json/|control/methods_|cli/[a-z_]*verbs|config_keys)'
  grep -qE "$seen" <<<"$changed" || return 0
  grep -q '^CHANGELOG.md$' <<<"$changed" ||
    printf 'Remember: what clients see has changed, and CHANGELOG.md has not.\n'
  grep -q '^docs/' <<<"$changed" ||
    printf 'Remember: what clients see has changed, and docs/ has not (API.md, CONTROL.md).\n'
  grep -q '^agent/api/openapi.json$' <<<"$changed" ||
    printf 'Remember: agent/api/openapi.json has not changed; test_agent compares it.\n'
}

findings=()
for part in "${wanted[@]}"; do
  begin_part "$part"
  ("check_$part") || findings+=("$part")
  end_part
done
print_seconds
remind
if [ ${#findings[@]} -gt 0 ]; then
  printf '\ncheck.sh: findings in: %s\n' "${findings[*]}" >&2
  exit 1
fi
printf '\ncheck.sh: nothing found\n'
