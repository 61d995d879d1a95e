#!/usr/bin/env python3
"""Files that rot, are lost, restored or copied: said at once, with what to do, and mended."""

import errno
import json
import os
import shutil
import sqlite3
import unittest
from pathlib import Path

from api_device import ApiDevice, record_path
from bad_input import SANITIZED
from lanyard_process import Device, make_known, wait_until

WAL_HEADER = 32
RECORDS = 20


def rot(file, at):
    with open(file, "r+b") as both:
        both.seek(at)
        byte = both.read(1)[0]
        both.seek(at)
        both.write(bytes([byte ^ 0x20]))


def parts(device):
    return {each["part"]: each for each in device.json("status")["degraded"]}


class Damaged(unittest.TestCase):
    def a_device(self, name):
        device = Device(name)
        self.addCleanup(device.close)
        return device.start()

    def two_with_notes(self):
        ada, ben = self.a_device("ada"), self.a_device("ben")
        make_known(ada, ben)
        ada.ok("space", "create", "notes")
        self.fill(ada, "first")
        ada.ok("space", "share", "notes", "ben")
        self.wait_for(ben, "first")
        return ada, ben

    def fill(self, device, collection, count=RECORDS):
        for number in range(count):
            device.ok("data", "put", "notes", collection, f"k{number}",
                      json.dumps({"text": "x" * 300}))

    def count(self, device, collection):
        try:
            found = device.call("data.query", space="notes", collection=collection, limit=1000)
        except Exception:  # the space is not there yet
            return 0
        return len(found["records"])

    def wait_for(self, device, collection, count=RECORDS):
        wait_until(f"{device.name} has {collection}",
                   lambda: self.count(device, collection) == count)

    def file_of(self, device, space="notes"):
        spaces = {each["name"]: each["id"] for each in device.json("status")["spaces"]}
        return device.data / spaces[space][:2] / f"{spaces[space]}.db"

    def assert_comes_back(self, ada, ben, file):
        """What rotted is named at the start, and gone from the status once it came back."""
        ben.kill()
        ada.start()
        said = parts(ada)["space notes"]
        self.assertRegex(said["why"], r"^\d+ changes that this device wrote here and acknowledged")
        self.assertIn("Link a device", said["fix"])
        self.assertIn("changes that this device wrote", ada.ok("status"))
        self.assertIn("changes that this device wrote", ada.output.read_text())
        ben.start()  # on another port
        ada.ok("devices", "add", ben.info["id"], "--at", f"127.0.0.1:{ben.info['syncPort']}")
        self.wait_for(ada, "second")
        wait_until("nothing is missed any more", lambda: parts(ada) == {})
        self.assertEqual(ada.run("check", "--rebuild").returncode, 0)
        ada.ok("data", "put", "notes", "second", "after", "{}")
        self.wait_for(ben, "second", RECORDS + 1)

    def test_what_rotted_in_a_wal_is_told_of_and_fetched(self):
        ada, ben = self.two_with_notes()
        self.fill(ada, "second")
        self.wait_for(ben, "second")
        file = self.file_of(ada)
        ada.kill()
        rot(f"{file}-wal", WAL_HEADER + 3000)
        self.assert_comes_back(ada, ben, file)

    def test_a_restored_file_is_told_of_and_brought_up_to_date(self):
        ada, ben = self.two_with_notes()
        file = self.file_of(ada)
        ada.stop()
        backup = ada.folder / "backup"
        shutil.copytree(ada.data, backup)
        ada.start()
        self.fill(ada, "second")
        self.wait_for(ben, "second")
        ada.stop()
        shutil.rmtree(ada.data)
        shutil.copytree(backup, ada.data)
        self.assert_comes_back(ada, ben, file)

    def test_up_says_that_a_store_was_restored_and_a_person_can_accept_it(self):
        ada = self.a_device("ada")
        ada.ok("space", "create", "notes")
        self.fill(ada, "first", 2)
        ada.stop()
        backup = ada.folder / "backup"
        shutil.copytree(ada.data, backup)
        ada.start()
        self.fill(ada, "second", 3)
        ada.stop()
        shutil.rmtree(ada.data)
        shutil.copytree(backup, ada.data)
        flags = ("--name", "ada", *ada.flags, "--no-discovery")
        said = ada.ok("up", *flags)
        self.assertIn("! space notes: 3 changes that this device wrote here and acknowledged", said)
        self.assertIn("Fix: Link a device that has the space", said)
        self.assertIn("lanyard space accept-loss", said)
        self.assertEqual([each["part"] for each in ada.json("up", *flags)["degraded"]],
                         ["space notes"])
        asked = ada.run("space", "accept-loss", "notes")
        self.assertEqual(asked.returncode, 2, asked.stderr)
        self.assertIn("ok  3 changes of notes count as lost",
                      ada.ok("space", "accept-loss", "notes", "--yes"))
        self.assertEqual(parts(ada), {})
        self.assertIn("3 changes of it are lost was accepted here", ada.ok("log"))
        self.assertEqual(ada.run("space", "accept-loss", "notes", "--yes").returncode, 4)
        ada.ok("down")
        self.assertNotIn("changes that this device wrote", ada.ok("up", *flags))
        self.assertEqual(parts(ada), {})
        ada.ok("down")

    def test_a_lost_file_comes_back_as_the_advice_has_it(self):
        ada, ben = self.two_with_notes()
        file = self.file_of(ada)
        ada.stop()
        file.unlink()
        ada.start()
        said = parts(ada)["space notes"]
        self.assertEqual(said["why"], f"the file {file} is gone")
        self.assertIn("make an empty file of this name", said["fix"])
        checked = ada.run("check")
        self.assertEqual(checked.returncode, 8, checked.stdout)
        self.assertIn("make an empty file of this name", checked.stdout)
        ada.stop()
        file.touch(mode=0o600)
        ada.start()
        self.wait_for(ada, "first")
        wait_until("nothing is missed any more", lambda: parts(ada) == {})
        self.assertEqual(ada.run("check", "--rebuild").returncode, 0)

    def test_a_space_that_rotted_out_of_the_platform_file_is_taken_in_again(self):
        ada = self.a_device("ada")
        ada.ok("space", "create", "notes")
        self.fill(ada, "first", 3)
        ada.kill()
        rot(ada.data / "platform.sqlite-wal", WAL_HEADER + 1000)
        ada.start()
        self.assertEqual(self.count(ada, "first"), 3)
        said = parts(ada)["data folder"]
        self.assertIn("platform.sqlite", said["why"])
        self.assertIn("lanyard devices", said["fix"])
        self.assertIn("platform.sqlite", ada.ok("status"))
        ada.stop()
        ada.start()
        self.assertEqual(parts(ada), {})

    def test_check_looks_at_everything_and_names_what_to_do(self):
        ada = self.a_device("ada")
        for name in ("notes", "tasks", "plans"):
            ada.ok("space", "create", name)
        self.fill(ada, "first", 3)
        notes, tasks = self.file_of(ada), self.file_of(ada, "tasks")
        ada.stop()
        with sqlite3.connect(notes) as database:
            database.execute("UPDATE lanyard_log SET body = x'0100C1' WHERE position = "
                             "(SELECT max(position) FROM lanyard_log)")
        database.close()
        tasks.unlink()
        whole = (ada.data / "identity.key").read_bytes()
        (ada.data / "identity.key").write_bytes(whole[:20] + b"?" + whole[21:])
        found = self.checked(ada)
        self.assertEqual({name for name, each in found.items() if each["findings"]},
                         {"identity.key", "tasks"})
        for each in found.values():
            self.assertEqual(bool(each["fix"]), bool(each["findings"]), each)
        (ada.data / "identity.key").write_bytes(whole)
        with open(ada.data / "platform.sqlite", "r+b") as file:
            file.seek(100)
            file.write(b"\xff" * 3000)
        found = self.checked(ada, "--rebuild")
        self.assertIn("Restore it from a backup", found["platform.sqlite"]["fix"])
        by_id = {each.get("space"): each for each in found.values()}
        self.assertRegex(by_id[notes.stem]["findings"][0],
                         r"^lanyard_log, the row of change \d+ of")
        self.assertIn("lanyard down", by_id[notes.stem]["fix"])
        self.assertEqual(len(by_id), 3 + 1, found)  # the files are none of a space
        self.assertIn("Fix: ", ada.run("check").stdout)

    def checked(self, device, *flags):
        done = device.run("check", *flags, "--json")
        self.assertEqual(done.returncode, 8, done.stdout + done.stderr)
        return {each["name"]: each for each in map(json.loads, done.stdout.splitlines())}

    def test_a_row_that_rotted_is_named_and_left_out_until_a_device_brings_it(self):
        ada, ben = self.a_device("ada"), self.a_device("ben")
        cleo = self.a_device("cleo")
        make_known(ada, ben)
        ada.ok("space", "create", "notes")
        ada.ok("space", "share", "notes", "ben")
        ada.ok("devices", "add", cleo.info["id"])
        ada.ok("space", "share", "notes", cleo.info["id"])
        self.fill(ada, "first")
        self.wait_for(ben, "first")
        file = self.file_of(ada)
        for device in (ada, ben, cleo):
            device.stop()
        with sqlite3.connect(file) as database:
            # Of the records written, somewhere in the middle.
            [row] = database.execute("SELECT position FROM lanyard_log ORDER BY position DESC "
                                     "LIMIT 1 OFFSET 10").fetchone()
            database.execute("UPDATE lanyard_log SET body = x'0100C1' WHERE position = ?", [row])
        database.close()

        ada.start()
        cleo.start()
        cleo.ok("devices", "add", ada.info["id"],
                "--at", f"127.0.0.1:{ada.info['syncPort']}")
        wait_until("cleo has what can be sent", lambda: "space notes" in parts(cleo))
        self.assertGreater(self.count(cleo, "first"), 5)
        self.assertLess(self.count(cleo, "first"), RECORDS)
        said = parts(cleo)["space notes"]
        self.assertRegex(said["why"], r"^\d+ changes of it are missing here: ada holds them")
        self.assertIn("link it", said["fix"])
        said = parts(ada)["space notes"]
        self.assertIn(f"lanyard_log in {file} is damaged, the row of change {row + 1} of ",
                      said["why"])
        self.assertIn("Link a device", said["fix"])
        self.assertIn("the row of change", ada.ok("status"))
        self.assertIn("the row of change", ada.output.read_text())
        ada.ok("data", "put", "notes", "first", "later", "{}")
        # The one link that cleo dropped is how it was found.
        self.assertEqual(cleo.json("status")["counters"]["droppedLinks"], 1)

        ben.start()  # on another port
        ada.ok("devices", "add", ben.info["id"], "--at", f"127.0.0.1:{ben.info['syncPort']}")
        self.wait_for(cleo, "first", RECORDS + 1)
        for device in (ada, cleo):
            wait_until(f"nothing is missed at {device.name}", lambda: parts(device) == {})
            self.assertEqual(device.run("check", "--rebuild").returncode, 0)
        self.assertEqual(cleo.json("status")["counters"]["droppedLinks"], 1)

    def test_a_page_that_rotted_is_told_of_once_it_was_read(self):
        device = ApiDevice()
        self.addCleanup(device.close)
        device.start()
        api = device.api()
        for number in range(200):
            api.put(record_path(f"k{number}"), {"text": "x" * 500})
        device.ok("space", "list")
        file = self.file_of(device, "default")
        device.stop()
        with sqlite3.connect(file) as database:
            page = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = "
                                    "'lanyard_records'").fetchone()[0]
        database.close()
        with open(file, "r+b") as both:
            both.seek((page - 1) * 4096)
            both.write(b"\x00" * 4096)
        device.start()
        device.api().ask("GET", "/v1/spaces/default/collections/tasks/records")
        wait_until("it is told", lambda: "space default" in parts(device))
        said = parts(device)["space default"]
        self.assertIn("the file of the space is damaged", said["why"])
        self.assertIn("lanyard check", said["fix"])
        done = device.run("check")
        self.assertEqual(done.returncode, 8)
        self.assertIn("Fix: Restore", done.stdout)

    def test_two_running_copies_are_told_of_once_they_met_the_same_device(self):
        ada, ben = self.two_with_notes()
        ada.stop()
        copy = Device("copy")
        self.addCleanup(copy.close)
        shutil.rmtree(copy.data, ignore_errors=True)
        shutil.copytree(ada.data, copy.data)
        ada.start()
        ada.ok("data", "put", "notes", "second", "from-ada", "{}")
        self.wait_for(ben, "second", 1)
        ada.stop()
        copy.start()
        ben_at = f"127.0.0.1:{ben.info['syncPort']}"
        copy.ok("devices", "add", ben.info["id"], "--at", ben_at)
        copy.ok("data", "put", "notes", "second", "from-copy", "{}")
        self.wait_for(copy, "second", 2)
        self.assertEqual(parts(copy), {}, "one at a time is no second copy")
        ada.start()
        # What is written in the first second may be from before: clocks are no better.
        wait_until("the first one knows", lambda: self.knows_of(ada, copy))
        said = parts(ada)["space notes"]
        self.assertIn("a copy of this device's data folder is running", said["why"])
        self.assertIn("identity.key", said["fix"])
        self.assertIn("a copy of this device", ada.ok("status"))
        wait_until("so does the other", lambda: self.knows_of(copy, ada))

    def knows_of(self, device, other):
        other.ok("data", "put", "notes", "second", f"from-{other.name}", "{}")
        return "space notes" in parts(device)


class Locks(unittest.TestCase):
    # (errno, what the message says besides)
    ROWS = [(errno.ENOLCK, "No locks available"), (errno.EIO, "Input/output error"),
            (errno.EOPNOTSUPP, "Operation not supported")]

    def test_an_error_of_the_lock_is_no_other_agent(self):
        device = Device("ada")
        self.addCleanup(device.close)
        told = device.folder / "told"
        device.environment |= {"LD_PRELOAD": os.environ["LANYARD_FAILING_DISK"],
                               "FAILING_DISK": str(told)}
        if SANITIZED:
            options = device.environment.get("ASAN_OPTIONS", "")
            device.environment["ASAN_OPTIONS"] = f"{options}:verify_asan_link_order=0"
        for number, words in self.ROWS:
            with self.subTest(words):
                told.write_text(f"lock {number}")
                done = device.run("agent", *device.flags)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("cannot lock", done.stderr)
                self.assertIn(words, done.stderr)
                self.assertNotIn("another agent", done.stderr)


if __name__ == "__main__":
    unittest.main()
