"""What the tests of bad input share: a device with something to lose, and what a row may cost."""

import contextlib
import json
import mmap
import os
import re
import select
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from lanyard_process import ANSWER_WITHIN_S, PROGRAM, Device

GROWTH_KIB_MAX = 16 * 1024
RECORDS = {f"kept-{number}": {"title": f"Kept {number}", "n": number} for number in range(20)}


def _is_sanitized():
    """Sanitizers keep what was freed, so that under them memory says nothing."""
    with open(PROGRAM, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as text:
        return any(text.find(name) >= 0 for name in (b"__asan_init", b"__tsan_init"))


SANITIZED = _is_sanitized()


# ---- an agent


class Peak:
    """The most memory that processes have beyond what they had when this was made, added up."""

    def __init__(self, *pids):
        self.before = {}
        for pid in pids:
            try:
                Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak counts from here on
                self.before[pid] = self._kib(pid, "VmRSS")
            except PermissionError:  # an agent keeps private, but from root
                self.before[pid] = self._kib(pid, "VmHWM")

    def grown_kib(self):
        """Of those that are still there."""
        return sum(self._kib(pid, "VmHWM") - before for pid, before in self.before.items()
                   if Path(f"/proc/{pid}").exists())

    def assert_small(self, test):
        grown = self.grown_kib()
        if not SANITIZED:
            test.assertLess(grown, GROWTH_KIB_MAX, "KiB that it grew")
        return grown

    @staticmethod
    def _kib(pid, what):
        status = Path(f"/proc/{pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+)", status)[1])


class Keeper(Device):
    """A device with acknowledged records in the space `kept`."""

    def write_what_to_keep(self):
        self.call("space.create", name="kept")
        self.control.call_all([
            ("data.put", {"space": "kept", "collection": "tasks", "key": key, "value": value})
            for key, value in RECORDS.items()])
        self.state_hash = self.call("space.info", space="kept")["state_hash"]
        return self

    def assert_kept(self, test):
        """It serves, nothing was applied, and every acknowledged record reads back."""
        test.assertEqual(self.call("space.info", space="kept")["state_hash"], self.state_hash)
        found = self.call("data.query", space="kept", collection="tasks", limit=1000)["records"]
        test.assertEqual({each["key"]: each["value"] for each in found}, RECORDS)

    @contextlib.contextmanager
    def little_memory(self, test):
        """Fails the test if the agent's peak grows by more than 16 MiB inside."""
        peak = Peak(self.info["pid"])
        yield
        peak.assert_small(test)


# ---- commands

# A process's peak begins with that of whoever starts it: this one stays small, unlike a test.
_RUNNER = """import json, os, sys
for line in sys.stdin:
    command, environment, files = json.loads(line)
    actions = [(os.POSIX_SPAWN_OPEN, number, file, flags, 0o600)
               for number, (file, flags) in enumerate(files)]
    pid = os.posix_spawn(command[0], command, environment, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    print(json.dumps([os.waitstatus_to_exitcode(status), usage.ru_maxrss]), flush=True)
"""


class Frugal:
    """Runs commands that must not take more than 16 MiB beyond what a harmless one takes."""

    def __init__(self, test, device):
        self.test, self.environment = test, device.environment
        self.folder = Path(tempfile.mkdtemp(prefix="frugal-", dir=device.folder.parent))
        self.runner = subprocess.Popen([sys.executable, "-I", "-S", "-c", _RUNNER],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        test.addCleanup(self._close)
        self.peak_kib = None
        self.run(device.arguments("config", "check"))

    def run(self, command, stdin="/dev/null", **environment):
        """The finished program: returncode, stdout and stderr as text. `stdin`: a file."""
        output, errors = self.folder / "output", self.folder / "errors"
        to_write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        files = [(str(stdin), os.O_RDONLY), (str(output), to_write), (str(errors), to_write)]
        asked = [[os.fsdecode(word) for word in command],
                 {name: os.fsdecode(value)
                  for name, value in (self.environment | environment).items()}, files]
        self.runner.stdin.write(json.dumps(asked) + "\n")
        self.runner.stdin.flush()
        if not select.select([self.runner.stdout], [], [], ANSWER_WITHIN_S)[0]:
            self.test.fail(f"{command} does not end")
        code, peak_kib = json.loads(self.runner.stdout.readline())
        if self.peak_kib is None:
            self.peak_kib = peak_kib
        if not SANITIZED:
            grown = peak_kib - self.peak_kib
            self.test.assertLess(grown, GROWTH_KIB_MAX, "KiB beyond a harmless run")
        return subprocess.CompletedProcess(command, code, output.read_text(errors="replace"),
                                           errors.read_text(errors="replace"))

    def _close(self):
        self.runner.stdin.close()
        self.runner.wait()
        self.runner.stdout.close()
        for file in self.folder.iterdir():
            file.unlink()
        self.folder.rmdir()


def assert_error(test, done, code, *words):
    """The command ended with this code, and its error has three parts and says these words."""
    test.assertEqual(done.returncode, code, f"{done.stdout}{done.stderr}")
    test.assertRegex(done.stderr, r"(?s)\A\S.*\.\n  Why: .*\n(  Fix: .*\n)?  \(LY-[A-Z]\d{3}\)\n\Z")
    for word in words:
        test.assertIn(word, done.stderr)


def files_of(folder):
    """Every file and what is in it, but for the lock, in which each agent writes its pid."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*"))
            if file.is_file() and file.name != "agent.lock"}


# ---- tests


class KeeperTest(unittest.TestCase):
    """Tests that share one device, whose records every one of them leaves as they were."""

    @classmethod
    def setUpClass(cls):
        cls.device = Keeper("ada")
        cls.addClassCleanup(cls.device.close)
        cls.device.start().write_what_to_keep()
        cls.file = cls.device.folder / "input"

    def setUp(self):
        self.frugal = Frugal(self, self.device)
