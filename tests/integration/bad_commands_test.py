#!/usr/bin/env python3
"""Command lines and values that make no sense: said in one breath, and nothing is changed."""

import json
import os
import socket
import subprocess
import unittest

from bad_input import KeeperTest, assert_error

MIB = 1024 * 1024
ID = "K7QM2VXA" * 7

# What is no command line: (words, what is wrong, the nearest word that there is)
USAGE = [
    (["--json"], "A command is missing", None),
    (["statsu"], "no command statsu", "status"),
    (["Status"], "no command Status", "status"),
    (["stauts", "--json"], "no command stauts", "status"),
    (["zzzzzzzz"], "no command zzzzzzzz", None),
    (["x" * 5000], "no command xxx", None),
    ([b"stat\xffus"], r"no command stat\xffus", "status"),
    (["stat\x1b[2Jus"], r"no command stat\x1b[2Jus", None),
    (["data"], "data wants a command: put, patch, get", None),
    (["data", "putt", "kept"], "no command putt", "put"),
    (["space", "inof", "kept"], "no command inof", "info"),
    (["devices", "lits"], "no command lits", "list"),
    (["--jsno", "status"], "no option --jsno", "--json"),
    (["status", "--chekc"], "no option --chekc", "--check"),
    (["agent", "--sync-prot", "1"], "no option --sync-prot", "--sync-port"),
    (["space", "info", "kept", "--no-hsah"], "no option --no-hsah", "--no-hash"),
    (["status", "-x"], "no option -x", None),
    (["status", "extra"], "one argument too many: extra", None),
    (["import", "a", "b"], "one argument too many: b", None),
    (["space", "info"], "The space is missing", None),
    (["data", "get", "kept", "tasks"], "The key is missing", None),
    (["config", "set", "sync.port"], "The value is missing", None),
    (["devices", "add"], "The device-id is missing", None),
    (["devices", "add", ID, "--at"], "--at", None),
    (["status", "--data-dir"], "--data-dir", None),
    (["status", "--timeout"], "--timeout", None),
    (["status", "--timeout", "x"], "--timeout", None),
    (["status", "--timeout", "0"], "--timeout", None),
    (["status", "--timeout", "-1"], "--timeout", None),
    (["log", "-n"], "--lines", None),
    (["log", "-n", "x"], "--lines", None),
    (["log", "-n", "-5"], "--lines", None),
    (["log", "-n", "9" * 30], "--lines", None),
    (["data", "query", "kept", "tasks", "--limit", "0"], "--limit", None),
    (["data", "query", "kept", "tasks", "--limit", "1e9"], "--limit", None),
    (["conflicts", "resolve", "c-1"], "--use", None),
    (["conflicts", "resolve", "c-1", "--use", "1", "--merge"], "--use", None),
    (["conflicts", "resolve", "c-1", "--use", "0"], "--use", None),
]
PUT = ["data", "put", "kept", "tasks", "kept-1"]
QUERY = ["data", "query", "kept", "tasks"]
# What is understood and refused: (what, words, exit code, what the error says)
REFUSED = [
    ("no such space", ["space", "info", "kpet"], 4, ['Did you mean "kept"?']),
    ("a space named by a path", ["space", "info", "../kept"], 4, ["../kept"]),
    ("no such record", ["data", "get", "kept", "tasks", "../../etc"], 4, ["../../etc"]),
    ("no such device", ["ping", "nobody"], 4, ["nobody"]),
    ("an id cut short", ["devices", "add", "K7QM"], 2, ["too short"]),
    ("an id with a slip", ["devices", "add", ID], 2, []),
    ("an id that is none", ["devices", "add", "../../x"], 2, []),
    ("its own id", ["devices", "add", "OWN"], 2, []),
    ("an address without a port", ["devices", "add", "OWN", "--at", "pi"], 2, []),
    ("no such conflict", ["conflicts", "show", "c-00000000"], 4, ["c-00000000"]),
    ("a conflict that is SQL", ["conflicts", "show", "x'; DROP TABLE lanyard_space"], 4, []),
    ("an empty name", ["space", "create", ""], 2, ["name"]),
    ("a name of 65 bytes", ["space", "create", "n" * 65], 2, ["64"]),
    ("a name that moves the cursor", ["space", "create", "a\x1b[2J"], 2, [r"name"]),
    ("a name in no UTF-8", ["space", "create", b"\xff\xfe"], 2, []),
    ("a name that is taken", ["space", "create", "kept"], 1, ["kept"]),
    ("a key of 513 bytes", ["data", "put", "kept", "tasks", "k" * 513, "{}"], 1, ["512"]),
    ("an empty key", ["data", "put", "kept", "tasks", "", "{}"], 2, []),
    ("a key in no UTF-8", ["data", "put", "kept", "tasks", b"\xff", "{}"], 2, []),
    ("a collection of 65 bytes", ["data", "put", "kept", "c" * 65, "k", "{}"], 1, ["64"]),
    ("an empty collection", ["data", "put", "kept", "", "k", "{}"], 2, []),
    ("a bracket too few", [*PUT, "{"], 2, ["not good JSON"]),
    ("an array", [*PUT, "[1]"], 2, ["object"]),
    ("a text", [*PUT, '"x"'], 2, ["object"]),
    ("a member twice", [*PUT, '{"a":1,"a":2}'], 2, ["not good JSON"]),
    ("1e400", [*PUT, '{"a":1e400}'], 1, ["a number is too large"]),
    ("NaN", [*PUT, '{"a":NaN}'], 2, ["not good JSON"]),
    ("a lone surrogate", [*PUT, r'{"a":"\ud800"}'], 2, ["not good JSON"]),
    ("bytes that are no UTF-8", [*PUT, b'{"a":"\xff"}'], 2, ["not good JSON"]),
    ("brackets 100,000 deep", [*PUT, '{"a":' + "[" * 100_000], 1, ["nested"]),
    ("a name of 257 bytes", [*PUT, '{"' + "n" * 257 + '":1}'], 1, ["256"]),
    ("127 KiB of noise", [*PUT, "x" * 127 * 1024], 2, ["not good JSON"]),
    ("a value that is no file", [*PUT, "@/nothing/here"], 4, ["/nothing/here"]),
    ("a folder as value", [*PUT, "@/"], 4, ["there is no file /"]),
    ("a device as value", [*PUT, "@/dev/zero"], 4, ["/dev/zero"]),
    ("a version that is none", [*PUT, "{}", "--based-on", "x"], 2, []),
    ("a filter that is no JSON", [*QUERY, "--where", "{"], 2, ["--where"]),
    ("an unknown comparison", [*QUERY, "--where", '{"a":{"like":1}}'], 2, ["like"]),
    ("a filter that is an array", [*QUERY, "--where", "[]"], 2, []),
    ("a resolution of nothing", ["conflicts", "resolve", "c-1", "--merge"], 4, ["c-1"]),
    ("an unknown key", ["config", "set", "sync.prot", "1"], 9, ["Did you mean sync.port?"]),
    ("a port that is none", ["config", "set", "sync.port", "x"], 9, ["integer"]),
    ("no yes to forget", ["devices", "forget", "pi"], 2, ["--yes", "changes"]),
    ("no yes to leave", ["space", "leave", "kept"], 2, ["--yes", "changes"]),
]
# On standard input: (what, bytes, exit code, what the error says)
INPUT = [
    ("nothing", b"", 2, ["not good JSON"]),
    ("a NUL", b"\0", 2, ["not good JSON"]),
    ("half a value", b'{"a":', 2, ["not good JSON"]),
    ("two values", b"{}{}", 2, ["not good JSON"]),
    ("no UTF-8", b'{"a":"\xc0\xaf"}', 2, ["not good JSON"]),
    ("a million members", b'{"":0' + b',"":0' * 1_000_000 + b"}", 1, ["more than 65,536 members"]),
    ("a million members, nested", (b"{" + b'"":0,' * 62_500 + b'"a":') * 16, 1,
     ["more than 65,536 members"]),
    ("8 MiB of brackets", b"[" * (8 * MIB - 1), 1, ["nested"]),
    ("a byte more than 8 MiB", b'{"a":"' + b"x" * (8 * MIB) + b'"}', 1, ["larger than 8 MiB"]),
    ("64 MiB of noise", b"x" * (64 * MIB), 1, ["larger than 8 MiB"]),
]


