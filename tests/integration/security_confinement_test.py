#!/usr/bin/env python3
"""What an agent and its discovery processes may not do any more, as the kernel says of the real
ones. What each rule forbids is tried in unit/confinement."""

import ctypes
import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from api import Api
from bad_input import SANITIZED
from costs import AttackTest
from discovery_hosts import DEBIANS_PYTHON, Network, children_of, enter
from lanyard_process import ANSWER_WITHIN_S, PROGRAM, Device, wait_until

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


#: landlock_create_ruleset(2) has this number on every machine.
CREATE_RULESET = 444
ASK_FOR_VERSION = 1


def landlock_version():
    """Of this kernel's interface; -1 or 0 where there is none."""
    call = ctypes.CDLL(None, use_errno=True).syscall
    return call(CREATE_RULESET, None, ctypes.c_size_t(0), ASK_FOR_VERSION)


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


class Intruded(AttackTest):
    """What somebody finds whose code runs in an agent: it is there, and tries."""

    def setUp(self):
        self.device = Device("intruded")
        self.addCleanup(self.device.close)
        self.device.state.mkdir(mode=0o700)
        self.wishes = self.device.state / "wishes"
        self.device.environment |= {"LD_PRELOAD": os.environ["LANYARD_INTRUDER"],
                                    "INTRUDER": str(self.wishes)}
        if SANITIZED:
            options = self.device.environment.get("ASAN_OPTIONS", "")
            self.device.environment["ASAN_OPTIONS"] = f"{options}:verify_asan_link_order=0"

    def attempt(self, *wishes):
        """What came of each: 0, or the name of an errno."""
        self.wishes.write_text("".join(f"{what} {target}\n" for what, target in wishes))
        ask_for_access(self.device)
        done = Path(f"{self.wishes}.done").read_text().split()
        return [errno.errorcode.get(int(each), "ok") for each in done]

    @unittest.skipIf(SANITIZED, "a sanitizer opens files of its own")
    def test_an_agent_opens_its_own_files_and_runs_itself_alone(self):
        home = self.device.folder  # HOME of this agent
        (home / "secret").write_text("of another program")
        (home / "projects").mkdir()
        other = subprocess.Popen(["sleep", "60"])
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        self.device.start()
        found = self.attempt(
            ("read", home / "secret"), ("list", home), ("list", "/home"), ("list", "/tmp"),
            ("make", home / "projects" / "new"), ("make", "/tmp/lanyard-intruder"),
            ("make", home / ".bashrc"), ("link", f"/proc/{other.pid}/exe"),
            ("run", "/bin/sh"), ("run", "/bin/true"), ("run", sys.executable))
        self.assertEqual(found, ["EACCES"] * 11)
        if os.geteuid() != 0:  # root may watch the performance of all processes, by their memory
            self.assertEqual(self.attempt(("read", f"/proc/{other.pid}/environ")), ["EACCES"])
        found = self.attempt(
            ("read", self.device.data / "identity.key"), ("make", self.device.data / "new"),
            ("make", self.device.state / "new"), ("read", "/etc/hosts"),
            ("read", "/etc/machine-id" if Path("/etc/machine-id").exists() else "/etc/hosts"),
            ("link", "/proc/self/exe"), ("run", "/proc/self/exe"))
        self.assertEqual(found, ["ok"] * 7)
        can_keep_signals = landlock_version() >= 6
        self.assertEqual(self.attempt(("signal", other.pid)),
                         ["EPERM" if can_keep_signals else "ok"])

    @unittest.skipIf(SANITIZED, "a sanitizer opens files of its own")
    def test_a_library_in_the_home_folder_opens_nothing_else_there(self):
        home = self.device.folder
        (home / "secret").write_text("of another program")
        library = shutil.copy(os.environ["LANYARD_INTRUDER"], home / "library.so")
        self.device.environment["LD_PRELOAD"] = str(library)
        self.device.start()
        self.assertEqual(self.attempt(("read", home / "secret"), ("list", home)), ["EACCES"] * 2)
        # Children of the agent are loaded with it too.
        self.assertEqual(self.attempt(("read", library), ("run", "/proc/self/exe")), ["ok"] * 2)

    @unittest.skipIf(SANITIZED, "a sanitizer opens files of its own")
    def test_what_takes_the_name_of_its_folder_is_not_its_folder(self):
        self.device.start()
        self.device.call("data.put", space="default", collection="c", key="k", value={"n": 1})
        elsewhere = self.device.folder / "elsewhere"
        self.device.data.rename(elsewhere)
        shutil.copytree(elsewhere, self.device.data,
                        ignore=lambda folder, names: [name for name in names if "sock" in name])
        self.assertEqual(self.attempt(("read", self.device.data / "identity.key")), ["EACCES"])
        self.assertEqual(self.attempt(("read", elsewhere / "identity.key")), ["ok"])
        # Put back, it is as it was: nothing was taken for damaged.
        shutil.rmtree(self.device.data)
        elsewhere.rename(self.device.data)
        self.device.call("data.put", space="default", collection="c", key="k", value={"n": 2})
        self.device.kill()
        self.device.start()
        self.assertEqual(self.device.call("data.get", space="default", collection="c",
                                          key="k")["value"], {"n": 2})


