#!/usr/bin/env python3
"""What systemd is told about an agent: that it restricts it, and how far."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

PACKAGED = Path(__file__).resolve().parents[2] / "packaging" / "lanyard@.service"
# In tenths, as systemd-analyze counts: 0 is shut away, 100 is open.
EXPOSED_MAX = 30


class Packaged(unittest.TestCase):
    def analyze(self, text, *words):
        """Of a unit that nobody starts. Its program need not be installed."""
        folder = tempfile.TemporaryDirectory(prefix="lanyard-it-")
        self.addCleanup(folder.cleanup)
        unit = Path(folder.name, "lanyard@somebody.service")
        unit.write_text(text.replace("/usr/bin/lanyard", "/bin/true"))
        return subprocess.run(["systemd-analyze", *words, str(unit)], capture_output=True,
                              text=True, env={**os.environ, "SYSTEMD_COLORS": "0"})

    def test_systemd_understands_every_line(self):
        done = self.analyze(PACKAGED.read_text(), "verify")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_it_is_exposed_little_and_without_its_settings_much(self):
        text = PACKAGED.read_text()
        words = ("security", "--offline=true", f"--threshold={EXPOSED_MAX}")
        done = self.analyze(text, *words)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        kept = [line for line in text.splitlines()
                if not line.startswith(("SystemCallFilter=", "CapabilityBoundingSet=", "Protect"))]
        self.assertNotEqual(self.analyze("\n".join(kept), *words).returncode, 0)


if __name__ == "__main__":
    unittest.main()