class BadCommands(KeeperTest):
    def run_quietly(self, words, stdin="/dev/null"):
        """The finished command, which the agent has hardly felt and not answered with a change."""
        words = [self.device.info["id"] if word == "OWN" else word for word in words]
        with self.device.little_memory(self):
            done = self.frugal.run([*self.device.arguments(), *words], stdin)
        self.device.assert_kept(self)
        self.assertEqual(done.stdout, "")
        return done

    def test_what_is_no_command_line(self):
        for words, wrong, nearest in USAGE:
            with self.subTest(words=words):
                done = self.run_quietly(words)
                self.assertEqual(done.returncode, 2, done.stderr)
                # What is missing is seen in the usage; what is not known needs none.
                self.assertRegex(done.stderr, r"\Alanyard: .*\n(  Usage: lanyard .*\n)?"
                                              r"  Fix: .*see  lanyard help.*\n\Z")
                self.assertIn(wrong, done.stderr)
                self.assertLess(len(done.stderr), 400)
                self.assertEqual(f"did you mean {nearest}?" in done.stderr, nearest is not None,
                                 done.stderr)

    def test_what_is_refused(self):
        for what, words, code, said in REFUSED:
            with self.subTest(what):
                assert_error(self, self.run_quietly(words), code, *said)

    def test_errors_are_one_line_of_json_where_that_is_asked_for(self):
        for what, words, code, _ in REFUSED:
            with self.subTest(what):
                error = json.loads(self.run_quietly([*words, "--json"]).stderr)
                self.assertEqual((error["schema"], error["exit"]), ("lanyard.error/1", code))
                self.assertRegex(error["code"], r"\ALY-[A-Z]\d{3}\Z")

    def test_standard_input(self):
        for what, content, code, said in INPUT:
            with self.subTest(what):
                self.file.write_bytes(content)
                assert_error(self, self.run_quietly(PUT, stdin=self.file), code, *said)

    def test_a_value_that_fits_no_request(self):
        value = json.dumps({"text": "x" * (8 * MIB - 20)})
        with self.device.little_memory(self):
            done = self.device.run(*PUT, stdin=value)
        assert_error(self, done, 1, "longer than 8 MiB", "Send less at a time")
        self.device.assert_kept(self)

    def test_values_from_what_is_no_file(self):
        folder = self.device.folder
        os.mkfifo(folder / "pipe")
        (folder / "loop").symlink_to("loop")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(folder / "socket"))
        for name in ("pipe", "loop", "socket"):
            with self.subTest(name):
                assert_error(self, self.run_quietly([*PUT, f"@{folder}/{name}"]), 4, name)


