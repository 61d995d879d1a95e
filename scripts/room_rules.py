"""The rules of check_rooms.py as data: rooms and arrows, homes of libraries, what is impure.

To let a room see another, add it to the room's list in ROOMS, and say why in the commit. To use a
new library, give it one home in HOMES.
"""

import re
from typing import NamedTuple

from source_text import closing_brace

EVERYTHING = "*"
TYPES, PORTS = "replication/types", "replication/ports.hpp"
OPLOG, MERGE = "replication/oplog", "replication/merge"
WIRE, ENGINE = "replication/wire", "replication/engine"
REPLICATION = [TYPES, PORTS, OPLOG, MERGE, WIRE, ENGINE]

# What each room may include besides itself. A file's room is the longest name that begins its path.
ROOMS = {
    TYPES: [],
    PORTS: [TYPES],
    OPLOG: [TYPES, PORTS],
    MERGE: [TYPES, OPLOG],
    WIRE: [TYPES, OPLOG],
    ENGINE: [TYPES, PORTS, OPLOG, MERGE, WIRE],
    "crypto": [TYPES, PORTS],
    "confinement": [TYPES],
    "discovery": [TYPES, PORTS, "confinement"],
    "storage": [TYPES, PORTS, OPLOG, MERGE],
    "agent": [EVERYTHING],
    # A unit test sees its room, what that room sees, and crypto as the real side of the ports.
    "tests/support": [*REPLICATION, "crypto", "storage", "discovery"],
    "tests/unit/types": [TYPES, "tests/support"],
    "tests/unit/oplog": [OPLOG, TYPES, PORTS, "crypto", "tests/support"],
    "tests/unit/merge": [MERGE, OPLOG, TYPES, PORTS, "crypto", "tests/support"],
    "tests/unit/wire": [WIRE, OPLOG, TYPES, PORTS, "crypto", "tests/support"],
    "tests/unit/engine": [*REPLICATION, "crypto", "tests/support"],
    "tests/unit/crypto": ["crypto", TYPES, PORTS, "tests/support"],
    "tests/unit/confinement": ["confinement", TYPES, "tests/support"],
    "tests/unit/discovery": ["discovery", TYPES, PORTS, "tests/support"],
    "tests/unit/storage": ["storage", MERGE, OPLOG, TYPES, PORTS, "crypto", "tests/support"],
    "tests/unit/agent": [EVERYTHING],
    # The simulator runs the core without an agent; nightly over the real SQLite.
    "tests/sim": [*REPLICATION, "crypto", "storage", "tests/support"],
    "tests/fuzz": [EVERYTHING],
    "tests/integration": [EVERYTHING],
    "bench": [EVERYTHING],
}


class Home(NamedTuple):
    headers: str  # regular expression, from the header's first character
    where: str  # regular expression on the path of the file that includes it
    place: str  # the same for people


HOMES = [
    Home(r"tl/expected\.hpp$", r"replication/types/result\.hpp$", "replication/types/result.hpp"),
    Home(r"msgpack(\.hpp|/)", r"replication/wire/codec", "replication/wire/codec"),
    Home(r"utf8proc\.h$", r"storage/names", "storage/names"),
    Home(r"(zstd|zdict)\w*\.h$", r"replication/oplog/pack", "replication/oplog/pack"),
    Home(r"sodium(\.h|/)", r"crypto/", "crypto"),
    Home(r"sqlite3\w*\.h$", r"storage/sqlite", "storage/sqlite"),
    Home(r"seccomp\.h$", r"confinement/call_filter", "confinement/call_filter"),
    Home(r"avahi-", r"discovery/avahi_", "discovery/avahi_*"),
    Home(
        r"asio(\.hpp|/)", r"(agent/(links|control)/|agent/net\.hpp$|discovery/net\.hpp$)",
        "agent/links, agent/control, agent/net.hpp and discovery/net.hpp",
    ),
    Home(
        r"boost/", r"agent/api/(beast|http_|socket_)",
        "agent/api/beast.hpp, agent/api/http_* and agent/api/socket_*",
    ),
    Home(
        r"nlohmann/", r"agent/(json|control/|cli/|import/|api/json)",
        "agent/json, agent/control, agent/cli, agent/import and agent/api/json",
    ),
    Home(r"(spdlog|fmt)/", r"agent/logging", "agent/logging"),
    Home(r"CLI/", r"agent/cli/", "agent/cli"),
    Home(r"qrencode\.h$", r"agent/cli/", "agent/cli"),
    Home(r"toml\+\+/|toml\.hpp$", r"agent/config", "agent/config"),
    Home(r"yaml-cpp/", r"agent/import/", "agent/import"),
]

