#!/usr/bin/env python3
"""Style as a test: sizes, names, calls that have a better replacement, and leftovers.

ctest runs it as `tidy`. Before it looks at the tree it plants each kind of finding in a temporary
folder and makes sure that it finds every one. Sizes are signals about design, not targets: where a
function reads better whole, name it in LONG_FUNCTIONS of scripts/tidy_rules.py with the reason.

Usage: scripts/tidy.py              test itself, then check the tree
       scripts/tidy.py --self-test  test itself only
       scripts/tidy.py --root DIR   check another tree
       scripts/tidy.py --longest N  print the N longest functions and files
Exit code: 0 nothing found, 1 findings (each with file, line and what to do instead), 2 usage.
"""

import argparse
import ast
import io
import re
import sys
import tokenize
from pathlib import Path

import tidy_rules as rules
import tidy_rules_test
from source_text import (
    Finding,
    closing_brace,
    code_only,
    line_of,
    source_files,
    without_directives,
)

# What opens a brace with declarations inside. With a `)` behind it, the word is a parameter's type.
SCOPE = re.compile(r"\b(?:namespace|class|struct|union|enum)\b(?!.*\))|\bextern\s+\"", re.DOTALL)


def language_of(path, text):
    """cpp, py, sh, or nothing for what is not a program."""
    if path.endswith((".cpp", ".hpp")):
        return "cpp"
    if path.endswith(".py") or re.match(r"#!.*\bpython3?\b", text):
        return "py"
    if path.endswith(".sh") or re.match(r"#!.*\b(?:ba)?sh\b", text):
        return "sh"
    return None


def cpp_functions(text):
    """(name, first line, last line) of each function with a body, as clang-format lays them out."""
    code = without_directives(code_only(text))
    start = position = 0
    while match := re.compile(r"[{};]").search(code, position):
        sign, position = match.group(), match.end()
        head = code[start : match.start()]
        if sign == "{" and not SCOPE.search(head):
            end = closing_brace(code, match.start())
            position = end + 1
            # Braces of a member initializer: the head goes on behind them.
            if re.compile(r"\s*[,{]").match(code, position):
                continue
            # A brace with `;` or `)` behind it was a value.
            if "(" in head and not re.compile(r"\s*[;)]").match(code, position):
                # Labels such as `public:` stand between the last declaration and this one.
                first = start + re.match(r"(?:\s*\w+\s*:(?!:))*\s*", head).end()
                name = function_name(text[first : match.start()])
                yield name, line_of(code, first), line_of(code, end)
        start = position


def function_name(head):
    """What people call it: the sentence of a TEST_CASE, else the name before the parameters."""
    sentence = re.match(r'\s*[A-Z_]+\s*\(\s*"([^"]*)"', head)
    if sentence:
        return sentence.group(1)
    name = re.search(r"((?:\w+::)*~?(?:operator[^\s(]*|\w+))\s*\(", head)
    return name.group(1) if name else " ".join(head.split())[:60]


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno


def shell_functions(text):
    for match in re.finditer(r"^(?:function\s+)?(\w+)\s*\(\)\s*[{(]\n.*?^[})]", text, re.M | re.S):
        yield match.group(1), line_of(text, match.start()), line_of(text, match.end() - 1)


def python_code(text):
    """Python without comments and strings, with the same lines."""
    lines = text.splitlines(keepends=True)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.STRING, tokenize.COMMENT):
            (first, begin), (last, end) = token.start, token.end
            for row in range(first - 1, last):
                left = begin if row == first - 1 else 0
                right = end if row == last - 1 else len(lines[row])
                blank = re.sub(r"[^\n]", " ", lines[row][left:right])
                lines[row] = lines[row][:left] + blank + lines[row][right:]
    return "".join(lines)


FUNCTIONS = {"cpp": cpp_functions, "py": python_functions, "sh": shell_functions}


def check_sizes(path, text, language, used_allowances):
    lines = text.splitlines()
    if len(lines) > rules.FILE_LINES_MAX:
        yield Finding(
            path, len(lines), "file-length", f"{len(lines)} lines, {rules.FILE_LINES_MAX} at most",
            "find the two nouns in it, and give each a file",
        )
    for number, line in enumerate(lines, 1):
        if len(line) > rules.LINE_COLUMNS_MAX:
            yield Finding(
                path, number, "line-length",
                f"{len(line)} columns, {rules.LINE_COLUMNS_MAX} at most", "break the line",
            )
    for name, first, last in FUNCTIONS[language](text):
        if last - first + 1 <= rules.FUNCTION_LINES_MAX:
            continue
        if (path, name) in rules.LONG_FUNCTIONS:
            used_allowances.add((path, name))
            continue
        yield Finding(
            path, first, "function-length",
            f"`{name}` has {last - first + 1} lines, {rules.FUNCTION_LINES_MAX} at most",
            "let one function decide and small pure ones do",
        )


