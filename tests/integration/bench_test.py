#!/usr/bin/env python3
"""scripts/bench in small, but for what compares with SQLite's programs: every row is printed, with
figures that can be true.
How large they are is for the bench itself, on a quiet machine."""

import json
import subprocess
import sys
import unittest
from pathlib import Path

from lanyard_process import PROGRAM

BENCH = Path(__file__).resolve().parents[2] / "scripts" / "bench"
BINARIES = Path(PROGRAM).parent
AGENTS, WRITES, STARTS, APART = 3, 5, 1, 6
SUBSCRIBERS, CHANGES, LARGE_MB = 3, 10, 2
MEASUREMENTS = {
    "api": {"api-bulk", "api-large", "api-frame", "api-frame-elsewhere"},
    "api-subscribers": {"api-subscribers-1", f"api-subscribers-{SUBSCRIBERS}"},
    "live": {"live"},
    "links": {f"first-link-{daemon}-{address}" for daemon in ("daemon", "no-daemon")
              for address in ("known", "moved")},
    "mesh": {"mesh-set-up", "mesh-idle", "mesh-write", "mesh-parted-short"},
}
GOALS = {"api": 4, "api-subscribers": 0, "live": 2, "links": 8, "mesh": 6}
OF_API = {"api": ["bulk", "large", "frame", "elsewhere"], "api-subscribers": ["subscribers"]}
# What is counted and may be nothing: in so short a time, or because nothing went wrong.
MAY_BE_ZERO = {"agent_cpu_percent", "discovery_cpu_percent", "wire_bytes_per_s", "all_linked_s",
               "hub_linked_s", "space_s", "accepted", "refusedBusy", "failedHandshakes",
               "droppedLinks", "refusedChanges", "repeated"}


class Bench(unittest.TestCase):
    def lines(self, part):
        words = ["--only", part]
        if part in OF_API:
            words = ["--only", "api", "--of-api", *OF_API[part], "--records", "100",
                     "--subscribers", str(SUBSCRIBERS), "--live-seconds", str(CHANGES / 100),
                     "--large-mb", str(LARGE_MB)]
        done = subprocess.run(
            [sys.executable, str(BENCH), *words, "--writes", str(WRITES), "--starts", str(STARTS),
             "--agents", str(AGENTS), "--apart", str(APART), "--idle", "0.2", "--cuts", "short",
             "--binary-folder", str(BINARIES)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def check_part(self, part):
        """The rows by their names, once each was looked at."""
        lines = self.lines(part)
        rows = {line.pop("measurement"): line for line in lines if "measurement" in line}
        self.assertEqual(set(rows), MEASUREMENTS[part])
        for name, row in rows.items():
            for figure, value in row.items():
                with self.subTest(measurement=name, figure=figure):
                    (self.assertGreaterEqual if figure in MAY_BE_ZERO else self.assertGreater)(
                        value, 0)
        goals = [line for line in lines if "goal" in line]
        self.assertEqual(len(goals), GOALS[part])
        for goal in goals:
            # That nothing failed is as it should be.
            (self.assertGreaterEqual if "failed" in goal["goal"] else self.assertGreater)(
                goal["reached"], 0)
            self.assertIn(goal["met"], (True, False))
        return rows

    def assert_ordered(self, row, *figures):
        """What comes later, or is a part of it, is not smaller."""
        values = [row[figure] for figure in figures]
        self.assertEqual(values, sorted(values), figures)

    def test_a_local_api(self):
        rows = self.check_part("api")
        for name in ("api-frame", "api-frame-elsewhere"):
            self.assertEqual(rows[name]["n"], WRITES)
            for figure in ("shown", "answered"):
                self.assert_ordered(rows[name], f"{figure}_p50_ms", f"{figure}_p99_ms")
        self.assertGreaterEqual(rows["api-large"]["mb_in"], LARGE_MB)

    def test_many_subscribers(self):
        for row in self.check_part("api-subscribers").values():
            self.assertEqual(row["n"], CHANGES)
            self.assertEqual(row["frames"], row["subscribers"] * CHANGES)
            self.assert_ordered(row, "shown_p50_ms", "shown_p99_ms", "shown_to_all_p99_ms")

    def test_a_write_on_one_of_two(self):
        row = self.check_part("live")["live"]
        self.assertEqual(row["n"], WRITES)
        for name in ("visible", "answered", "write", "network", "apply", "notify", "sum"):
            self.assert_ordered(row, f"{name}_p50_ms", f"{name}_p99_ms")

    def test_starts_until_the_first_link(self):
        for row in self.check_part("links").values():
            self.assertEqual(row["n"], STARTS)
            self.assert_ordered(row, "answers_p50_ms", "linked_p50_ms", "linked_p95_ms")

    def test_many_in_one_space(self):
        # A machine that stands still for seconds parts them as a longer cut would: not each time.
        for _ in range(3):
            rows = self.check_part("mesh")
            if rows["mesh-parted-short"]["crossing_links_left"] == 2:
                break
        self.assertEqual({row["n"] for row in rows.values()}, {AGENTS})
        self.assert_ordered(rows["mesh-write"], "first_p50_ms", "last_p50_ms", "last_p99_ms")
        self.assert_ordered(rows["mesh-parted-short"], "wire_until_equal", "wire_until_quiet")
        # Whoever is in one half has two links or one into the other, and all outlive the cut.
        self.assertEqual(rows["mesh-parted-short"]["crossing_links_left"], 2)
        self.assertEqual(rows["mesh-parted-short"]["changes"], APART * 2 // AGENTS * AGENTS)


if __name__ == "__main__":
    unittest.main()
