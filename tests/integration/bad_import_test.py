#!/usr/bin/env python3
"""Files that `lanyard import` must refuse: with the reason and the place, and nothing written."""

import json
import os
import re
import signal
import socket
import subprocess
import unittest

from bad_input import Keeper, KeeperTest, assert_error

MIB = 1024 * 1024
GOOD = json.dumps({
    "version": "2.2.0", "exportedAt": 1,
    "chats": [{"id": f"c{chat}", "title": "Über \"Tee\" \U0001f375", "model": None, "n": -1.5e3,
               "messages": [{"id": f"c{chat}-m{number}", "text": "x\ty", "position": number}
                            for number in range(3)]} for chat in range(3)],
    "settings": {"theme": "dark", "study_notes_a": {"notes": [{"id": "n1", "text": "z"}]}},
}, indent=1, ensure_ascii=False).encode()


def export(chats="", settings="", version='"2.2.0"', more=""):
    text = f'{{"version":{version},"chats":[{chats}],"settings":{{{settings}}}{more}}}'
    return text.encode("utf-8", "surrogateescape")


def message(members):
    return export('{"id":"c1","messages":[{"id":"m1",' + members + "}]}")


def value(text):
    return export(settings=f'"s":{text}')


# (what, bytes of the file, exit code, what the error says)
FILES = [
    ("empty", b"", 1, ["the file is empty"]),
    ("blank", b" \n\n\t ", 1, ["line 3, column"]),
    ("a NUL", b"\0", 1, ["line 1, column 1"]),
    ("a word", b"hello", 1, ["line 1, column 1"]),
    ("an array", b"[]", 1, ["a JSON object was expected"]),
    ("a number", b"5", 1, ["no JSON object"]),
    ("null", b"null", 1, ["no JSON object"]),
    ("an object without anything", b"{}", 1, ["no member version"]),
    ("only a version", b'{"version":"2.2.0"}', 1, ["neither chats nor settings"]),
    ("a comma too many", b'{"version":"2.2.0",}', 1, ["line 1, column 20"]),
    ("single quotes", b"{'version':'2.2.0'}", 1, ["line 1, column 2"]),
    ("a comment", b'{/* */"version":"2.2.0"}', 1, ["line 1, column 2"]),
    ("something behind the end", GOOD + b"{}", 1, [f"line {GOOD.count(10) + 1}, column"]),
    ("two in one", GOOD + GOOD, 1, [f"line {GOOD.count(10) + 1}, column"]),
    ("UTF-16", GOOD.decode().encode("utf-16"), 1, ["line 1, column 1"]),
    ("an archive", b"PK\3\4" + bytes(900), 1, ["line 1, column 1"]),
    ("a version as number", export(version="2"), 1, ["version: a text was expected"]),
    ("a version of words", export(version='"new"'), 1, ["no version"]),
    ("an older version", export(version='"1.9.0"'), 1, ["version 1.9.0", "reads 2.x"]),
    ("a newer version", export(version='"4.3.8"'), 10, ["version 4.3.8", "update Lanyard"]),
    ("chats that are an object", b'{"version":"2.2.0","chats":{}}', 1, ["chats: an array"]),
    ("chats that are null", b'{"version":"2.2.0","chats":null}', 1, ["chats: an array"]),
    ("settings that are an array", b'{"version":"2.2.0","settings":[]}', 1, ["settings: an obj"]),
    ("chats twice", export(more=',"chats":[]'), 1, ["chats occurs twice"]),
    ("a version twice", export(more=',"version":"2.0.0"'), 1, ["version occurs twice"]),
    ("a chat that is a number", export("5"), 1, ["chats[0]: an object was expected"]),
    ("a chat without id", export('{"id":"a"},{"title":"x"}'), 1, ["chats[1]: there is no id"]),
    ("an id that is a number", export('{"id":5}'), 1, ["chats[0].id: a text was expected"]),
    ("an empty id", export('{"id":""}'), 1, ["chats[0]: the id is empty"]),
    ("an id of 513 bytes", export('{"id":"' + "i" * 513 + '"}'), 1, ["chats[0]", "512 bytes"]),
    ("messages that are an object", export('{"id":"c","messages":{}}'), 1,
     ["chats[0].messages: an array was expected"]),
    ("messages twice", export('{"id":"c","messages":[],"messages":[]}'), 1, ["occurs twice"]),
    ("a message that is a text", export('{"id":"c","messages":["hi"]}'), 1,
     ["chats[0].messages[0]: an object was expected"]),
    ("a message without id", export('{"id":"c","messages":[{"text":"x"}]}'), 1,
     ["chats[0].messages[0]: there is no id"]),
    ("a place that is a text", message('"position":"x"'), 1, ["messages[0].position"]),
    ("a message of another chat", message('"chatId":"c2"'), 1, ["messages[0]", "chatId"]),
    ("a member twice", message('"a":1,"a":2'), 1, ["chats[0].messages[0]", "twice"]),
    ("a note that is a number", export(settings='"study_notes_a":{"notes":[5]}'), 1,
     ['notes[0]: an object was expected']),
    ("a chat twice", export('{"id":"c1"},{"id":"c2"},{"id":"c1"}'), 1,
     ["chats[2]: the id occurs twice, first at chats[0]"]),
    ("a message twice", export('{"id":"a","messages":[{"id":"m"}]},'
                               '{"id":"b","messages":[{"id":"m"}]}'), 1,
     ["chats[1].messages[0]: the id occurs twice, first at chats[0].messages[0]"]),
    ("brackets 100,000 deep", value("[" * 100_000), 1, ['settings["s"]: nested too deeply']),
    ("objects 100,000 deep", value('{"a":' * 100_000), 1, ["nested too deeply"]),
    ("brackets where nobody looks", export(more=',"x":' + "[" * 100_000), 1, ["nested too deep"]),
    ("brackets first of all", b"[" * 100_000, 1, ["a JSON object was expected"]),
    ("a million members", value('{"":0' + ',"":0' * 1_000_000 + "}"), 1, ["more than 65536"]),
    ("a million notes", export(settings='"study_notes_a":{"notes":[0' + ",0" * 1_000_000 + "]}"), 1,
     ["more than 65536"]),
    ("a million chats without id", export("{}," * 1_000_000 + "{}"), 1, ["chats[0]: there is no"]),
    ("30,000 chats, one twice", export(",".join(
        f'{{"id":"{n % 30_000}"}}' for n in range(30_001))), 1, ["chats[30000]: the id occurs"]),
    ("a string of 6 MiB", message('"text":"' + "x" * (6 * MIB) + '"'), 1, ["longer than 5 MiB"]),
    ("a string of 32 MiB", message('"text":"' + "x" * (32 * MIB) + '"'), 1, ["longer than 5 MiB"]),
    ("a name of 6 MiB", message('"' + "x" * (6 * MIB) + '":1'), 1, ["longer than 5 MiB"]),
    ("a string of 32 MiB left out", export(more=',"x":"' + "x" * (32 * MIB) + '"'), 1, ["5 MiB"]),
    ("8 MiB of one record", export('{"id":"c"' + "".join(
        f',"{n}":"{"x" * MIB}"' for n in range(8)) + "}"), 1, ["chats[0]: larger than 6 MiB"]),
    ("8 MiB of messages before an id", export('{"messages":[' + ",".join(
        f'{{"id":"m{n}","t":"{"x" * MIB}"}}' for n in range(8)) + '],"id":"c"}'), 1,
     ["chats[0]: its id comes after 6 MiB"]),
    ("a number of 1,001 digits", value("1" * 1001), 1, ["longer than 1000 digits"]),
    ("a number of 32 MiB", value("1" * (32 * MIB)), 1, ["longer than 1000 digits"]),
    ("a NUL in a string", value('"a\0b"'), 1, ["line 1, column"]),
    ("a line feed in a string", value('"a\nb"'), 1, ["line 2, column"]),
    ("a NUL between", export(more="\0"), 1, ["line 1, column"]),
    ("a byte that is no UTF-8", value('"\udcff"'), 1, ["line 1, column"]),
    ("overlong UTF-8", value('"\udcc0\udcaf"'), 1, ["line 1, column"]),
    ("half a character", value('"\udce2\udc82"'), 1, ["line 1, column"]),
    ("a surrogate in UTF-8", value('"\udced\udca0\udc80"'), 1, ["line 1, column"]),
    ("bad UTF-8 in a name", export(settings='"\udcff":1'), 1, ["line 1, column"]),
    ("a lone high surrogate", value(r'"\ud800"'), 1, ["line 1, column"]),
    ("a lone low surrogate", value(r'"\udc00"'), 1, ["line 1, column"]),
    ("surrogates the wrong way round", value(r'"\udc00\ud800"'), 1, ["line 1, column"]),
    ("an unknown escape", value(r'"\x41"'), 1, ["line 1, column"]),
    ("1e400", value("1e400"), 1, ['settings["s"]: a number too large']),
    ("-1e400", value("-1e400"), 1, ['settings["s"]: a number too large']),
    ("1e400 deep inside", message('"a":[{"b":1e400}]'), 1, ["chats[0].messages[0]: a number"]),
    ("a whole number beyond 1e21", value("1000000000000000000000000"), 1, ['settings["s"]']),
    ("NaN", value("NaN"), 1, ["line 1, column"]),
    ("Infinity", value("Infinity"), 1, ["line 1, column"]),
    ("a leading zero", value("01"), 1, ["line 1, column"]),
    ("a leading plus", value("+1"), 1, ["line 1, column"]),
    ("hexadecimal", value("0x10"), 1, ["line 1, column"]),
    ("no digit before the point", value(".5"), 1, ["line 1, column"]),
]
CUTS = range(1, len(GOOD), 31)


