#!/usr/bin/env python3
"""The first screen of the README, typed as it stands: two machines on a network of their own, each
with an empty home. Every line that it shows as an answer must be one.
"""

import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time
import unittest

from lanyard_process import PROGRAM, wait_until
from readme_story import Cut, Examples, Healed, section, story
import lab

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"
WITHIN_S = 90
# What a person types again until it shows what was said would come.
LOOKS = re.compile(r"lanyard (data get|conflicts)\b")


class Screen:
    """A command on a terminal, and what it has said so far."""

    def __init__(self, process, screen):
        self.process, self.screen, self.said = process, screen, ""

    def read(self, seconds):
        """False once the terminal is gone."""
        if not select.select([self.screen], [], [], seconds)[0]:
            return True
        try:
            more = os.read(self.screen, 65536)
        except OSError:
            return False
        text = more.decode(errors="replace").replace("\r\n", "\n")
        self.said += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
        return bool(more)

    def answer(self, question, text):
        deadline = time.monotonic() + WITHIN_S
        while not self.said.rstrip("\n").endswith(question):
            if not self.read(1) or time.monotonic() > deadline:
                raise AssertionError(f"it does not ask {question!r}:\n{self.said}")
        os.write(self.screen, text.encode() + b"\n")

    def end(self):
        while self.read(WITHIN_S):
            pass
        os.close(self.screen)
        return self.process.wait(WITHIN_S)


class Machine:
    """A host of the lab as a person has it: a name, a home, and `lanyard` on the PATH."""

    def __init__(self, network, name, folder):
        self.network, self.name, self.home = network, name, folder / name / "home"
        self.home.mkdir(parents=True)
        self.environment = {"HOME": str(self.home), "TERM": "xterm", "LANG": "C.UTF-8",
                            "PATH": f"{folder}/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                            # A bus that nobody has: never this machine's.
                            "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/no-bus",
                            "XDG_RUNTIME_DIR": f"{folder}/no-runtime"}
        for variable in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if variable in os.environ:
                self.environment[variable] = os.environ[variable]

    def type(self, command):
        """In a namespace for the machine's name, too: that is what the device is called."""
        named = f"echo {self.name} > /proc/sys/kernel/hostname; cd; {command}"
        inside = self.network.command(self.name, ["unshare", "--uts", "bash", "-c", named])
        screen, terminal = pty.openpty()
        process = subprocess.Popen(inside, env=self.environment, stdin=terminal, stdout=terminal,
                                   stderr=terminal, start_new_session=True)
        os.close(terminal)
        return Screen(process, screen)


class FirstScreen(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lanyard-it-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "lanyard").symlink_to(PROGRAM)
        self.network = lab.Lab(["laptop", "pi"])
        self.addCleanup(self.network.close)
        self.machines = {name: Machine(self.network, name, self.folder)
                         for name in self.network.names}
        self.waiting = []
        self.examples = Examples()
        for machine in self.machines.values():
            self.addCleanup(lambda machine=machine: machine.type("lanyard down").end())

    def all_match(self, answers, said):
        return all([self.examples.match(line, said) for line in answers])

    def type(self, step):
        command = self.examples.filled(step.command)
        screen = self.machines[step.host].type(command)
        if step.command == "lanyard pair":  # shows a code, and waits
            wait_until("the code is shown", lambda: screen.read(1) and
                       self.all_match(step.answers, screen.said), WITHIN_S)
            self.waiting.append(screen)
            return
        answers = list(step.answers)
        for line in step.answers:
            question, asks, typed = line.partition(" [y/N] ")
            if asks:
                screen.answer(asks, typed)
                answers[answers.index(line)] = f"{question} [y/N] {typed}"
        code = screen.end()
        if LOOKS.match(command) and not self.all_match(answers, screen.said):
            raise LookupError(screen.said)
        self.assertEqual(code, 0, f"{command}:\n{screen.said}")
        self.assertTrue(self.all_match(answers, screen.said),
                        f"{command} said\n{screen.said}and the README\n" + "\n".join(answers))

    def type_until_there(self, step):
        deadline = time.monotonic() + WITHIN_S
        while True:
            try:
                return self.type(step)
            except LookupError as said:
                self.assertLess(time.monotonic(), deadline,
                                f"{step.command} goes on saying\n{said}")

    def test_it_goes_as_it_says(self):
        steps = story(README.read_text())
        for step in steps:
            if isinstance(step, Cut):
                self.network.cut("laptop", "pi")
            elif isinstance(step, Healed):
                self.network.heal()
            else:
                self.type_until_there(step)
        for screen in self.waiting:
            self.assertEqual(screen.end(), 0, screen.said)
            self.assertIn("ok  Paired with laptop", screen.said)
        self.assertGreater(len(steps), 12)


class ToGetIt(unittest.TestCase):
    def test_every_script_that_is_named_is_there(self):
        text = section(README.read_text())
        self.assertIn("scripts/run ", text)
        for script in re.findall(r"scripts/\w+", README.read_text()):
            file = README.parent / script
            self.assertTrue(os.access(file, os.X_OK) or file.is_dir(), script)


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
