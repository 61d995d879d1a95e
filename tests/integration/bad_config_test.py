#!/usr/bin/env python3
"""Configuration, folders and files that an agent must refuse to start with."""

import contextlib
import os
import sqlite3
import unittest

from bad_input import Frugal, Keeper, assert_error, files_of
from lanyard_process import PROGRAM, Device, wait_until

# (what, text of the configuration file, what the error says)
FILES = [
    ("an unknown key", "[sync]\nprot = 1\n", ["config.toml:2:sync.prot", "Did you mean sync.port"]),
    ("an unknown table", "[snyc]\nport = 1\n", [":2:snyc.port", "Did you mean sync.port?"]),
    ("a key without its table", "port = 1\n", [":1:port", "Did you mean"]),
    ("a key far from all", "[sync]\nzzzzzzzz = 1\n", [":2:sync.zzzzzzzz", "lanyard config list"]),
    ("an empty table that is none", "[nothing]\n", [":1:nothing", "no such key"]),
    ("a text for a number", "[sync]\nport = \"7761\"\n", [":2:sync.port", "wrong type"]),
    ("a fraction for a number", "[sync]\nport = 1.5\n", [":2:sync.port", "wrong type"]),
    ("a number for a text", "[device]\nname = 5\n", [":2:device.name", "wrong type"]),
    ("a text for a list", "[api]\nlisten = \"::1\"\n", [":2:api.listen", "wrong type"]),
    ("a list of numbers", "[discovery]\npeers = [1]\n", [":2:discovery.peers", "wrong type"]),
    ("a table for a number", "[sync.port]\nx = 1\n", [":1:sync.port", "wrong type"]),
    ("a port too great", "[sync]\n\nport = 65536\n", [":3:sync.port", "out of range", "65535"]),
    ("a port below zero", "[api]\nport = -1\n", [":2:api.port", "out of range"]),
    ("a number of 70 digits", "[api]\nport = " + "9" * 70 + "\n", [":2:"]),
    ("an unknown choice", "[log]\nlevel = \"loud\"\n", [":2:log.level", "debug", "warning"]),
    ("an API for everybody", "[api]\nlisten = [\"0.0.0.0\"]\n", [":2:api.listen", "127.0.0.1"]),
    ("an API for everybody, IPv6", "[api]\nlisten = [\"::\"]\n", [":2:api.listen", "127.0.0.1"]),
    ("an API for the LAN", "[api]\nlisten = [\"192.168.1.5\"]\n", [":2:api.listen", "loopback"]),
    ("an API at a name", "[api]\nlisten = [\"localhost\"]\n", [":2:api.listen", "127.0.0.1"]),
    ("a listener at a name", "[sync]\nlisten = \"lan\"\n", [":2:sync.listen", "IP address"]),
    ("a peer without a port", "[discovery]\npeers = [\"pi\"]\n", [":2:discovery.peers", "host:"]),
    ("no name", "[device]\nname = \"\"\n", [":2:device.name", "empty"]),
    ("a name too long", f"[device]\nname = \"{'n' * 65}\"\n", [":2:device.name", "64 bytes"]),
    ("a name that moves the cursor", "[device]\nname = \"a\\u001b[2J\"\n", [":2:device.name"]),
    ("a bracket too few", "[sync\nport = 1\n", ["config.toml:1:"]),
    ("no value", "[sync]\nport = \n", ["config.toml:2:"]),
    ("two equals signs", "[sync]\nport = = 1\n", ["config.toml:2:"]),
    ("a key twice", "[sync]\nport = 1\nport = 2\n", ["config.toml:3:"]),
    ("JSON", "{\"sync\": {\"port\": 1}}\n", ["config.toml:1:"]),
    ("an open text", "[device]\nname = \"ada\n", ["config.toml:2:"]),
    ("a NUL", "[sync]\n\0port = 1\n", ["config.toml:2:"]),
    ("bytes that are no UTF-8", b"[device]\nname = \"\xff\xfe\"\n", ["config.toml:2:"]),
    ("brackets 30,000 deep", "a = " + "[\n" * 30_000, ["config.toml:257:", "depth"]),
    ("tables 2,000 deep", "a" + ".a" * 2000 + " = 1", ["config.toml:1:a.a.a", "no such key"]),
    ("tables 4,000 deep", f"[a{'.a' * 1999}]\na{'.a' * 1999} = 1", ["config.toml:1:a.a.a", "no "]),
    ("inline tables 1,000 deep", "a = " + "{a=" * 1000, ["config.toml:1:"]),
    ("a line of 60,000 dots", "a" + "." * 60_000, ["config.toml:1: the line is longer than 4 KiB"]),
    ("6,000 keys", "".join(f"k{n} = 1\n" for n in range(6000)), ["config.toml:", "no such key"]),
    ("a key of 4,000 letters", "k" * 4000 + " = 1\n", ["config.toml:1:kkk", "no such key"]),
    ("a byte more than 64 KiB", "#" * (64 * 1024 + 1), ["larger than 64 KiB"]),
    ("64 MiB of brackets", "[" * (64 * 1024 * 1024), ["larger than 64 KiB"]),
]
# (what, variable, value, what the error says)
VARIABLES = [
    ("no number", "LANYARD_SYNC_PORT", "x", ["LANYARD_SYNC_PORT (sync.port)", "integer"]),
    ("a port too great", "LANYARD_API_PORT", "65536", ["LANYARD_API_PORT (api.port)", "range"]),
    ("an empty port", "LANYARD_SYNC_PORT", "", ["LANYARD_SYNC_PORT (sync.port)"]),
    ("an API for everybody", "LANYARD_API_LISTEN", "0.0.0.0", ["LANYARD_API_LISTEN", "127.0.0.1"]),
    ("an unknown choice", "LANYARD_LOG_LEVEL", "loud", ["LANYARD_LOG_LEVEL", "warning"]),
    ("a slip", "LANYARD_SNYC_PORT", "1", ["LANYARD_SNYC_PORT", "mean LANYARD_SYNC_PORT?"]),
    ("no UTF-8", "LANYARD_DEVICE_NAME", b"\xff", ["LANYARD_DEVICE_NAME"]),
    ("a missing file", "LANYARD_CONFIG", "/nothing/here", ["there is no such file"]),
    ("a relative file", "LANYARD_CONFIG", "here.toml", ["LANYARD_CONFIG", "relative", "/here"]),
    ("a device as file", "LANYARD_CONFIG", "/dev/zero", ["not a regular file"]),
    ("a folder as file", "LANYARD_CONFIG", "/proc/self", ["a folder"]),
]
# (what, flags, what the error says)
FLAGS = [
    ("a port too great", ["--sync-port", "70000"], ["--sync-port (sync.port)", "65535"]),
    ("a port below zero", ["--api-port=-1"], ["--api-port (api.port)", "range"]),
    ("a listener elsewhere", ["--listen", "lan"], ["--listen (sync.listen)", "IP address"]),
    ("an unknown choice", ["--log-level", "loud"], ["--log-level (log.level)", "warning"]),
    ("a peer without a port", ["--peer", "pi"], ["--peer (discovery.peers)", "host:port"]),
    ("no name", ["--name", ""], ["--name (device.name)"]),
    ("a missing file", ["--config", "/nothing/here"], ["there is no such file", "--config"]),
    ("a relative data folder", ["--data-dir", "here"], ["--data-dir", "relative path", "/here"]),
    ("a relative state folder", ["--state-dir", "here"], ["--state-dir", "relative path"]),
    ("an empty data folder", ["--data-dir", ""], ["--data-dir", "begins with /"]),
    ("a file as data folder", ["--data-dir", "/etc/passwd"], ["not a folder"]),
    ("a device as data folder", ["--data-dir", "/dev/null"], ["not a folder"]),
    ("a data folder below a file", ["--data-dir", "/etc/passwd/x"], ["/etc/passwd"]),
]
START = ("agent", "up")


