"""The rules of tidy.py as data: sizes, words, and calls with what to use in their place."""

import re
from typing import NamedTuple

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 400
LINE_COLUMNS_MAX = 100

# Functions that read better whole: (file, name) -> why. A name that is short enough is a finding.
LONG_FUNCTIONS = {
    ("tests/unit/agent/config_test.cpp",
     "a bad configuration file is refused with file, line, key and the fix"): "a table of rows",
    ("tests/unit/agent/import_test.cpp",
     "what is no export of this kind is refused with its place"): "a table of rows",
}

# Texts for people, in which only leftovers are looked for.
PAPERS = (".md", ".txt", ".cmake", ".sql", ".json", ".yml", ".yaml", ".toml", ".service")

BANNED_TYPE = re.compile(
    r"\b(?:class|struct|union|enum(?:\s+class)?|using|typedef|concept)\s+"
    r"(?:\[\[[^\]]*\]\]\s*)?(\w*(Manager|Helper|Utils|Handler)\w*)"
)
BANNED_FILE_WORDS = {"manager", "helper", "helpers", "util", "utils", "handler", "misc", "stuff"}


# The name of a function whose head begins at the left margin, as clang-format lays it out.
FUNCTION_AT_MARGIN = (
    r"^(?!return|using|namespace|struct|class|enum)[A-Za-z_][\w:<>,&* \[\]]*?[\s&*](\w+)\("
)

# Calls that are right where they stand: (file, call as it is printed) -> why.
ALLOWED_CALLS = {
    ("tests/support/counted_allocations.cpp", "std::malloc("): "replaces operator new, to count",
    ("tests/support/memory_peak.cpp", "std::malloc("): "measures what the program takes",
}


class Call(NamedTuple):
    pattern: str  # regular expression on code without comments and strings
    instead: str
    where: str = ""  # regular expression on the beginning of the path; everywhere if empty
    language: str = "cpp"


# Not a member, and of no namespace but std: f( and std::f( and ::f(.
_FREE = r"(?<![\w.>])(?<!\w::)(?:std::|::)?"
_NOT_IN_TESTS = r"(?!tests/|bench/)"

BANNED_CALLS = [
    Call(_FREE + r"s?rand\s*\(", "the Rng of replication/ports.hpp"),
    Call(_FREE + r"(?:strcpy|strcat|strncpy|strncat|stpcpy)\s*\(", "std::string, or std::copy_n"),
    Call(_FREE + r"v?sprintf\s*\(", "std::to_chars, std::string or std::snprintf"),
    Call(_FREE + r"gets\s*\(", "std::getline"),
    Call(_FREE + r"strtok\s*\(", "std::string_view::find"),
    Call(_FREE + r"(?:atoi|atol|atoll|atof)\s*\(", "std::from_chars, which says what is wrong"),
    Call(r"\bstd::sto(?:i|l|ll|ul|ull|f|d|ld)\s*\(", "std::from_chars, which does not throw",
         _NOT_IN_TESTS),
    Call(_FREE + r"strerror\s*\(", "std::generic_category().message(errno): safe with threads"),
    Call(_FREE + r"(?:localtime|gmtime|ctime|asctime)\s*\(", "localtime_r or gmtime_r"),
    Call(_FREE + r"(?:system|popen)\s*\(", "posix_spawn with a list of arguments: no shell"),
    Call(_FREE + r"(?:malloc|calloc|realloc)\s*\(", "std::vector, or std::make_unique"),
    Call(r"\bdelete(?:\s*\[\s*\]\s*|\s+)\w", "std::unique_ptr"),
    Call(_FREE + r"assert\s*\(", "LANYARD_CHECK: it stays on in release builds"),
    Call(_FREE + r"(?:tmpnam|tempnam|mktemp)\s*\(", "mkstemp or mkdtemp"),
    Call(_FREE + r"alloca\s*\(", "std::array, or std::vector with a limit"),
    Call(_FREE + r"(?:setjmp|longjmp)\s*\(", "Result"),
    Call(r"\bstd::endl\b", r"'\n': endl flushes"),
    Call(r"\bstd::bind\s*\(", "a lambda that names a member function"),
    Call(r"\bstd::(?:jthread|thread)\b.*\.detach\s*\(", "join it: nobody waits for a detached one"),
    Call(r"\busing\s+namespace\s+std\b(?!::)", "the names in full"),
    Call(r"\bthrow\b", "return fail(Code::..., detail, fix): errors are values", _NOT_IN_TESTS),
    Call(r"\bmemcmp\s*\(", "sodium_memcmp: how long it takes tells nothing", r"crypto/"),
    # A test that sleeps is slow when it passes and wrong when the machine is slower.
    Call(r"\b(?:sleep_for|sleep_until)\b|" + _FREE + r"(?:u|nano)?sleep\s*\(",
         "move the simulated clock (a step with a later Now)", r"tests/(?!integration/)"),
    Call(r"\b(?:sleep_for|sleep_until)\b|" + _FREE + r"(?:u|nano)?sleep\s*\(",
         "a timer of Asio or a deadline: a sleeping thread answers nobody",
         r"(?:agent|crypto|discovery|replication|storage)/"),
    Call(r"\bos\.system\s*\(|\bshell\s*=\s*True\b", "subprocess.run with a list", "", "py"),
    Call(r"\bpickle\.loads?\s*\(|(?<![\w.])(?:eval|exec)\s*\(", "json, or ast.literal_eval",
         "", "py"),
    Call(r"(?m)^[ \t]*except\s*:", "name the exception", "", "py"),
    Call(r"\bcurl\b[^\n|]*\|\s*(?:ba)?sh\b", "download, check, then run", "", "sh"),
]

# (pattern, rule, instead) for any text. Written so that no pattern finds itself.
LEFTOVERS = [
    (r"\b(?:TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b", "unfinished", "finish it, or take the promise out"),
    (
        r"(?<![\w.~$}*-])/(?:home|Users|root|work|workspace|builds)/\w[^\s`'\")]*",
        "machine-path", "a path from the root of the tree, or ~",
    ),
    (
        r"\b(?:desig[n]|experienc[e]|reliabilit[y]) \d|\bDECISIONS[.]md\b|\bissu[e] #?\d|"
        r"\brequirement[s]/|\b[Ss]ee[d] 0\d\d\b|[.][.]/share[d]\b",
        "foreign-paper", "the explanation itself: a reader has this tree and nothing else",
    ),
    (r"^(?:<{7}|={7}|>{7})(?: .*)?$", "merge-mark", "finish the merge"),
]
