"""What an attack costs an agent, beside the bytes that the attacker sent.

hostile/costs.hpp prints the same line for attacks of tests in C++; scripts/test shows them of tests
that passed too.

    cost = Cost(device)              from here on
    ...
    cost.report("64 bodies")         prints the line, and returns the figures

    class Tries(AttackTest):         the same of each test of the class, for all agents together
    @reported                        the same of one test

Bytes are those that this program and what it forked have sent by TCP, whoever has read them: of a
browser what a tap hands on, both ways.
"""

import functools
import multiprocessing
import os
import socket
import unittest
from pathlib import Path

from lanyard_process import Device

TICKS = os.sysconf("SC_CLK_TCK")
SENT = multiprocessing.Value("Q")


def count_sent() -> None:
    """From now on each socket of this program counts what it sends."""
    def counted(send, size):
        @functools.wraps(send)
        def call(self, data, *more):
            done = send(self, data, *more)
            if self.family != socket.AF_UNIX:
                with SENT.get_lock():
                    SENT.value += size(data, done)
            return done
        return call

    socket.socket.send = counted(socket.socket.send, lambda data, done: done)
    socket.socket.sendall = counted(socket.socket.sendall,
                                    lambda data, done: memoryview(data).nbytes)


count_sent()


def memory_of(pid: int, line: str) -> int:
    for each in Path(f"/proc/{pid}/status").read_text().splitlines():
        if each.startswith(line + ":"):
            return int(each.split()[1]) * 1024
    raise ValueError(f"process {pid} has no memory")


def resident_peak(pid: int) -> int:
    """Bytes: the largest resident size since the process began, or since a Cost did."""
    return memory_of(pid, "VmHWM")


def processor_seconds(pid: int) -> float:
    """With those of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


def disk_bytes(folder: Path) -> int:
    """What the files take, not how long they are."""
    total = 0
    for each in folder.rglob("*"):
        try:
            total += each.stat().st_blocks * 512
        except FileNotFoundError:
            pass  # the agent has removed it
    return total


def size_text(count: int) -> str:
    """In the unit in which it has at least two digits."""
    units = ["B", "KiB", "MiB"]
    number = float(count)
    while number >= 10 * 1024 and len(units) > 1:
        number /= 1024
        units.pop(0)
    return f"{number:.0f} {units[0]}"


class Cost:
    """Of some running agents together; of one that is started anew, from then on."""

    def __init__(self, *devices):
        self.before = {}
        self.sent = SENT.value
        for device in devices:
            self.watch(device)

    def watch(self, device) -> None:
        if pid := device.agent_pid():
            self.before[device] = (pid, self.now(device, pid))

    @staticmethod
    def now(device, pid: int) -> tuple[int, int, float]:
        try:  # from here on the system counts the peak anew
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        except PermissionError:
            pass
        return memory_of(pid, "VmRSS"), disk_bytes(device.data), processor_seconds(pid)

    def report(self, scene: str) -> dict:
        cost = {"bytesIn": SENT.value - self.sent, "peakBytes": 0, "diskBytes": 0,
                "cpuSeconds": 0.0}
        left = {device: what for device, what in self.before.items()
                if device.agent_pid() == what[0]}
        for device, (pid, (resident, disk, seconds)) in left.items():
            cost["peakBytes"] += max(resident_peak(pid) - resident, 0)
            cost["diskBytes"] += max(disk_bytes(device.data) - disk, 0)
            cost["cpuSeconds"] += processor_seconds(pid) - seconds
        if left:
            print(f"report: attack: {scene}: {size_text(cost['bytesIn'])} in; "
                  f"memory {size_text(cost['peakBytes'])}, disk {size_text(cost['diskBytes'])}, "
                  f"CPU {cost['cpuSeconds']:.2f} s", flush=True)
        return cost


def reported(test):
    @functools.wraps(test)
    def call(self):
        cost = Cost(*Device.running())
        Device.watchers.append(cost.watch)
        try:
            test(self)
        finally:
            Device.watchers.remove(cost.watch)
        cost.report(test.__name__.removeprefix("test_").replace("_", " "))
    return call


class AttackTest(unittest.TestCase):
    """Each test is one attack, or some that belong together."""

    def __init_subclass__(cls, **more):
        super().__init_subclass__(**more)
        for name, test in list(vars(cls).items()):
            if name.startswith("test_"):
                setattr(cls, name, reported(test))
