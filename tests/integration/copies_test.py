#!/usr/bin/env python3
"""Real agents whose data folder is restored or copied: a few runs of scripts/copies."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "copies"
RUNS = 3


class Copies(unittest.TestCase):
    def run_kind(self, kind):
        done = subprocess.run([sys.executable, SCRIPT, "--runs", str(RUNS), "--kind", kind,
                               "--binary", os.environ["LANYARD"]],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"report: {kind}: {RUNS} of {RUNS} runs", done.stdout)

    def test_a_device_that_was_restored_gets_all_back_and_gives_no_number_twice(self):
        self.run_kind("restore")

    def test_two_copies_of_a_data_folder_hold_everything_of_both(self):
        self.run_kind("copies")

    def test_a_whole_copy_forks_and_every_device_shows_it_and_holds_both_branches(self):
        self.run_kind("fork")


if __name__ == "__main__":
    unittest.main()
