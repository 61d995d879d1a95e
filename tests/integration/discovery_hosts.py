"""Machines that find each other: hosts of the lab with an agent each, and with an Avahi daemon of
their own where a test wants one. Nothing leaves the lab's namespaces.

    enter()                    first, before anything else of the program
    network = Network(test, "ada", "pi")
    ada, pi = network.hosts
    ada.start_daemon()         a D-Bus and an Avahi daemon, which only this host has
    ada.agent.start(); make_known(ada, pi)

avahi-daemon is not installed, for an installed one starts and speaks on the machine's own network:
scripts/setup unpacks it below build/avahi, and an installed one is used if there is one.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from lanyard_process import PROGRAM, Agent, wait_until  # noqa: I001, that scripts/ is found
import lab

ROOT = Path(__file__).resolve().parents[2]
UNPACKED = ROOT / "build" / "avahi"
LIBRARIES = ":".join(str(folder) for folder in UNPACKED.glob("usr/lib/*-linux-*"))

# The one that has Debian's python3-zeroconf, whatever else is on the PATH.
DEBIANS_PYTHON = "/usr/bin/python3"

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={socket}</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>"""
DAEMON = "[server]\nuse-ipv4=yes\nuse-ipv6=yes\nhost-name={name}\n[publish]\npublish-hinfo=no\n"


def enter():
    """The lab, and in it a user `avahi`, whom the daemon looks for though it does not become it."""
    lab.enter()
    with tempfile.TemporaryDirectory() as folder:
        for name, line in (("passwd", "avahi:x:64001:64001::/:/bin/false\n"),
                           ("group", "avahi:x:64001:\nnetdev:x:64002:\n")):
            copy = Path(folder) / name
            copy.write_text(Path("/etc", name).read_text() + line)
            subprocess.run(["mount", "--bind", str(copy), f"/etc/{name}"], check=True)


def tool(name, *, folder="bin"):
    """The path of one of Avahi's programs."""
    for path in (shutil.which(name), UNPACKED / "usr" / folder / name):
        if path and Path(path).exists():
            return str(path)
    sys.exit(f"discovery: `{name}` is not there.\n  Fix: scripts/setup")


class Host:
    """One machine on the lab's bridge."""

    def __init__(self, network, name):
        self.network, self.name = network, name
        self.folder = network.folder / name
        self.folder.mkdir()
        self.bus_socket = self.folder / "bus"
        self.environment = {
            "HOME": str(self.folder), "PATH": os.environ["PATH"],
            "LD_LIBRARY_PATH": LIBRARIES,
            # Never the machine's own bus, also where this host has none.
            "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.bus_socket}",
            "LANYARD_CONFIG": str(self.folder / "config.toml"),
        }
        for variable in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if variable in os.environ:
                self.environment[variable] = os.environ[variable]
        # What a network is searched for: nothing that a random name could hold by chance.
        device = f"device named {name}"
        self.agent = Agent(PROGRAM, self.folder / "agent", device, discovery=True,
                           wrap=lambda command: network.lab.command(name, command),
                           environment=self.environment)
        self.bus = self.daemon = None
        self.others = []

    def close(self):
        self.stop_agent()
        self.kill_daemon()
        for process in [*self.others, *([self.bus] if self.bus else [])]:
            self.end(process)
        for process in self.others:
            process.stdin.close()
            process.stdout.close()

    def stop_agent(self):
        if self.agent.process and self.agent.process.poll() is None:
            self.agent.kill()
        if self.agent.control:
            self.agent.control.close()

    @staticmethod
    def end(process):
        process.kill()
        process.wait()

    def popen(self, command, **options):
        return self.network.lab.popen(self.name, command, env=self.environment,
                                      stdin=subprocess.DEVNULL, **options)

    def popen_sender(self, *command):
        """A process on this host that is told what to do, line by line."""
        process = self.network.lab.popen(self.name, list(command), env=self.environment, text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.others.append(process)
        return process

    def run(self, command, **options):
        """The finished program on this host; its output as text."""
        return self.network.lab.run(self.name, command, env=self.environment, text=True,
                                    capture_output=True, stdin=subprocess.DEVNULL, **options)

    def ip(self, *words):
        """`ip` in this host's network."""
        subprocess.run(["ip", "-n", self.name, *words], check=True)

    # ---- its Avahi daemon

    def start_bus(self):
        config = self.folder / "bus.conf"
        config.write_text(BUS.format(socket=self.bus_socket))
        self.bus = self.popen(["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until("the bus is there", self.bus_socket.exists)

    def start_daemon(self):
        if not self.bus:
            self.start_bus()
        config = self.folder / "avahi.conf"
        config.write_text(DAEMON.format(name=f"host-of-{self.name}"))
        # Its socket and pid lie in /run/avahi-daemon, whoever it is: each has one of its own.
        start = ("mkdir -p /run/avahi-daemon && mount -t tmpfs tmpfs /run/avahi-daemon && exec "
                 f"{tool('avahi-daemon', folder='sbin')} -f {config} --no-drop-root --no-chroot "
                 "--no-rlimits")
        with open(self.folder / "avahi.txt", "ab") as output:
            self.daemon = self.popen(["sh", "-c", start], stdout=output, stderr=output)

    def kill_daemon(self):
        if self.daemon:
            self.end(self.daemon)
            self.daemon = None

    # ---- its agent

    def child_pid(self):
        """The process in which the agent speaks to Avahi; nothing while there is none."""
        pid = self.agent.process.pid
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except FileNotFoundError:
            return None
        return int(children[0]) if children else None

    def kill_child(self, how=signal.SIGKILL):
        os.kill(self.child_pid(), how)

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


def make_known(one, other):
    """Two running agents that know each other's ids, and no address."""
    one.agent.ok("devices", "add", other.agent.info["id"])
    other.agent.ok("devices", "add", one.agent.info["id"])


def await_linked(one, other):
    wait_until(f"{one.name} and {other.name} are linked",
               lambda: one.is_linked(other) and other.is_linked(one))
