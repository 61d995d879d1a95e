#!/usr/bin/env python3
"""Disks that are read-only, full, or fail: said at once, and what was acknowledged stays."""

import errno
import json
import os
import shutil
import subprocess
import unittest

import lanyard_process  # noqa: F401, that scripts/ is found
import lab
from api import Api
from bad_input import RECORDS, SANITIZED, Keeper, assert_error
from lanyard_process import AgentError

MIB = 1024 * 1024
START = ("agent", "up")
# What must be refused while nothing can be written. The file is a small export.
WRITES = [
    ["data", "put", "kept", "tasks", "new", '{"n":1}'],
    ["data", "patch", "kept", "tasks", "kept-1", '{"title":"Other"}'],
    ["space", "create", "another"],
    ["import", "EXPORT", "--space", "kept"],
]
DELETE = ["data", "delete", "kept", "tasks", "kept-1"]
EXPORT = {"version": "2.2.0", "chats": [{"id": "c1", "title": "Chat", "messages": []}]}


def assert_told(test, device, part, fix=""):
    """Every door says that this part does not do what it should; nothing: all is well."""
    parts = {each["part"]: each for each in device.json("status")["degraded"]}
    said = device.ok("status")
    ready = Api(device.info["apiPort"]).ask("GET", "/readyz")
    check = device.run("status", "--check").returncode
    if part is None:
        test.assertEqual((parts, ready.status, check), ({}, 200, 0))
        return
    test.assertIn(part, parts)
    test.assertIn(fix, parts[part]["fix"])
    test.assertEqual((ready.status, check), (503, 7))
    test.assertNotIn(str(device.folder), ready.body.decode())
    test.assertIn(fix, ready.json["fix"])
    test.assertTrue(said.startswith(f"{part}: {parts[part]['why']}\n  Fix: "), said)


class OwnDisk(Keeper):
    """A device whose data folder is a small disk of its own."""

    def __init__(self, test, mib):
        super().__init__("ada")
        self.data.mkdir(mode=0o700)
        self.ballast = self.data / "ballast"
        # Last of all: the folder is held until the agent has ended.
        test.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        test.addCleanup(subprocess.run, ["umount", "-l", str(self.data)], check=True)
        test.addCleanup(self.close)
        self.mount("-t", "tmpfs", "-o", f"size={mib}m,mode=700", "tmpfs")
        self.export = self.folder / "export.json"
        self.export.write_text(json.dumps(EXPORT))

    def mount(self, *words):
        subprocess.run(["mount", *words, str(self.data)], check=True)

    def fill(self, leave):
        """Puts something beside the data that leaves so many bytes free."""
        with open(self.ballast, "wb") as file:
            disk = os.statvfs(self.data)
            os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize - leave)

    def try_write(self, words):
        return self.run(*[str(self.export) if word == "EXPORT" else word for word in words])


class ReadOnlyFolder(unittest.TestCase):
    def test_no_agent_starts_and_nothing_is_changed(self):
        device = OwnDisk(self, mib=64)
        device.start().write_what_to_keep()
        device.stop()
        device.mount("-o", "remount,bind,ro")
        for verb in START:
            with self.subTest(verb):
                done = device.run(verb, *device.flags)
                assert_error(self, done, 1, f"cannot write to {device.data}", "disk that can be")
        device.mount("-o", "remount,bind,rw")
        device.start()
        device.assert_kept(self)


