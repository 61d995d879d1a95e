#!/usr/bin/env python3
"""Folders that a person moved to a bigger disk, with a link left for each: served as before, or
refused at the start with what to do; and what an agent leaves of its folder for temporary files."""

import shutil
import unittest

from bad_input import SANITIZED
from lanyard_process import Device


class Linked(unittest.TestCase):
    def setUp(self):
        self.device = Device("mover")
        self.addCleanup(self.device.close)
        self.device.start()
        self.put(1)
        self.space = self.device.json("space", "info", "default")["id"]
        self.folder = self.device.data / self.space[:2]
        self.disk = self.device.folder / "disk"
        self.disk.mkdir(mode=0o700)

    def put(self, number):
        self.device.call("data.put", space="default", collection="c", key="k",
                         value={"n": number})

    def value(self):
        return self.device.call("data.get", space="default", collection="c", key="k")["value"]

    def move(self, what, to):
        """While the agent is stopped."""
        self.device.stop()
        shutil.move(what, to)
        what.symlink_to(to)

    def refusal(self):
        """What `up` says of a start that must fail."""
        done = self.device.run("up")
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done.stderr

    def test_a_folder_of_spaces_on_another_disk_is_served(self):
        self.move(self.folder, self.disk / "spaces")
        self.device.start()
        self.assertEqual(self.value(), {"n": 1})
        self.put(2)
        self.device.kill()
        self.device.start()
        self.assertEqual(self.value(), {"n": 2})
        self.assertEqual(self.device.json("status")["degraded"], [])
        self.assertTrue((self.disk / "spaces" / f"{self.space}.db").exists())

    def test_a_disk_that_is_not_there_is_said_and_loses_nothing(self):
        self.move(self.folder, self.disk / "spaces")
        away = self.disk.rename(self.device.folder / "unplugged")
        said = self.refusal()
        for word in (f"{self.folder} is a symbolic link to {self.disk / 'spaces'}",
                     "cannot be found", "Mount the disk"):
            self.assertIn(word, said)
        away.rename(self.disk)
        self.device.start()
        self.assertEqual(self.value(), {"n": 1})

    def test_a_link_that_would_open_far_more_is_refused(self):
        self.device.stop()
        shutil.rmtree(self.folder)
        for target, word in ((self.device.folder, "holds far more"),
                             (self.device.data, "holds far more"), ("/", "holds far more"),
                             (self.device.folder / "open", "others may write"),
                             ("/etc/hostname", "is not a folder")):
            (self.device.folder / "open").mkdir(exist_ok=True)
            (self.device.folder / "open").chmod(0o777)
            self.folder.symlink_to(target)
            self.assertIn(word, self.refusal())
            self.folder.unlink()

    def test_a_file_that_is_a_link_is_refused(self):
        file = self.folder / f"{self.space}.db"
        self.move(file, self.disk / "it.db")
        said = self.refusal()
        self.assertIn(f"{file} is a symbolic link", said)
        self.assertIn("move its folder", said)

    def test_marks_that_lead_elsewhere_are_refused(self):
        marks = self.device.state / "marks"
        self.move(marks, self.disk / "marks")
        said = self.refusal()
        self.assertIn(f"{marks} is a symbolic link", said)
        self.assertIn("--state-dir", said)


@unittest.skipIf(SANITIZED, "a sanitized agent is under no rules, and makes no such folder")
class Temporary(unittest.TestCase):
    def test_no_folder_is_left_behind_an_agent(self):
        device = Device("tidy")
        self.addCleanup(device.close)

        def left():
            return sorted(path.name for path in device.folder.glob("lanyard-*"))
        stranger = device.folder / "lanyard-it-abcdef"
        stranger.mkdir(mode=0o700)
        empty = device.folder / "lanyard-0123456789abcdef"
        empty.mkdir(mode=0o700)
        full = device.folder / "lanyard-fedcba9876543210"
        full.mkdir(mode=0o700)
        (full / "it").touch()
        device.start()
        own, = set(left()) - {stranger.name, full.name}
        self.assertNotEqual(own, empty.name)  # which its start has taken away
        device.run("down")
        self.assertEqual(left(), sorted([stranger.name, full.name]))


if __name__ == "__main__":
    unittest.main()