# Tests and benchmarks look at results from outside, with whatever library does that best.
HOMES_DO_NOT_BIND = ("tests/", "bench/")

STANDARD_HEADERS = set(
    """
    algorithm any array atomic barrier bit bitset cassert ccomplex cctype cerrno cfenv cfloat
    charconv chrono cinttypes climits clocale cmath codecvt compare complex concepts
    condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib cstring
    ctgmath ctime cuchar cwchar cwctype deque exception execution expected filesystem format
    forward_list fstream functional future initializer_list iomanip ios iosfwd iostream istream
    iterator latch limits list locale map memory memory_resource mutex new numbers numeric optional
    ostream print queue random ranges ratio regex scoped_allocator semaphore set shared_mutex
    source_location span spanstream sstream stack stacktrace stdexcept stop_token streambuf string
    string_view strstream syncstream system_error thread tuple type_traits typeindex typeinfo
    unordered_map unordered_set utility valarray variant vector version
    """.split()
)

_THREADS = "the core has no threads: take an Input, return Effects"
_FILES = "return an Effect (Persist, LoadChanges); storage owns the files"
_OUTPUT = "return a value, a Notify effect or an Error; the agent writes the log"
_ORDER = "std::map, std::set or a sorted vector: the order of iteration is input too"
_CHANCE = "take the Rng of replication/ports.hpp as a parameter"
_TIME = "take Now (or WallTime) as a parameter"

# Standard headers that the pure rooms may not include.
IMPURE_HEADERS = {
    **dict.fromkeys(
        "thread mutex shared_mutex condition_variable atomic future semaphore latch barrier "
        "stop_token execution csignal coroutine".split(),
        _THREADS,
    ),
    **dict.fromkeys("fstream filesystem".split(), _FILES),
    **dict.fromkeys("iostream cstdio print syncstream stdio.h".split(), _OUTPUT),
    **dict.fromkeys("unordered_map unordered_set".split(), _ORDER),
    "random": _CHANCE,
    **dict.fromkeys("ctime time.h".split(), _TIME),
    **dict.fromkeys("locale clocale regex".split(), "compare bytes: locales differ by machine"),
}

# (regular expression, what it is, what to use instead). Comments and strings are gone by then.
IMPURE_CODE = [
    (r"::\s*now\s*\(", "reads a clock", _TIME),
    (r"\b(?:time|clock|clock_gettime|gettimeofday)\s*\((?!\s*\))", "reads a clock", _TIME),
    (r"\brandom_device\b|\bstd::s?rand\b|(?<![\w:.>])s?rand\s*\(", "takes chance", _CHANCE),
    (r"\bmt19937(?:_64)?\b|\bdefault_random_engine\b", "takes chance", _CHANCE),
    (
        r"\bstd::(?:jthread|thread|\w*mutex|atomic\w*|condition_variable\w*|async|promise|"
        r"(?:shared_)?future|lock_guard|unique_lock|scoped_lock|call_once)\b|\bthread_local\b",
        "threads or their locks", _THREADS,
    ),
    (r"\bstd::(?:[iow]?fstream|filesystem)\b", "files", _FILES),
    (r"(?<![\w:])(?:::)(?:open|read|write|socket|connect|bind|send|recv|close)\s*\(", "system call",
     _FILES),
    (r"\b(?:fopen|fread|fwrite|fsync|fdatasync)\s*\(", "files", _FILES),
    (r"\bstd::(?:cout|cerr|clog|cin)\b|\b(?:f|std::)?(?:printf|fprintf|puts|fputs)\s*\(",
     "prints", _OUTPUT),
    (r"\bspdlog::|\bfmt::print", "logs", _OUTPUT),
    (r"\bunordered_(?:multi)?(?:map|set)\b", "a container without an order", _ORDER),
    (r"\bstd::(?:multi)?(?:map|set)\s*<\s*(?:const\s+)?[\w:]+(?:\s+const)?\s*\*",
     "a container in the order of addresses", "order by an id or by content"),
    (r"\b(?:secure_)?getenv\s*\(", "reads the environment", "take it in Config"),
]

