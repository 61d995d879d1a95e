#!/usr/bin/env python3
"""scripts/uninstall, scripts/setup and scripts/sbom, as a person runs them: what goes, what stays,
and what it is all made of."""

import hashlib
import json
import pathlib
import shutil
import subprocess
import unittest

from lanyard_process import PROGRAM, Device

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
# What building the program does not need.
FOR_TESTS_ALONE = {"chromium", "fortunes", "clang-tidy", "clang-format", "catch2", "curl"}


class Uninstall(unittest.TestCase):
    """In a tree of its own, with a program that was built there."""

    def setUp(self):
        self.device = Device("ada")
        self.addCleanup(self.device.close)
        self.tree = self.device.folder / "tree"
        (self.tree / "build" / "release").mkdir(parents=True)
        (self.tree / "scripts").mkdir()
        for script in ("uninstall", "common.sh"):
            shutil.copy(SCRIPTS / script, self.tree / "scripts")
        self.program = self.tree / "build" / "release" / "lanyard"
        shutil.copy(PROGRAM, self.program)
        # Where a person's own data is, of a person with this home.
        self.device.data = self.device.folder / ".local" / "share" / "lanyard"
        self.device.state = self.device.folder / ".local" / "state" / "lanyard"
        done = self.run_in_tree("build/release/lanyard", "up", "--name", "ada", "--sync-port", "0",
                                "--api-port", "0", "--listen", "127.0.0.1", "--no-discovery")
        self.assertEqual(done.returncode, 0, done.stderr)

    def run_in_tree(self, *words):
        return subprocess.run(words, cwd=self.tree, env=self.device.environment, timeout=120,
                              capture_output=True, text=True)

    def test_the_agent_stops_the_program_goes_and_the_data_stays(self):
        done = self.run_in_tree("scripts/uninstall")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIsNone(self.device.agent_pid())
        self.assertFalse((self.tree / "build").exists())
        self.assertTrue((self.device.data / "identity.key").exists())
        self.assertIn(f"{self.device.data}\n", done.stdout)
        self.assertEqual(self.run_in_tree("scripts/uninstall").returncode, 0)

    def test_data_goes_only_for_those_who_say_yes(self):
        done = self.run_in_tree("scripts/uninstall", "--data")
        self.assertEqual(done.returncode, 2)
        self.assertIn("are lost then", done.stderr)
        self.assertIsNotNone(self.device.agent_pid())
        done = self.run_in_tree("scripts/uninstall", "--data", "--yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        for folder in (self.device.data, self.device.state, self.tree / "build"):
            self.assertFalse(folder.exists(), folder)

    def test_a_program_that_is_gone_does_not_leave_its_agent_unnoticed(self):
        self.program.rename(self.device.folder / "lanyard")
        done = self.run_in_tree("scripts/uninstall")
        self.assertEqual(done.returncode, 1)
        self.assertIn("an agent may be running", done.stderr)
        self.assertIsNotNone(self.device.agent_pid())


class Setup(unittest.TestCase):
    def packages(self, which):
        done = subprocess.run([SCRIPTS / "setup", "--list", which], capture_output=True, text=True,
                              check=True)
        return set(done.stdout.split())

    def test_running_needs_no_package_of_the_tests(self):
        self.assertEqual(self.packages("run") & FOR_TESTS_ALONE, set())
        self.assertEqual(FOR_TESTS_ALONE - self.packages("test"), set())
        self.assertEqual(self.packages("run") - self.packages("test"), set())


class Materials(unittest.TestCase):
    """scripts/sbom: what a scanner of vulnerabilities reads."""

    def test_every_package_that_is_in_the_program_is_named_with_its_version(self):
        done = subprocess.run([SCRIPTS / "sbom", "--binary", PROGRAM], capture_output=True,
                              text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        bill = json.loads(done.stdout)
        self.assertEqual((bill["bomFormat"], bill["specVersion"]), ("CycloneDX", "1.5"))
        program = bill["metadata"]["component"]
        self.assertEqual(program["hashes"][0]["content"],
                         hashlib.sha256(pathlib.Path(PROGRAM).read_bytes()).hexdigest())
        parts = {each["name"]: each for each in bill["components"]}
        built_with = subprocess.run([SCRIPTS / "setup", "--list", "run"], capture_output=True,
                                    text=True).stdout.split()
        self.assertLessEqual(set(built_with), set(parts))
        loaded = {name for name, each in parts.items() if each["scope"] == "required"}
        self.assertLessEqual({"libsodium23", "libsqlite3-0", "libseccomp2", "libzstd1", "libc6",
                              "libavahi-client3", "libavahi-core7", "libstdc++-12-dev"}, loaded)
        for name, each in parts.items():
            version = subprocess.run(["dpkg-query", "--show", "--showformat=${Version}", name],
                                     capture_output=True, text=True).stdout
            self.assertEqual(each["version"], version)
            self.assertTrue(each["purl"].startswith(f"pkg:deb/debian/{name}@{version}?"))

    def test_a_program_that_is_not_there(self):
        done = subprocess.run([SCRIPTS / "sbom", "--binary", "/nowhere/lanyard"],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not there", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
