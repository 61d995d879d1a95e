#!/usr/bin/env python3
"""What the command line says of itself: completion in a real bash, the manual page, tables on a
terminal; and how `up` meets a port that is taken, and an agent of an older program.
"""

import fcntl
import os
import pty
import re
import shutil
import socket
import struct
import subprocess
import termios
import unittest

from lanyard_process import PROGRAM, Device

# Bash's own steps when Tab is pressed behind the last word.
TAB = """
set -u
source <({program} completion bash)
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_lanyard
[ ${{#COMPREPLY[@]}} -eq 0 ] || printf '%s\\n' "${{COMPREPLY[@]}}"
"""


class Said(unittest.TestCase):
    def setUp(self):
        self.device = Device("ada")
        self.addCleanup(self.device.close)

    def offered(self, *words):
        """What bash offers in place of the last word."""
        # The agent of this test's folders, which is not where `lanyard` looks by itself.
        data = self.device.environment | {"XDG_DATA_HOME": str(self.device.folder / "share")}
        done = subprocess.run(["bash", "-c", TAB.format(program=PROGRAM), "bash", PROGRAM, *words],
                              env=data, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.splitlines()

    def test_bash_completes_commands_options_and_names(self):
        self.assertEqual(self.offered("stat"), ["status"])
        self.assertEqual(self.offered("space", "sh"), ["share"])
        self.assertIn("--json", self.offered("space", "list", "--"))
        self.assertEqual(self.offered("space", "leave", "notes", "--rem"), ["--remove-copy"])
        self.assertEqual(self.offered("space", "share", ""), [])  # no agent, no names
        folder = self.device.folder / "share" / "lanyard"
        folder.parent.mkdir()
        folder.symlink_to(self.device.data)
        self.device.start()
        self.device.ok("space", "create", "two words")
        self.assertEqual(self.offered("space", "share", "t"), ["two\\ words"])
        self.assertEqual(self.offered("conflicts", "list", "--space", "d"), ["default"])

    def test_every_shell_gets_a_script_and_no_other_does(self):
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("complete-words", self.device.ok("completion", shell))
        self.assertEqual(self.device.run("completion", "tcsh").returncode, 2)

    def test_the_manual_page_is_good_troff(self):
        page = self.device.ok("man")
        done = subprocess.run(["groff", "-man", "-ww", "-z", "-Tutf8"], input=page,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        shown = subprocess.run(["groff", "-man", "-Tascii", "-P-c", "-P-b", "-P-u"], input=page,
                               capture_output=True, text=True, timeout=60).stdout
        self.assertIn("lanyard data put default shopping milk '{\"count\":1}'", shown)
        self.assertIn("sync.port", shown)

    def on_a_terminal(self, columns, *words):
        screen, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        process = subprocess.Popen(self.device.arguments(*words), env=self.device.environment,
                                   stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal)
        os.close(terminal)
        said = b""
        try:
            while more := os.read(screen, 65536):
                said += more
        except OSError:  # the other end is gone
            pass
        os.close(screen)
        self.assertEqual(process.wait(60), 0)
        return re.sub(r"\x1b\[[0-9;]*m", "", said.decode()).splitlines()

    def test_a_table_is_no_wider_than_the_terminal(self):
        for columns in (80, 120):
            lines = self.on_a_terminal(columns, "config")
            self.assertLessEqual(max(map(len, lines)), columns)
            self.assertTrue(any("\u2026" in line for line in lines))
        whole = self.device.ok("config")
        self.assertNotIn("\u2026", whole)
        self.assertGreater(max(map(len, whole.splitlines())), 120)

    # ---- up

    def up(self, program, *words):
        return subprocess.run(
            [str(program), "--data-dir", str(self.device.data), "--state-dir",
             str(self.device.state), "up", *words],
            env=self.device.environment, capture_output=True, text=True, timeout=120)

    FLAGS = ("--name", "ada", "--sync-port", "0", "--api-port", "0", "--listen", "127.0.0.1",
             "--no-discovery")

    def test_up_says_once_why_the_agent_did_not_start(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            done = self.up(PROGRAM, "--listen", "127.0.0.1", "--sync-port", port, "--no-discovery")
        self.assertEqual(done.returncode, 9, done.stderr)
        for part in ("Could not start the agent", "Why: ", "Fix: ", "(LY-N003)"):
            self.assertEqual(done.stderr.count(part), 1, done.stderr)
        self.assertIn(port, done.stderr)

    def test_an_agent_of_an_older_program_is_told_and_replaced(self):
        program = self.device.folder / "bin" / "lanyard"
        program.parent.mkdir()
        shutil.copy(PROGRAM, program)
        self.assertEqual(self.up(program, *self.FLAGS).returncode, 0)
        old = self.device.agent_pid()
        self.assertNotIn("--upgrade", self.up(program).stdout)
        program.unlink()  # as a linker or a package does
        shutil.copy(PROGRAM, program)
        told = self.up(program)
        self.assertIn("has been replaced since", told.stdout)
        self.assertIn("Fix: lanyard up --upgrade", told.stdout)
        self.assertEqual(self.device.agent_pid(), old)
        done = self.up(program, "--upgrade")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("was stopped; this program has started in its place", done.stdout)
        self.assertIn("is running on ada", done.stdout)  # with the flags that it had
        self.assertNotEqual(self.device.agent_pid(), old)
        again = self.up(program, "--upgrade")
        self.assertNotIn("was stopped", again.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