class BadConfiguration(unittest.TestCase):
    def setUp(self):
        self.device = Device()
        self.addCleanup(self.device.close)
        self.config = self.device.folder / ".config/lanyard/config.toml"
        self.config.parent.mkdir(parents=True)
        self.frugal = Frugal(self, self.device)

    def assert_refused(self, words, verbs=START, flags=(), **environment):
        for verb in verbs:
            command = [PROGRAM, *verb.split(), *flags]
            done = self.frugal.run(command, **environment)
            assert_error(self, done, 9, *words)
            self.assertIn("Fix: ", done.stderr)
        made = [file for file in self.device.folder.rglob("*") if ".config" not in str(file)]
        self.assertEqual(made, [], "something was made")

    def test_files(self):
        for what, text, words in FILES:
            with self.subTest(what):
                self.config.write_bytes(text if isinstance(text, bytes) else text.encode())
                self.assert_refused(words, verbs=(*START, "config check"))

    def test_files_that_are_none(self):
        verbs = (*START, "config check")
        with self.subTest("a folder"):
            self.config.mkdir()
            self.assert_refused(["config.toml", "a folder"], verbs)
            self.config.rmdir()
        with self.subTest("a pipe that nobody writes to"):
            os.mkfifo(self.config)
            self.assert_refused(["config.toml", "not a regular file"], verbs)
            self.config.unlink()
        with self.subTest("a link to itself"):
            self.config.symlink_to(self.config)
            self.assert_refused(["config.toml", "cannot be opened"], verbs)
            self.config.unlink()
        with self.subTest("a gigabyte of nothing"):
            with open(self.config, "wb") as file:
                file.truncate(1 << 30)
            self.assert_refused(["config.toml", "larger than 64 KiB"], verbs)

    def test_an_empty_file_says_nothing_wrong(self):
        self.config.write_text("")
        self.device.ok("config", "check")

    def test_variables(self):
        for what, variable, value, words in VARIABLES:
            with self.subTest(f"{what}: {variable}"):
                self.assert_refused(words, **{variable: value})

    def test_flags(self):
        for what, flags, words in FLAGS:
            with self.subTest(what):
                self.assert_refused(words, flags=flags)


