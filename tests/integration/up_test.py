#!/usr/bin/env python3
"""`lanyard up` and `down`: one agent, what it is told and keeps, a start that fails, systemd."""

import shutil
import subprocess
import unittest

from lanyard_process import PROGRAM, Device, free_port


class UpAndDown(unittest.TestCase):
    def setUp(self):
        self.device = Device()
        self.addCleanup(self.device.close)
        self.flags = ["--name", "ada", "--sync-port", "0", "--api-port", "0",
                      "--listen", "127.0.0.1", "--no-discovery"]

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

    def test_what_a_variable_says_too_is_written_for_the_starts_without_it(self):
        device, file = self.device, self.with_a_file()
        port = str(free_port())
        device.environment["LANYARD_SYNC_PORT"] = port
        self.assertEqual(device.json("up", "--sync-port", port)["kept"], ["sync.port"])
        self.assertIn(f"port = {port}\n", file.read_text())
        device.ok("down")
        del device.environment["LANYARD_SYNC_PORT"]
        again = device.json("up", "--sync-port", port)
        self.assertEqual((again["agent"]["syncPort"], again["kept"]), (int(port), []))

    def test_peers_are_added_to_those_that_are_there(self):
        device, file = self.device, self.with_a_file()
        device.ok("config", "set", "discovery.peers", "127.0.0.1:7,127.0.0.1:8")
        said = device.ok("up", "--peer", "127.0.0.1:9", "--peer", "127.0.0.1:7")
        whole = 'peers = ["127.0.0.1:7", "127.0.0.1:8", "127.0.0.1:9"]'
        self.assertIn(f"discovery.{whole}", said)
        self.assertIn(whole, file.read_text())
        self.assertEqual(device.json("up", "--peer", "127.0.0.1:8")["kept"], [])
        # What a variable says for one run is not written down with it.
        device.environment["LANYARD_DISCOVERY_PEERS"] = "127.0.0.1:5,127.0.0.1:6"
        self.assertEqual(device.json("up", "--peer", "127.0.0.1:6")["kept"], ["discovery.peers"])
        self.assertIn(whole[:-1] + ', "127.0.0.1:6"]', file.read_text())

    def test_json_says_what_is_not_kept_and_why(self):
        device, _ = self.device, self.with_a_file()
        device.environment["LANYARD_LOG_LEVEL"] = "warning"
        found = device.json("up", "--log-level", "debug", "--name", "ada")
        self.assertEqual(found["kept"], ["device.name"])
        self.assertEqual(found["notKept"], [{
            "flag": "--log-level", "why": "LANYARD_LOG_LEVEL says otherwise at every start."}])
        self.assertEqual(device.json("up")["notKept"], [])

    def test_a_running_agent_has_heard_of_the_whole_value_alone(self):
        device = self.device
        flags = ["--sync-port", "0", "--api-port", "0", "--listen", "127.0.0.1", "--no-discovery"]
        peers = ["--peer", "127.0.0.1:7", "--peer", "127.0.0.1:8"]
        device.ok("up", *flags, "--name", "ad", *peers)
        self.assertNotIn("has not heard", device.ok("up", *flags, "--name", "ad", *peers))
        self.assertIn("has not heard of --name", device.ok("up", "--name", "ada"))
        self.assertIn("has not heard of --peer",
                      device.ok("up", *peers[:3], "127.0.0.1:9"))

    def test_a_file_that_would_become_too_large_to_be_read_is_left_as_it_was(self):
        device, file = self.device, self.with_a_file()
        full = file.read_text()
        full += "# 3456789\n" * ((65536 - len(full)) // 10)
        file.write_text(full)
        said = device.ok("up", "--name", "ada")
        self.assertIn("--name is not kept: ", said)
        self.assertIn("larger than 64 KiB", said)
        self.assertEqual(file.read_text(), full)

    def test_an_upgrade_that_cannot_stop_the_agent_keeps_nothing(self):
        device, file = self.device, self.with_a_file()
        self.use_a_systemctl_of_our_own()
        program = device.folder / "older"
        shutil.copy(PROGRAM, program)
        older = [str(program), *device.arguments("up")[1:]]
        subprocess.run(older, env=device.environment, check=True, capture_output=True, timeout=120)
        before = file.read_text()
        device.environment["FAKE_REFUSES"] = "disable"
        done = device.run("up", "--upgrade", "--name", "ada")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("systemd could not stop", done.stderr)
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

    def use_a_systemctl_of_our_own(self):
        """It stands for the real one: it does what the unit says."""
        device = self.device
        tools = device.folder / "bin"
        tools.mkdir()
        (tools / "systemctl").write_text(FAKE_SYSTEMCTL)
        (tools / "systemctl").chmod(0o755)
        device.environment["PATH"] = f"{tools}:{device.environment['PATH']}"
        device.environment["FAKE_PID"] = str(device.folder / "pid")

    def test_up_uses_systemd_where_it_answers(self):
        device = self.device
        self.use_a_systemctl_of_our_own()
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
if words[0] == os.environ.get("FAKE_REFUSES"):
    sys.exit("it is not allowed")
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
