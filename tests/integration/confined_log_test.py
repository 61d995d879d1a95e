#!/usr/bin/env python3
"""The log of an agent that is under rules for files goes on in a new file once it is long."""

import json
import unittest

from lanyard_process import Device, wait_until

FILE_BYTES_MAX = 4 << 20


class Rotated(unittest.TestCase):
    def test_a_long_log_is_put_aside_and_nothing_of_it_is_lost(self):
        device = Device("logger")
        self.addCleanup(device.close)
        device.state.mkdir(mode=0o700)
        log = device.state / "agent.log"
        line = "x" * 99 + "\n"
        log.write_text(line * (FILE_BYTES_MAX // len(line)))
        device.start("--log-target", "file")
        self.assertEqual(json.loads(device.ok("status", "--json"))["agent"]["notConfined"], "")
        device.ok("space", "create", "notes")
        wait_until("the log has begun anew", lambda: log.stat().st_size < FILE_BYTES_MAX // 2)
        before = (device.state / "agent.1.log").read_text()
        self.assertTrue(before.startswith(line * 100))
        device.stop()
        self.assertIn("stopped", log.read_text())


if __name__ == "__main__":
    unittest.main()