# What a file may do although its room may not: (path, pattern of header or code).
EXCEPTIONS = [
    # A failed LANYARD_CHECK must leave a trace, and nobody is left to return it to.
    ("replication/types/check.cpp", r"cstdio$|.*fprintf\s*\("),
]


def is_pure(path):
    return path.startswith("replication/")


def is_excepted(path, what):
    return any(path == where and re.match(pattern, what) for where, pattern in EXCEPTIONS)


def is_system_header(header):
    """C and POSIX headers: <unistd.h>, <sys/stat.h>, <netinet/in.h>, ..."""
    folders = r"(?:sys|netinet|arpa|net|linux|bits|asm)/"
    return re.match(rf"{folders}[\w./]+\.h$|[a-z_]\w*\.h$", header) is not None


# Words that make a `static` or namespace-scope declaration harmless.
_HARMLESS = re.compile(
    r"\b(?:const|constexpr|consteval|using|typedef|template|friend|operator|static_assert|class|"
    r"struct|enum|union|concept|namespace|extern|requires|return|case|default|public|private|"
    r"protected)\b"
)
# A declaration of a variable: a type and a name, and no parameter list.
_VARIABLE = re.compile(r"[A-Za-z_:][^(){}]*[\w>&*]\s*[\s&*>]\w+\s*(?:\[[^\]]*\]\s*)*")
_SIGN = re.compile(r"[{};=]")
_SCOPE = re.compile(r"\b(?:inline\s+)?namespace\b|\bextern\s+\"")


def mutable_state(code):
    """Mutable statics, and mutable variables of namespaces: (offset, declaration), as far as text
    can tell. A static inside a function or class is found by its word; a namespace's variable by
    standing where only declarations stand."""
    found = {}
    for match in re.finditer(r"\b(?:static|thread_local)\b([^;{}=(]*)([;{=(])", code):
        if not _HARMLESS.search(match.group(1)) and match.group(2) != "(":
            found[match.start()] = " ".join(match.group().split())
    for offset, text in _namespace_declarations(code):
        if not _HARMLESS.search(text) and _VARIABLE.fullmatch(text.strip()):
            if not any(offset <= known < offset + len(text) for known in found):
                found[offset + len(text) - len(text.lstrip())] = " ".join(text.split())
    return sorted(found.items())


def _namespace_declarations(code):
    """What stands on the level of the file and its namespaces, each up to its value or body."""
    start = position = 0
    while match := _SIGN.search(code, position):
        sign, position = match.group(), match.end()
        text = code[start : match.start()]
        if not (sign == "{" and _SCOPE.search(text)):
            yield start, text
            if sign == "{":
                position = closing_brace(code, match.start()) + 1
            elif sign == "=":
                position = _after_value(code, position)
        start = position


def _after_value(code, position):
    """Behind what follows an `=`: the end of its braces, or its semicolon."""
    match = re.compile(r"[;{]").search(code, position)
    if match is None:
        return len(code)
    return match.end() if match.group() == ";" else closing_brace(code, match.start()) + 1
