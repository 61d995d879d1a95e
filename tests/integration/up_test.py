#!/usr/bin/env python3
"""`lanyard up` and `down`: one agent, what it is told and keeps, a start that fails, systemd."""

import unittest

from lanyard_process import Device


class UpAndDown(unittest.TestCase):
    def setUp(self):
        self.device = Device()
        self.addCleanup(self.device.close)
        self.flags = ["--name", "ada", "--sync-port", "0", "--listen", "127.0.0.1",
                      "--no-discovery"]

    def test_up_starts_it_once_and_down_stops_it(self):
        device = self.device
        first = device.json("up", *self.flags)
        self.assertEqual(first["agent"]["name"], "ada")
        again = device.json("up", *self.flags)
        self.assertEqual(again["agent"]["pid"], first["agent"]["pid"])
        self.assertIn("is running on ada", device.ok("up", *self.flags))
        self.assertTrue(device.ok("log"))
        self.assertEqual(device.json("down"), {"schema": "lanyard.down/1", "stopped": True})
        self.assertEqual(device.run("status").returncode, 3)
        self.assertEqual(device.json("down"), {"schema": "lanyard.down/1", "stopped": False})

    def with_a_file(self):
        """The device with a configuration file that is its own, as a person's only agent has it."""
        file = self.device.folder / "config.toml"
        file.write_text("# mine\n[sync]\nport = 0\nlisten = \"127.0.0.1\"\n[api]\nport = 0\n")
        self.device.environment["LANYARD_CONFIG"] = str(file)
        return file

    def test_what_up_is_told_counts_at_every_start(self):
        device, file = self.device, self.with_a_file()
        first = device.json("up", "--name", "ada")
        self.assertEqual((first["agent"]["name"], first["kept"]), ("ada", ["device.name"]))
        self.assertIn('name = "ada"', file.read_text())
        self.assertIn("# mine", file.read_text())
        device.ok("down")
        again = device.json("up")
        self.assertEqual((again["agent"]["name"], again["kept"]), ("ada", []))
        # A file that says something else later is not outvoted by what an up was told before.
        device.ok("config", "set", "device.name", "eve")
        device.ok("down")
        self.assertEqual(device.json("up", "--peer", "127.0.0.1:9")["agent"]["name"], "eve")
        self.assertIn('peers = ["127.0.0.1:9"]', file.read_text())

    def test_up_on_a_running_agent_says_when_its_flags_count(self):
        device, file = self.device, self.with_a_file()
        device.json("up")
        said = device.ok("up", "--name", "ada")
        self.assertIn('Kept in', said)
        self.assertIn('device.name = "ada"', said)
        self.assertIn("Fix: lanyard down && lanyard up", said)
        self.assertNotIn("Kept in", device.ok("up", "--name", "ada"))
        self.assertIn('name = "ada"', file.read_text())
        # What wins over the file is named, and the file is left alone.
        before = file.read_text()
        device.environment["LANYARD_LOG_LEVEL"] = "warning"
        self.assertIn("has not heard of --log-level", device.ok("up", "--log-level", "debug"))
        device.ok("down")
        started = device.ok("up", "--log-level", "debug")
        self.assertIn("--log-level is not kept: LANYARD_LOG_LEVEL says otherwise", started)
        self.assertEqual(file.read_text(), before)

    def test_a_start_that_fails_keeps_nothing(self):
        device, file = self.device, self.with_a_file()
        before = file.read_text()
        device.data.mkdir(mode=0o700)
        (device.data / "identity.key").write_text("not a key")
        (device.data / "identity.key").chmod(0o644)
        self.assertNotEqual(device.run("up", "--name", "ada").returncode, 0)
        self.assertEqual(file.read_text(), before)

    def test_a_data_folder_of_its_own_leaves_the_common_file_alone(self):
        said = self.device.ok("up", *self.flags)
        self.assertIn("--name is not kept: the data folder is one of its own", said)
        self.assertFalse((self.device.folder / ".config/lanyard/config.toml").exists())
        self.assertNotIn("has not heard", self.device.ok("up", *self.flags))

    def test_up_that_fails_says_why_and_leaves_nothing(self):
        device = self.device
        device.data.mkdir(mode=0o700)
        (device.data / "identity.key").write_text("not a key")
        (device.data / "identity.key").chmod(0o644)
        done = device.run("up", *self.flags)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Could not start the agent", done.stderr)
        self.assertIn("Why: ", done.stderr)
        self.assertEqual(device.run("status").returncode, 3)

    def test_up_uses_systemd_where_it_answers(self):
        """A systemctl of our own stands for the real one: it does what the unit says."""
        device = self.device
        tools = device.folder / "bin"
        tools.mkdir()
        (tools / "systemctl").write_text(FAKE_SYSTEMCTL)
        (tools / "systemctl").chmod(0o755)
        device.environment["PATH"] = f"{tools}:{device.environment['PATH']}"
        device.environment["FAKE_PID"] = str(device.folder / "pid")
        started = device.json("up", *self.flags)
        self.assertTrue(started["service"])
        units = list((device.folder / ".config/systemd/user").glob("lanyard-*.service"))
        self.assertEqual(len(units), 1)
        self.assertIn("Type=notify", units[0].read_text())
        device.ok("up", *self.flags)
        self.assertTrue(device.json("down")["stopped"])
        self.assertEqual(list((device.folder / ".config/systemd/user").iterdir()), [])


FAKE_SYSTEMCTL = r"""#!/usr/bin/env python3
import os, pathlib, shlex, signal, subprocess, sys
words = sys.argv[2:]
pid = pathlib.Path(os.environ["FAKE_PID"])
if words[0] == "enable":
    unit = pathlib.Path(os.environ["HOME"], ".config/systemd/user", words[2]).read_text()
    command = [line[10:] for line in unit.splitlines() if line.startswith("ExecStart=")][0]
    agent = subprocess.Popen(shlex.split(command), stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             start_new_session=True)
    pid.write_text(str(agent.pid))
if words[0] == "disable" and pid.exists():
    os.kill(int(pid.read_text()), signal.SIGTERM)
    pid.unlink()
"""


if __name__ == "__main__":
    unittest.main()