def lookups_of(pid):
    """The two processes that name programs for this agent: who keeps, and who answers."""
    def begun_by(parent):
        out = []
        for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            if b"lookup-child" in Path(f"/proc/{child}/cmdline").read_bytes():
                out.append(int(child))
        return out
    keepers = begun_by(pid)
    return keepers + [each for keeper in keepers for each in begun_by(keeper)]


WISH = {"app": "Notes", "spaces": ["default"], "write": True}


def ask_for_access(device):
    return Api(device.info["apiPort"]).ask("POST", "/v1/apps/requests", json_body=WISH)


class Named(AttackTest):
    """Programs are named by a process of its own, which is there again when it was killed."""

    def setUp(self):
        self.device = Device("namer")
        self.addCleanup(self.device.close)
        self.device.start()
        self.pid = self.device.call("agent.info")["agent"]["pid"]
        wait_until("there are two processes", lambda: len(lookups_of(self.pid)) == 2)
        self.lookups = lookups_of(self.pid)

    def name_of_a_request(self):
        """The program that the next request shows. It is allowed, and takes no place any more."""
        self.assertEqual(ask_for_access(self.device).status, 202)
        request, = self.device.call("apps.list")["requests"]
        self.device.call("apps.allow", request=request["id"])
        return request.get("program")

    def await_name(self):
        """On a busy machine the process, which is behind all others, may be late for a request."""
        wait_until("a request is named",
                   lambda: self.name_of_a_request() == os.path.realpath(sys.executable))

    def test_they_are_confined(self):
        for pid in self.lookups:
            state = state_of(pid)
            self.assertEqual(state["NoNewPrivs"], "1")
            if not SANITIZED:
                wait_until("it is filtered", lambda: state_of(pid)["Seccomp"] == "2")
            opened = {os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()}
            files = {each for each in opened if each.startswith("/")}
            self.assertEqual(files - {"/dev/null"} - {os.readlink(f"/proc/{self.pid}/fd/2")}, set())
            self.assertEqual(len([each for each in opened if each.startswith("socket:")]), 1)

    def test_each_that_is_killed_is_replaced(self):
        self.await_name()
        for at in (1, 0):  # who answers, then who keeps
            os.kill(self.lookups[at], signal.SIGKILL)
            self.await_name()

    def test_one_that_answers_and_is_stopped_is_replaced(self):
        os.kill(self.lookups[1], signal.SIGSTOP)
        self.await_name()

    def stop_lookups(self):
        for pid in self.lookups:
            os.kill(pid, signal.SIGSTOP)
            self.addCleanup(os.kill, pid, signal.SIGCONT)

    def begin_to_ask(self):
        """A connection whose request for access is on its way."""
        port = self.device.info["apiPort"]
        asker = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_WITHIN_S)
        self.addCleanup(asker.close)
        body = json.dumps(WISH)
        asker.sendall((f"POST /v1/apps/requests HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                       "Content-Type: application/json\r\n"
                       f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
        return asker

    def test_both_stopped_hold_up_nobody_but_who_is_to_be_named(self):
        self.stop_lookups()
        asker = self.begin_to_ask()
        for _ in range(3):
            Api(self.device.info["apiPort"])  # asks, and is answered
        self.assertIn(b" 202 ", asker.recv(4096).split(b"\r\n")[0])
        request, = self.device.call("apps.list")["requests"]
        self.assertFalse(request.get("program"))
        self.assertTrue(request["user"])

    def test_many_that_are_looked_up_keep_nobody_out(self):
        self.stop_lookups()
        askers = [self.begin_to_ask() for _ in range(100)]
        answers = [asker.recv(4096) for asker in askers]
        self.assertEqual(len([each for each in answers if b" 202 " in each[:20]]), 4)
        # What the others hear is that this program has asked, and not that others ask.
        self.assertEqual([each for each in answers if b"at the same time" in each], [])

    def test_who_hangs_up_at_once_takes_no_place(self):
        self.stop_lookups()
        for _ in range(8):
            self.begin_to_ask().close()
        self.assertIn(b" 202 ", self.begin_to_ask().recv(4096)[:20])
        self.assertEqual(len(self.device.call("apps.list")["requests"]), 1)

    def test_they_end_with_the_agent(self):
        self.device.kill()
        wait_until("they have ended", lambda: not any(is_there(pid) for pid in self.lookups))


def is_there(pid):
    try:
        return state_of(pid)["State"][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


if __name__ == "__main__":
    enter()
    unittest.main()
