"""Hosts of the lab that have a D-Bus and an Avahi daemon of their own, which only they see.

    enter()                         in place of lab.enter(): first, before anything else
    pi = AvahiHost(lab, "pi", folder)
    pi.start_daemon()               and a bus for it, if there is none yet
    pi.kill_daemon(); pi.close()

avahi-daemon is not installed, for an installed one starts and speaks on the machine's own network:
scripts/setup unpacks it below build/avahi, and an installed one is used if there is one.
"""
from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import lab
from agents import wait_until

ROOT = pathlib.Path(__file__).resolve().parent.parent
UNPACKED = ROOT / "build" / "avahi"

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={socket}</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>"""
DAEMON = "[server]\nuse-ipv4=yes\nuse-ipv6=yes\nhost-name={name}\n[publish]\npublish-hinfo=no\n"


def enter() -> None:
    """The lab, and in it a user `avahi`, whom the daemon looks for though it does not become it:
    root by another name, for who is not root outside has no other user in here."""
    lab.enter()
    with tempfile.TemporaryDirectory() as folder:
        for name, line in (("passwd", "avahi:x:0:0::/:/bin/false\n"),
                           ("group", "avahi:x:0:\nnetdev:x:0:\n")):
            copy = pathlib.Path(folder) / name
            copy.write_text(pathlib.Path("/etc", name).read_text() + line)
            subprocess.run(["mount", "--bind", str(copy), f"/etc/{name}"], check=True)


def tool(name: str, *, folder: str = "bin") -> str:
    """The path of one of Avahi's programs."""
    for path in (shutil.which(name), UNPACKED / "usr" / folder / name):
        if path and pathlib.Path(path).exists():
            return str(path)
    sys.exit(f"lab: `{name}` is not there.\n  Fix: scripts/setup")


class AvahiHost:
    """The bus and the daemon of one host, and the environment of whoever asks them."""

    def __init__(self, network: lab.Lab, name: str, folder: pathlib.Path):
        self.lab, self.name, self.folder = network, name, folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.bus_socket = folder / "bus"
        self.environment = {
            "HOME": str(folder), "PATH": os.environ["PATH"],
            "LD_LIBRARY_PATH": ":".join(map(str, UNPACKED.glob("usr/lib/*-linux-*"))),
            # Never the machine's own bus, also where this host has none.
            "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.bus_socket}",
        }
        self.bus: subprocess.Popen | None = None
        self.daemon: subprocess.Popen | None = None

    def popen(self, command: list[str], **options) -> subprocess.Popen:
        return self.lab.popen(self.name, command, env=self.environment, stdin=subprocess.DEVNULL,
                              **options)

    def start_bus(self) -> None:
        config = self.folder / "bus.conf"
        config.write_text(BUS.format(socket=self.bus_socket))
        self.bus = self.popen(["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until("the bus is there", self.bus_socket.exists)

    def start_daemon(self) -> None:
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

    def kill_daemon(self) -> None:
        if self.daemon:
            self.end(self.daemon)
            self.daemon = None

    def close(self) -> None:
        self.kill_daemon()
        if self.bus:
            self.end(self.bus)
            self.bus = None

    @staticmethod
    def end(process: subprocess.Popen) -> None:
        process.kill()
        process.wait()