class BadFiles(KeeperTest):
    def assert_refused(self, path, code, words, stdin="/dev/null"):
        command = self.device.arguments("import", str(path), "--space", "kept")
        with self.device.little_memory(self):
            done = self.frugal.run(command, stdin)
        assert_error(self, done, code, *words)
        self.device.assert_kept(self)

    def test_contents(self):
        for what, content, code, words in FILES:
            with self.subTest(what):
                self.file.write_bytes(content)
                self.assert_refused(self.file, code, words)

    def test_a_file_that_is_cut_short_anywhere(self):
        for end in CUTS:
            with self.subTest(f"{end} of {len(GOOD)} bytes"):
                self.file.write_bytes(GOOD[:end])
                line = GOOD[:end].count(b"\n") + 1
                self.assert_refused(self.file, 1, [f"line {line}, column"])

    def test_standard_input(self):
        for what, content, words in (("nothing", b"", ["empty"]), ("half", GOOD[:-9], ["line "])):
            with self.subTest(what):
                self.file.write_bytes(content)
                self.assert_refused("-", 1, words, stdin=self.file)

    def test_paths_that_are_no_file(self):
        folder = self.device.folder / "paths"
        folder.mkdir()
        os.mkfifo(folder / "pipe")
        (folder / "loop").symlink_to("loop")
        (folder / "zero").symlink_to("/dev/zero")
        (folder / "away").symlink_to("nowhere")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(folder / "socket"))
        for what, path, code, words in (
                ("nothing there", "none.json", 4, ["No such file", "Check the path"]),
                ("a link to nothing", "away", 4, ["No such file"]),
                ("below a file", "zero/none.json", 4, ["Check the path"]),
                ("the folder", ".", 1, ["not a regular file"]),
                ("a pipe that nobody writes to", "pipe", 1, ["not a regular file"]),
                ("a link to a device", "zero", 1, ["not a regular file"]),
                ("a link to itself", "loop", 6, ["readable"]),
                ("a socket", "socket", 6, ["readable"]),
                ("a name too long", "n" * 256, 6, ["readable"])):
            with self.subTest(what):
                self.assert_refused(folder / path, code, [path, *words])
        with self.subTest("a device"):
            self.assert_refused("/dev/zero", 1, ["not a regular file"])

    def test_a_space_that_is_not_there(self):
        self.file.write_bytes(GOOD)
        done = self.device.run("import", str(self.file), "--space", "../kept")
        assert_error(self, done, 4, "../kept")
        self.device.assert_kept(self)


