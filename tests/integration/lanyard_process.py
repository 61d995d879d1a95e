"""Runs the real program with folders and ports of its own, for the tests beside this file.

LANYARD names the program; ctest sets it. Standard library only.
"""

import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import weakref
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts"))
from agents import (  # noqa: E402, F401
    ANSWER_WITHIN_S, Agent, AgentError, ControlError, free_port, wait_until)

PROGRAM = os.environ["LANYARD"]


class Device(Agent):
    """A temporary folder with its agent, running or not, on a port that the system chooses."""

    known = weakref.WeakSet()
    watchers = []  # called with each device whose agent has started

    @classmethod
    def running(cls) -> list["Device"]:
        """Those of this program, whatever they are for, that have an agent."""
        return [each for each in cls.known if each.agent_pid()]

    def __init__(self, name="device"):
        Device.known.add(self)
        folder = tempfile.mkdtemp(prefix="lanyard-it-")
        # Nothing of the person who runs the tests: no config, no systemd, no colours.
        environment = {
            "HOME": folder,
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "XDG_RUNTIME_DIR": f"{folder}/no-runtime",
            # One that is killed leaves its folder for temporary files, for its next start.
            "TMPDIR": folder,
            # However an agent is started here: it speaks to nobody on this machine's network.
            "LANYARD_DISCOVERY_MODE": "off",
        }
        for variable in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if variable in os.environ:
                environment[variable] = os.environ[variable]
        super().__init__(PROGRAM, folder, name, environment=environment,
                         flags=("--sync-port", "0", "--api-port", "0", "--listen", "127.0.0.1"))

    def start(self, *flags):
        super().start(*flags)
        for each in Device.watchers:
            each(self)
        return self

    def close(self):
        """For addCleanup: whatever became of the agent, it is gone and so is the folder."""
        if self.process and self.process.poll() is None:
            self.kill()
        if self.control:
            self.control.close()
        if pid := self.agent_pid():
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def run_on_a_terminal(self, *words, answers):
        """How a command ends, and what it says to a person who answers its questions so."""
        screen, terminal = pty.openpty()
        process = subprocess.Popen(self.arguments(*words), env=self.environment,
                                   stdin=terminal, stdout=terminal, stderr=terminal)
        os.close(terminal)
        said = b""
        try:
            for answer in answers:
                while not said.endswith((b"[y/N] ", b"[Y/n] ")):
                    said += os.read(screen, 4096)
                os.write(screen, answer.encode() + b"\n")
                said += b"\n"
            while more := os.read(screen, 4096):
                said += more
        except OSError:  # the other end is gone
            pass
        os.close(screen)
        return process.wait(), said.decode()

    def agent_pid(self):
        """The pid of an agent that answers, whoever started it."""
        try:
            with self.connect() as control:
                return control.call("agent.info")["agent"]["pid"]
        except (OSError, ControlError):
            return None


def make_known(first, second, at=None):
    """Two running devices, each known to the other and linked, the first one dialling, `at` the
    address that passes on to the second, if any does."""
    address = at or f"127.0.0.1:{second.info['syncPort']}"
    first.ok("devices", "add", second.info["id"], "--at", address)
    second.ok("devices", "add", first.info["id"])
    # A device's name is what it says of itself once it is met.
    for one, other in ((first, second), (second, first)):
        wait_until(f"{one.name} is linked to {other.name}", lambda: other.name in [
            device["name"] for device in one.json("status")["devices"] if device["linked"]])
