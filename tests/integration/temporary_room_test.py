#!/usr/bin/env python3
"""A folder for temporary files that is full: that is said, and not that the disk of the data is."""

import os
import subprocess
import unittest

from lanyard_process import Device

#: In a mount namespace of its own: a folder for temporary files of 64 KiB.
SMALL = 'mount -t tmpfs -o size=64k small "$1" && export TMPDIR="$1" && shift && exec "$@"'


class Full(unittest.TestCase):
    def setUp(self):
        self.device = Device("ada")
        self.addCleanup(self.device.close)
        self.folder = self.device.folder / "tmp"
        self.folder.mkdir()

    def small(self, *words, **how):
        as_user = [] if os.geteuid() == 0 else ["--map-root-user"]
        return subprocess.run(["unshare", *as_user, "--mount", "sh", "-c", SMALL, "sh",
                               str(self.folder), *self.device.arguments(*words)],
                              env=self.device.environment, capture_output=True, text=True, **how)

    def test_an_import_from_standard_input(self):
        export = '{"version":"2.2.0","chats":[' + " " * 300_000 + "]}"
        done = self.small("import", "-", "--dry-run", input=export)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("standard input does not fit into the folder for temporary files, "
                      f"{self.folder}", done.stderr)
        self.assertNotIn("LY-A021", done.stderr)

    def test_a_check_that_rebuilds(self):
        self.device.start()
        for key in range(20):
            text = "".join(chr(97 + (key * number) % 26) for number in range(20_000))
            self.device.call("data.put", space="default", collection="c", key=str(key),
                             value={"text": text})
        self.device.stop()
        done = self.small("check", "--rebuild")
        self.assertIn("does not fit into the folder for temporary files", done.stdout + done.stderr)
        self.assertNotIn("disk is full", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