class GoodFiles(unittest.TestCase):
    def setUp(self):
        self.device = Keeper("ada")
        self.addCleanup(self.device.close)
        self.device.start().call("space.create", name="imported")
        self.file = self.device.folder / "export.json"

    def test_a_million_items_in_one_value_cost_little_memory(self):
        many = {"numbers": [0] * 1_000_000}
        self.file.write_text(json.dumps({"version": "2.2.0", "settings": {"s": many}}))
        with self.device.little_memory(self):
            self.device.ok("import", str(self.file), "--space", "imported")
        read = self.device.call("data.get", space="imported", collection="settings", key="s")
        self.assertEqual(read["value"], many)

    def test_names_are_data_and_never_paths(self):
        names = ["../../escaped", "/etc/escaped", "..", ".", "a/b\\c", "\x1b[2J", "\0", "\u202e"]
        chats = [{"id": name, "messages": [{"id": name}], name: name} for name in names]
        self.file.write_text(json.dumps({"version": "2.2.0", "chats": chats, "settings": {
            name: {name: name} for name in names}}))
        self.device.ok("import", str(self.file), "--space", "imported")
        for collection in ("chats", "messages", "settings"):
            found = self.device.call("data.query", space="imported", collection=collection)
            self.assertEqual({each["key"] for each in found["records"]}, set(names))
        escaped = [file for file in self.device.folder.rglob("*") if "escaped" in file.name]
        self.assertEqual(escaped, [])
        shown = self.device.ok("data", "query", "imported", "chats")
        self.assertNotIn("\x1b", shown)

    def test_ctrl_c_in_the_middle_says_what_was_written_and_the_rest_comes_later(self):
        chats = [{"id": f"c{n}", "title": "x" * 200, "messages": []} for n in range(20_000)]
        self.file.write_text(json.dumps({"version": "2.2.0", "chats": chats}))
        for word, code_of_rest in (("checking", None), ("importing", None)):
            with self.subTest(word):
                code, said = self.interrupt(word)
                self.assertEqual(code, 130)
                if word == "importing":
                    said_of = re.search(r"at least ([\d,]+) records? of 20,000 had been written",
                                        said)
                    self.assertTrue(said_of, said)
                    acknowledged = int(said_of[1].replace(",", ""))
                    self.assertIn("import the same file again", said)
        written = self.device.call("data.count", space="imported", collection="chats")["count"]
        self.assertGreaterEqual(written, acknowledged)
        self.assertLess(written, 20_000)
        done = self.device.json("import", str(self.file), "--space", "imported")
        # What was under way when the program ended may have been written after that look.
        self.assertGreaterEqual(done["same"], written)
        self.assertEqual(done["same"] + done["added"], 20_000)
        count = self.device.call("data.count", space="imported", collection="chats")["count"]
        self.assertEqual(count, 20_000)

    def interrupt(self, word):
        """Ctrl-C once the program says that it is at this."""
        command = self.device.arguments("import", str(self.file), "--space", "imported")
        with subprocess.Popen(command, env=self.device.environment, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True) as program:
            for line in program.stderr:
                if line.startswith(word):
                    program.send_signal(signal.SIGINT)
                    break
            said = program.stderr.read()
        return program.returncode, said


if __name__ == "__main__":
    unittest.main()
