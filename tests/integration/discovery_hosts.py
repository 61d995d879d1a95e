"""Machines that find each other: hosts of the lab with an agent each, and with an Avahi daemon of
their own where a test wants one. Nothing leaves the lab's namespaces.

    enter()                    first, before anything else of the program
    network = Network(test, "ada", "pi")
    ada, pi = network.hosts
    ada.start_daemon()         a D-Bus and an Avahi daemon, which only this host has
    ada.agent.start(); make_known(ada, pi)
"""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from lanyard_process import PROGRAM, Agent, wait_until  # noqa: I001, that scripts/ is found
import lab
from lab_avahi import AvahiHost, enter, tool  # noqa: F401, for the tests

# The one that has Debian's python3-zeroconf, whatever else is on the PATH.
DEBIANS_PYTHON = "/usr/bin/python3"


class Host(AvahiHost):
    """One machine on the lab's bridge."""

    def __init__(self, network, name):
        super().__init__(network.lab, name, network.folder / name)
        self.environment["LANYARD_CONFIG"] = str(self.folder / "config.toml")
        for variable in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if variable in os.environ:
                self.environment[variable] = os.environ[variable]
        # What a network is searched for: nothing that a random name could hold by chance.
        device = f"device named {name}"
        self.agent = Agent(PROGRAM, self.folder / "agent", device, discovery=True,
                           wrap=lambda command: self.lab.command(name, command),
                           environment=self.environment)
        self.others = []

    def close(self):
        self.stop_agent()
        super().close()
        for process in self.others:
            self.end(process)
            process.stdin.close()
            process.stdout.close()

    def stop_agent(self):
        if self.agent.process and self.agent.process.poll() is None:
            self.agent.kill()
        if self.agent.control:
            self.agent.control.close()

    def popen_sender(self, *command):
        """A process on this host that is told what to do, line by line."""
        process = self.lab.popen(self.name, list(command), env=self.environment, text=True,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.others.append(process)
        return process

    def run(self, command, **options):
        """The finished program on this host; its output as text."""
        return self.lab.run(self.name, command, env=self.environment, text=True,
                            capture_output=True, stdin=subprocess.DEVNULL, **options)

    def ip(self, *words):
        """`ip` in this host's network."""
        subprocess.run(["ip", "-n", self.name, *words], check=True)

    # ---- its agent

    def child_pid(self, kind="core"):
        """The process in which the agent speaks to Avahi's daemon or has Avahi's core, "daemon" or
        "core"; nothing while there is none."""
        return children_of(self.agent.process.pid).get(kind)

    def kill_child(self, how=signal.SIGKILL, kind="core"):
        os.kill(self.child_pid(kind), how)

    def discovery(self):
        return self.agent.call("status.get")["discovery"]

    def state(self):
        return self.discovery()["state"]

    def device(self, other):
        """What this host knows of another host's agent."""
        for device in self.agent.call("device.list")["devices"]:
            if device["id"] == other.agent.info["id"]:
                return device
        return None

    def is_linked(self, other):
        return self.device(other)["linked"]

    def await_state(self, *states):
        return wait_until(f"discovery of {self.name} is one of {states}, not {self.discovery()}",
                          lambda: self.state() in states)

    def await_nearby(self, count):
        wait_until(f"{self.name} sees {count}", lambda: self.discovery()["nearby"] == count)

    def await_nearby_between(self, least, most):
        wait_until(f"{self.name} sees {least} to {most}",
                   lambda: least <= self.discovery()["nearby"] <= most)


class Network:
    """A lab whose hosts and folders go with the test. The bridge and names stay for the next."""

    def __init__(self, test, *names):
        self.folder = Path(tempfile.mkdtemp(prefix="lanyard-it-"))
        test.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.lab = lab.Lab(list(names))
        test.addCleanup(self.lab.close)
        self.hosts = [Host(self, name) for name in names]
        for host in self.hosts:
            test.addCleanup(host.close)


def children_of(pid):
    """kind -> pid of the discovery processes of whoever has this pid."""
    kinds = {}
    try:
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            if b"discovery-child" in words:
                kinds[words[2].decode()] = int(child)
    except FileNotFoundError:
        pass
    return kinds


def tell(probe, line):
    """What the probe answers: what it sees."""
    probe.stdin.write(line + "\n")
    probe.stdin.flush()
    return list(iter(lambda: probe.stdout.readline().strip(), "."))


def make_known(one, other):
    """Two running agents that know each other's ids, and no address."""
    one.agent.ok("devices", "add", other.agent.info["id"])
    other.agent.ok("devices", "add", one.agent.info["id"])


def await_linked(one, other):
    wait_until(f"{one.name} and {other.name} are linked",
               lambda: one.is_linked(other) and other.is_linked(one))