class Streams(KeeperTest):
    """Standard streams that are closed, full, or nobody's."""
    SHOWS = [["--help"], ["version"], ["status"], ["status", "--json"], QUERY, ["config", "list"],
             ["data", "get", "kept", "tasks", "kept-1"], ["space", "info", "kept", "--json"]]

    def run_with(self, words, **streams):
        given = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, **streams}
        return subprocess.run(self.device.arguments(*words), env=self.device.environment,
                              timeout=60, text=True, **given)

    def test_a_reader_that_has_gone(self):
        for words in self.SHOWS:
            with self.subTest(" ".join(words)):
                read, write = os.pipe()
                os.close(read)
                done = self.run_with(words, stdout=write)
                os.close(write)
                self.assertEqual((done.returncode, done.stderr), (141, ""))
        self.device.assert_kept(self)

    def test_output_that_finds_no_room(self):
        for words in self.SHOWS:
            with self.subTest(" ".join(words)), open("/dev/full", "w") as full:
                done = self.run_with(words, stdout=full)
                assert_error(self, done, 1, "standard output", "(LY-A021)")
        self.device.assert_kept(self)

    def test_streams_that_are_closed(self):
        for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            for words in (["status"], ["space", "info", "kpet"], PUT, ["import", "-"]):
                with self.subTest(f"{' '.join(words)} {closed}"):
                    shell = ["sh", "-c", f'exec "$@" {closed}', "sh"]
                    done = subprocess.run(shell + self.device.arguments(*words), timeout=60,
                                          env=self.device.environment, capture_output=True,
                                          stdin=subprocess.DEVNULL)
                    expected = {"status": 0, "space": 4, "data": 2, "import": 1}[words[0]]
                    self.assertEqual(done.returncode, expected, done.stderr)
        self.device.assert_kept(self)


if __name__ == "__main__":
    unittest.main()