class FullDisk(unittest.TestCase):
    def setUp(self):
        self.device = OwnDisk(self, mib=64)
        self.device.start().write_what_to_keep()
        # Under the rules for files that it is under elsewhere.
        agent = json.loads(self.device.ok("status", "--json"))["agent"]
        self.assertEqual(agent["notConfined"], "")

    def assert_writes_are_refused(self, writes):
        with self.device.little_memory(self):
            for words in writes:
                with self.subTest(" ".join(words)):
                    done = self.device.try_write(words)
                    assert_error(self, done, 1, "(LY-A021)", "Free some space")
        self.device.assert_kept(self)

    def test_a_reserve_is_kept_and_writing_goes_on_once_there_is_room(self):
        assert_told(self, self.device, None)
        self.device.fill(leave=8 * MIB)
        self.assert_writes_are_refused(WRITES)
        assert_told(self, self.device, "disk", "Free some space")
        self.device.ok(*DELETE)  # what makes room is allowed
        self.device.ballast.unlink()
        assert_told(self, self.device, None)
        logged = self.device.output.read_text()
        self.assertEqual(logged.count("changes are refused: the disk of"), 1, logged)
        self.assertEqual(logged.count("there is room on the disk again"), 1, logged)
        for words in WRITES:
            self.assertEqual(self.device.try_write(words).returncode, 0)

    def assert_there(self, spare):
        self.device.assert_kept(self)
        found = self.device.call("data.query", space="spare", collection="tasks")["records"]
        self.assertEqual({each["key"] for each in found}, spare)

    def test_the_last_byte_is_gone_and_what_was_acknowledged_stays(self):
        self.device.call("space.create", name="spare")
        spare = {f"s{number}" for number in range(40)}
        for key in spare:
            self.device.call("data.put", space="spare", collection="tasks", key=key, value={"n": 1})
        self.device.fill(leave=0)
        self.assert_writes_are_refused(WRITES)
        # What makes room is done as long as what the log has of room lasts, and then refused.
        for key in sorted(spare):
            done = self.device.run("data", "delete", "spare", "tasks", key)
            if done.returncode == 0:
                spare.remove(key)
            else:
                assert_error(self, done, 1, "(LY-A021)", "Free some space")
        print(f"report: {40 - len(spare)} of 40 deletes found room on a full disk")
        self.device.kill()
        with self.subTest("an agent starts only to say so, or serves what is there"):
            try:
                self.device.start()
                self.assert_there(spare)
                self.device.kill()
            except AgentError as error:
                self.assertIn("Free some space", str(error))
        self.device.ballast.unlink()
        self.device.start()
        self.assert_there(spare)
        for words in WRITES:
            self.assertEqual(self.device.try_write(words).returncode, 0)


class FailingDisk(unittest.TestCase):
    # (what, kind of call, errno)
    ROWS = [
        ("a sync fails", "sync", errno.EIO),
        ("a sync finds no room", "sync", errno.ENOSPC),
        ("a write fails", "write", errno.EIO),
        ("a write finds no room", "write", errno.ENOSPC),
        ("the disk has become read-only", "write", errno.EROFS),
        ("the quota is used up", "write", errno.EDQUOT),
    ]

    def a_device(self):
        device = Keeper("ada")
        self.addCleanup(device.close)
        device.state.mkdir(mode=0o700)
        self.told = device.state / "told"  # where the agent may read
        device.environment |= {"LD_PRELOAD": os.environ["LANYARD_FAILING_DISK"],
                               "FAILING_DISK": str(self.told)}
        if SANITIZED:
            options = device.environment.get("ASAN_OPTIONS", "")
            device.environment["ASAN_OPTIONS"] = f"{options}:verify_asan_link_order=0"
        device.export = device.folder / "export.json"
        device.export.write_text(json.dumps(EXPORT))
        return device

    def test_nothing_is_acknowledged_and_nothing_acknowledged_is_lost(self):
        for what, kind, number in self.ROWS:
            with self.subTest(what):
                device = self.a_device()
                device.start().write_what_to_keep()
                self.told.write_text(f"{kind} {number}")
                with device.little_memory(self):
                    for words in [*WRITES, DELETE]:
                        done = device.run(*[str(device.export) if word == "EXPORT" else word
                                            for word in words])
                        assert_error(self, done, 1, "Why: ")
                        self.assertRegex(done.stderr, r"\(LY-A02[012]\)")
                        device.assert_kept(self)
                if kind == "sync" and number == errno.EIO:
                    assert_told(self, device, "disk", "heck the disk")
                    self.assertIn("space kept", [each["part"] for each in
                                                 device.json("status")["degraded"]])
                device.kill()
                self.told.unlink()
                device.start()
                device.ok("data", "put", "kept", "more", "after", '{"n":1}')
                device.kill()
                device.start()
                self.assert_all_there(device)
                device.stop()

    def test_an_agent_that_starts_on_such_a_disk_says_so(self):
        for what, kind, number in self.ROWS[:4]:
            with self.subTest(what):
                device = self.a_device()
                self.told.write_text(f"{kind} {number}")
                for verb in START:
                    assert_error(self, device.run(verb, *device.flags), 1, "Why: ")
                self.told.unlink()
                device.start().write_what_to_keep()
                device.stop()

    def assert_all_there(self, device):
        """What was acknowledged. The one write that failed may have got to the disk, or not."""
        found = device.call("data.query", space="kept", collection="tasks", limit=1000)["records"]
        values = {each["key"]: each["value"] for each in found}
        self.assertEqual({key: values[key] for key in RECORDS}, RECORDS)
        self.assertEqual(device.json("data", "get", "kept", "more", "after")["value"], {"n": 1})


if __name__ == "__main__":
    lab.enter_mounts()
    unittest.main()
