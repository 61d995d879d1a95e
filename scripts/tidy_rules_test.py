"""Findings that tidy.py must make, and clean code in which it must find nothing."""

import planted

_LONG = "  work();\n" * 59
_SHORT = "  work();\n" * 57
_TO_DO, _HOME, _PAPER = "TO" + "DO", "/" + "home/ada/lanyard", "desi" + "gn 5"

# (file, text, rule, line on which it must be found)
PLANTED = [
    # Sizes. A body of 59 lines and its two braces' lines make 61.
    ("a/a.cpp", "void f() {\n" + _LONG + "}\n", "function-length", 1),
    ("a/b.cpp", "namespace a {\nclass B {\n public:\n  void f(int x) const {\n" + _LONG
     + "  }\n};\n}", "function-length", 4),
    ("a/c.cpp", "B::B(int a)\n    : a_{a}, b_{1} {\n" + _LONG + "}\n", "function-length", 1),
    ("a/d.cpp", "template <class T>\nauto f(T a) -> std::vector<T> {\n" + _LONG + "}\n",
     "function-length", 1),
    ("a/e.cpp", 'TEST_CASE("a device never {") {\n' + _LONG + "}\n", "function-length", 1),
    ("a/f.cpp", "int a = 1;\nint g(struct stat* s) {\n" + _LONG + "}\n", "function-length", 2),
    ("a/g.cpp", '#define X(a) \\\n  do {  \\\n  }\nconst char* s = "{";\nvoid h() {\n' + _LONG
     + "}\n", "function-length", 5),
    ("a/a.py", "def f():\n" + "    work()\n" * 60, "function-length", 1),
    ("a/run", "#!/usr/bin/env bash\nf() {\n" + _LONG + "}\n", "function-length", 2),
    ("a/h.hpp", "// line\n" * 401, "file-length", 401),
    ("a/i.cpp", "\n// " + "x" * 98 + "\n", "line-length", 2),
    ("a/b.py", "# " + "x" * 99 + "\n", "line-length", 1),
    ("a/c.sh", "# " + "x" * 99 + "\n", "line-length", 1),
    # Names.
    ("a/j.hpp", "class SyncManager {};\n", "type-name", 1),
    ("a/k.hpp", "\nstruct PathUtils;\n", "type-name", 2),
    ("a/l.hpp", "enum class HelperKind { kA };\n", "type-name", 1),
    ("a/m.hpp", "using ReadHandler = void (*)();\n", "type-name", 1),
    ("a/c.py", "class FileManager:\n    pass\n", "type-name", 1),
    ("a/string_utils.hpp", "int a();\n", "file-name", 1),
    # Calls.
    ("a/n.cpp", "int a = std::rand();\n", "call", 1),
    ("a/o.cpp", "\nvoid f() { strcpy(a, b); }\n", "call", 2),
    ("a/p.cpp", "void f() { std::sprintf(a, b); }\n", "call", 1),
    ("a/q.cpp", "void f() { gets(a); }\n", "call", 1),
    ("a/r.cpp", "int a = std::stoi(b);\n", "call", 1),
    ("a/s.cpp", "int a = ::system(b);\n", "call", 1),
    ("a/t.cpp", "void f() { out << std::endl; }\n", "call", 1),
    ("a/u.cpp", "void f() { assert(a == b); }\n", "call", 1),
    ("a/v.cpp", "void f() { delete p; }\n", "call", 1),
    ("a/w.cpp", "void f() { throw std::runtime_error(x); }\n", "call", 1),
    ("a/x.cpp", "void* p = malloc(3);\n", "call", 1),
    ("a/y.cpp", "using namespace std;\n", "call", 1),
    ("crypto/a.cpp", "bool b = std::memcmp(x, y, 3) == 0;\n", "call", 1),
    ("tests/unit/a.cpp", "void f() { std::this_thread::sleep_for(1s); }\n", "call", 1),
    ("agent/a.cpp", "void f() { usleep(3); }\n", "call", 1),
    ("a/d.py", "import os\nos.system(command)\n", "call", 2),
    # Leftovers.
    ("a/z.cpp", f"int a;  // {_TO_DO}: more\n", "unfinished", 1),
    ("docs/A.md", f"words\n{_TO_DO} write this\n", "unfinished", 2),
    ("docs/B.md", f"see {_HOME}/x\n", "machine-path", 1),
    ("docs/C.md", "words\n" + _PAPER + " says why\n", "foreign-paper", 2),
    ("a/2.cpp", f"int a;  // ({_PAPER})\n", "foreign-paper", 1),
    ("a/1.cpp", f'auto path = "{_HOME}";\n', "machine-path", 1),
]

_PRIVATE = "namespace a {\nnamespace {\n\nint f(int x) {\n  return x;\n}\n\n}  // namespace\n}\n"
# A file of the same room, to be found together with it.
PLANTED_BESIDE = {("a/4.cpp", _PRIVATE): ("a/3.cpp", _PRIVATE)}
PLANTED += [(path, text, "private-name", 4) for path, text in PLANTED_BESIDE]

# (file, text) in which nothing may be found.
CLEAN = [
    ("a/a.cpp", "void f() {\n" + _SHORT + "}\nvoid g() {\n" + _SHORT + "}\n"),
    ("a/b.cpp", "// std::endl, strcpy(a, b), " + '\nconst char* s = "gets(a) throw";\n'
     "Result<int> make() { return reader.rand(); }\nint deletes(int deleted);\n"
     "bool operator==(A a, B b) = delete;\n"
     "void f(A&& a) { spawn.system(a); strand(a); restore(x); my::system(a); }\n"
     "static_assert(sizeof(int) == 4);\nusing namespace std::chrono_literals;\n"),
    ("a/c.hpp", "struct Peer {\n" + "  int member;\n" * 70 + "};\n"),
    ("a/d.hpp", "namespace a {\n" + "int f();\n" * 70 + "}  // namespace a\n"),
    ("a/e.cpp", "constexpr std::array<int, f(3)> kAll = {\n" + "    1,\n" * 70 + "};\n"),
    ("tests/unit/a.cpp", "void f() { throw Failed(); }\n"),
    ("tests/integration/a.cpp", "void f() { std::this_thread::sleep_for(step); }\n"),
    ("tests/vectors/a.cpp", "x" * 200),
    ("b/f.cpp", _PRIVATE),
    ("b/g.cpp", _PRIVATE.replace("namespace a {", "namespace b {")),
    ("c/g.cpp", _PRIVATE),
    ("a/run", "#!/usr/bin/env bash\nfirst() {\n" + _SHORT + "}\nsecond() {\n" + _SHORT + "}\n"),
    ("docs/A.md", "x" * 200 + " in `~/.local/share/lanyard`, see https://a.example/home/page\n"),
]


def run(check_tree):
    """Runs both tables; returns how many findings were planted and what went wrong."""
    return planted.run(check_tree, PLANTED, CLEAN, PLANTED_BESIDE)
