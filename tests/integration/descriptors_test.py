#!/usr/bin/env python3
"""Agents that may have few files open: what they serve then, and what they say of it."""

import contextlib
import re
import socket
import subprocess
import time
import unittest
from pathlib import Path

from api_device import ApiDevice, record_path
from costs import processor_seconds
from lanyard_process import Device, wait_until


class Descriptors(unittest.TestCase):
    def started_with(self, device, limit):
        return subprocess.run(
            ["bash", "-c", f'ulimit {limit}; exec "$@"', "bash",
             *device.arguments("agent", *device.flags)],
            env=device.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def test_too_few_descriptors_are_said_at_the_start(self):
        device = Device("ada")
        self.addCleanup(device.close)
        done = self.started_with(device, "-n 40")
        self.assertEqual(done.returncode, 9, done.stderr)
        self.assertIn("may have 40 files and sockets open", done.stderr)
        self.assertIn("ulimit -n 1024", done.stderr)

    def test_with_the_fewest_it_works_and_no_door_takes_what_another_one_needs(self):
        device = ApiDevice("ada")
        self.addCleanup(device.close)
        device.wrap = lambda command: ["bash", "-c", 'ulimit -n 64; exec "$@"', "bash", *command]
        device.start()
        api = device.api("--all-spaces", "--write")
        spaces = [f"s{number}" for number in range(12)]
        for space in spaces:
            device.ok("space", "create", space)
            device.ok("data", "put", space, "c", "k", "{}")
            self.assertEqual(api.get(record_path("k", "c", space))["value"], {})
        doors = {"the API": (socket.AF_INET, ("127.0.0.1", api.port)),
                 "the control socket": (socket.AF_UNIX, str(device.data / "agent.sock")),
                 "other devices": (socket.AF_INET, ("127.0.0.1", device.info["syncPort"]))}
        for name, (family, address) in doors.items():
            with self.subTest(name), contextlib.ExitStack() as held:
                for _ in range(100):
                    line = held.enter_context(socket.socket(family))
                    line.setblocking(False)
                    with contextlib.suppress(BlockingIOError):
                        line.connect(address)
                if family == socket.AF_INET:
                    device.ok("data", "put", "s3", "c", "k", '{"n":1}')
                    self.assertEqual(device.ok("data", "get", "s3", "c", "k"), '{"n":1}\n')
                if name != "the API":
                    api.put(record_path("k", "c", "s5"), {"n": 2})
                # Who waits to be let in costs nothing.
                self.assertLess(min(self.cpu_in_a_second(device) for _ in range(3)), 0.5)
            for space in spaces:
                wait_until("all of it is served again", lambda: device.run(
                    "data", "get", space, "c", "k").returncode == 0)
                self.assertEqual(api.ask("GET", record_path("k", "c", space)).status, 200)

    def cpu_in_a_second(self, device):
        before = processor_seconds(device.process.pid)
        time.sleep(1)
        return processor_seconds(device.process.pid) - before

    def test_an_agent_takes_what_the_system_lets_it_have(self):
        device = Device("ada")
        self.addCleanup(device.close)
        device.wrap = lambda command: ["bash", "-c", 'ulimit -S -n 40; exec "$@"', "bash", *command]
        device.start()
        limits = Path(f"/proc/{device.agent_pid()}/limits").read_text()
        soft = int(re.search(r"Max open files +(\d+)", limits)[1])
        self.assertGreater(soft, 64)


if __name__ == "__main__":
    unittest.main()