def check_names(path, code, language):
    stem = Path(path).stem.lower()
    if set(re.split(r"[_\-.]", stem)) & rules.BANNED_FILE_WORDS:
        yield Finding(
            path, 1, "file-name", f"{stem} says nothing about what is in it",
            "name the file after the one thing it is about",
        )
    if language == "sh":
        return
    for match in rules.BANNED_TYPE.finditer(code):
        yield Finding(
            path, line_of(code, match.start(1)), "type-name",
            f"{match.group(1)}: a {match.group(2)} is no noun with one job",
            "say what it is or decides (Intake, DialPlan, Listener); if that needs `and`, split it",
        )


def check_calls(path, code, language):
    for call in rules.BANNED_CALLS:
        if language != call.language or not re.match(call.where, path):
            continue
        for match in re.finditer(call.pattern, code):
            if (path, match.group().strip()) in rules.ALLOWED_CALLS:
                continue
            yield Finding(
                path, line_of(code, match.start()), "call",
                f"`{match.group().strip()}` is banned here", call.instead,
            )


def check_leftovers(path, text):
    """In programs and papers alike."""
    for pattern, rule, instead in rules.LEFTOVERS:
        for match in re.finditer(pattern, text):
            yield Finding(path, line_of(text, match.start()), rule, match.group().strip(), instead)


def private_functions(code):
    """(namespace, name, line) of each function that a file keeps to itself."""
    for block in re.finditer(r"^namespace \{\n(.*?)^\}", code, re.M | re.S):
        around = re.findall(r"^namespace ([\w:]+) \{", code[: block.start()], re.M)
        for match in re.finditer(rules.FUNCTION_AT_MARGIN, block.group(1), re.M):
            line = line_of(code, block.start(1) + match.start())
            yield "::".join(around[-1:]), match.group(1), line


def check_private_names(codes):
    """Several files of a room are compiled as one: an overload of another file would be called."""
    owners = {}
    for path, code in sorted(codes.items()):
        parts = Path(path).parts
        room = parts[:3] if parts[0] == "tests" else parts[:1]
        for namespace, name, line in private_functions(code):
            owner = owners.setdefault((room, namespace, name), path)
            if owner != path:
                yield Finding(
                    path, line, "private-name", f"{owner} has a `{name}` of its own",
                    "say in the name what this one is about",
                )


def check_tree(root):
    """All findings of a tree, in order of path and line."""
    findings, used_allowances, codes = [], set(), {}
    for path in source_files(root):
        try:
            text = (Path(root) / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # not a text of ours
        language = language_of(path, text)
        if language or path.endswith(rules.PAPERS):
            findings += check_leftovers(path, text)
        if language is None:
            continue
        code = {"cpp": code_only, "py": python_code}.get(language, str)(text)
        if path.endswith(".cpp"):
            codes[path] = code
        findings += check_sizes(path, text, language, used_allowances)
        findings += check_names(path, code, language)
        findings += check_calls(path, code, language)
    findings += check_private_names(codes)
    for path, name in sorted(rules.LONG_FUNCTIONS.keys() - used_allowances):
        if (Path(root) / path).exists():
            findings.append(Finding(
                path, 1, "stale-allowance", f"`{name}` is short enough, or gone",
                "take it out of LONG_FUNCTIONS of scripts/tidy_rules.py",
            ))
    return sorted(findings)


def print_longest(root, count):
    functions, files = [], []
    for path in source_files(root):
        text = (Path(root) / path).read_text(encoding="utf-8", errors="replace")
        language = language_of(path, text)
        if language:
            files.append((len(text.splitlines()), path))
            functions += [
                (last - first + 1, f"{path}:{first} {name}")
                for name, first, last in FUNCTIONS[language](text)
            ]
    for title, rows in (("functions", functions), ("files", files)):
        print(f"longest {title}:")
        for lines, what in sorted(rows, reverse=True)[:count]:
            print(f"  {lines:4} {what}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--self-test", action="store_true", help="test the script itself only")
    parser.add_argument("--longest", type=int, metavar="N", help="print the longest and stop")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    options = parser.parse_args()
    if options.longest:
        print_longest(options.root, options.longest)
        return 0

    planted, missed = tidy_rules_test.run(check_tree)
    if missed:
        print("tidy: the script itself is broken:\n  " + "\n  ".join(missed))
        return 1
    if options.self_test:
        print(f"tidy: found all {planted} planted findings, and nothing in clean code")
        return 0
    findings = check_tree(options.root)
    for finding in findings:
        print(finding)
    print(f"tidy: {len(findings)} findings ({planted} planted ones were found first)")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
