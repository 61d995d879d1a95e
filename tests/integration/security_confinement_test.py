#!/usr/bin/env python3
"""What an agent and its discovery processes may not do any more, as the kernel says of the real
ones. What each rule forbids is tried in unit/confinement."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from bad_input import SANITIZED
from discovery_hosts import DEBIANS_PYTHON, Network, children_of, enter
from lanyard_process import PROGRAM, Device, wait_until

NOBODY = 65534
# Whether the memory, the descriptors and the environment of a process can be read.
LOOK = """
import os, sys
folder = f"/proc/{sys.argv[1]}/"
for name in ("mem", "environ", "maps"):
    try:
        open(folder + name, "rb").close()
        print(name)
    except PermissionError:
        pass
try:
    print(os.listdir(folder + "fd"))
except PermissionError:
    pass
"""


def state_of(pid):
    """name -> value of /proc/PID/status."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


class Confined(unittest.TestCase):
    def assert_confined(self, pid, filters):
        state = state_of(pid)
        self.assertEqual(state["NoNewPrivs"], "1")
        if not SANITIZED:
            self.assertEqual((state["Seccomp"], state["Seccomp_filters"]), ("2", str(filters)))

    def test_an_agent_and_the_processes_that_it_starts(self):
        ada, = Network(self, "ada").hosts
        ada.start_daemon()
        ada.agent.start("--sync-port", "7761")
        ada.await_state("daemon")
        children = children_of(ada.agent.process.pid)
        self.assertEqual(set(children), {"core", "daemon"})
        pid = ada.agent.call("agent.info")["agent"]["pid"]
        self.assert_confined(pid, 1)
        for child in children.values():
            # Each has the agent's filter, and one of its own once its library is there.
            wait_until("the process is confined",
                       lambda: SANITIZED or state_of(child)["Seccomp_filters"] == "2")
            self.assert_confined(child, 2)
            opened = {os.readlink(each) for each in Path(f"/proc/{child}/fd").iterdir()}
            self.assertEqual({each for each in opened if each.startswith("/")} - {"/dev/null"},
                             self.own_output(ada))

    @staticmethod
    def own_output(host):
        """What the agent's standard error leads to: a child has it too."""
        leads_to = os.readlink(f"/proc/{host.agent.process.pid}/fd/2")
        return {leads_to} if leads_to.startswith("/") else set()

    @unittest.skipIf(SANITIZED, "a sanitizer looks into its own process")
    def test_nobody_of_the_same_user_looks_into_an_agent(self):
        device = Device("private")
        self.addCleanup(device.close)
        as_user = []
        if os.geteuid() == 0:
            # Root may look into everything: somebody else runs it here, who can run it.
            device.folder.chmod(0o755)
            folder = Path(tempfile.mkdtemp(prefix="lanyard-it-"))
            self.addCleanup(shutil.rmtree, folder)
            folder.chmod(0o755)
            device.binary = shutil.copy(PROGRAM, folder)
            os.chown(device.folder, NOBODY, NOBODY)
            as_user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
            device.wrap = lambda command: [*as_user, *command]
        device.start()
        pid = device.call("agent.info")["agent"]["pid"]

        def what_is_seen(of):
            done = subprocess.run([*as_user, DEBIANS_PYTHON, "-c", LOOK, str(of)], text=True,
                                  capture_output=True, check=True)
            return done.stdout
        other = subprocess.Popen([*as_user, "sleep", "60"])
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        wait_until("another program can be looked into", lambda: "mem" in what_is_seen(other.pid))
        self.assertEqual(what_is_seen(pid), "")

    def test_what_is_in_force_is_what_the_agent_says(self):
        device = Device("sayer")
        self.addCleanup(device.close)
        device.start()
        self.assertEqual(json.loads(device.ok("status", "--json"))["agent"]["notConfined"], "")


if __name__ == "__main__":
    enter()
    unittest.main()