class BadFolders(unittest.TestCase):
    """What lies in the data folder, or who may write to it."""

    def setUp(self):
        self.device = Keeper("ada")
        self.addCleanup(self.device.close)
        self.device.start().write_what_to_keep()
        self.frugal = Frugal(self, self.device)

    def assert_refused(self, code, *words):
        """No agent starts, and not a byte is another one."""
        before = files_of(self.device.data)
        for verb in START:
            done = self.frugal.run(self.device.arguments(verb, *self.device.flags))
            assert_error(self, done, code, *words)
            self.assertIn("Fix: ", done.stderr)
        self.assertEqual(files_of(self.device.data), before)

    def assert_starts_again(self):
        self.device.start()
        self.device.assert_kept(self)

    def test_folders_and_keys_that_others_can_get_at(self):
        data = self.device.data
        key = data / "identity.key"
        self.device.stop()
        for what, path, mode, fix in (
                ("all may write to the folder", data, 0o777, f"chmod 700 {data}"),
                ("the group may write to it", data, 0o770, f"chmod 700 {data}"),
                ("all may read the key", key, 0o644, f"chmod 600 {key}"),
                ("the group may read it", key, 0o640, f"chmod 600 {key}"),
                ("all may write it", key, 0o602, f"chmod 600 {key}")):
            with self.subTest(what):
                good = path.stat().st_mode
                path.chmod(mode)
                self.assert_refused(9, fix)
                path.chmod(good)
        self.assert_starts_again()

    def test_keys_that_are_none(self):
        key = self.device.data / "identity.key"
        self.device.stop()
        good = key.read_bytes()
        for what, content in (("empty", b""), ("cut short", good[:-1]), ("too long", good + b"x"),
                              ("something else", b"\0" * len(good)), ("large", bytes(1 << 26))):
            with self.subTest(what):
                key.write_bytes(content)
                self.assert_refused(8, "identity.key")
        key.write_bytes(good)
        self.assert_starts_again()

    def test_a_second_agent_names_the_first(self):
        before = None
        def is_quiet():
            nonlocal before
            before, now = files_of(self.device.data), before
            return before == now
        wait_until("the first one writes no more", is_quiet)
        done = self.frugal.run(self.device.arguments("agent", *self.device.flags))
        assert_error(self, done, 11, f"pid {self.device.info['pid']}", "lanyard down")
        self.assertEqual(files_of(self.device.data), before)
        self.device.assert_kept(self)

    def test_a_store_that_is_newer_or_none(self):
        self.device.stop()
        store = self.device.data / "platform.sqlite"
        good = store.read_bytes()
        with contextlib.closing(sqlite3.connect(store)) as database:
            database.execute("PRAGMA user_version = 4711")
        with self.subTest("newer"):
            self.assert_refused(10, "platform.sqlite", "newer Lanyard", "Update Lanyard")
        for what, content in (("no database", b"x" * 8192), ("cut short", good[:50]),
                              ("another program's", good[:68] + b"abcd" + good[72:]),
                              ("first page only", good[:4096])):
            with self.subTest(what):
                store.write_bytes(content)
                self.assert_refused(8, "platform.sqlite")
        store.write_bytes(good)
        self.assert_starts_again()

    def test_a_space_that_is_newer_is_left_alone_and_others_are_served(self):
        device = self.device
        file = device.call("space.info", space="kept", hash=False)["file"]
        device.call("space.create", name="other")
        device.stop()
        with contextlib.closing(sqlite3.connect(file)) as database:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            database.execute("PRAGMA user_version = 4711")
        before = files_of(device.data)[os.path.relpath(file, device.data)]
        device.start()
        for words in (["data", "get", "kept", "tasks", "kept-1"], ["space", "info", "kept"],
                      ["data", "put", "kept", "tasks", "kept-1", "{}"]):
            with self.subTest(" ".join(words)):
                assert_error(self, device.run(*words), 10, "newer Lanyard", "Update Lanyard")
        device.ok("data", "put", "other", "tasks", "t1", '{"n":1}')
        self.assertIn("newer", device.ok("status"))
        device.stop()
        self.assertEqual(files_of(device.data)[os.path.relpath(file, device.data)], before)
        with contextlib.closing(sqlite3.connect(file)) as database:
            database.execute(f"PRAGMA user_version = {version}")
        self.assert_starts_again()


if __name__ == "__main__":
    unittest.main()
