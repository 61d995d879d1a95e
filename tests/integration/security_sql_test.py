#!/usr/bin/env python3
"""What a token of one space can do to an agent with SQL, as an attacker would: a few bytes that ask
for much memory or time, where SQLite looks at no limit. Time and memory are printed."""

import os
import re
import signal
import threading
import time
import unittest
from http.client import HTTPException
from pathlib import Path

from api import Api
from bad_input import SANITIZED
from costs import Cost, reported
from lanyard_process import Device, wait_until

SPACE = "/v1/spaces/notes"
MIB = 1 << 20
# 8 MB of characters that JSON writes with six each.
CONTROL = "replace(hex(zeroblob(4000000)),'0',char(1))"
# Every name stands for twice what the name before it does: before the first step, in the parser.
DOUBLINGS = "WITH a AS(SELECT 1 x)" + "".join(
    f",{chr(98 + n)} AS(SELECT*FROM {chr(97 + n)} UNION ALL SELECT*FROM {chr(97 + n)})"
    for n in range(18)) + f"SELECT count(*)FROM {chr(97 + 18)}"
LONG_SEARCH = "SELECT instr(hex(zeroblob(4000000)),hex(zeroblob(2000000))||'1')"
ENDLESS = "WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM c) SELECT count(*) FROM c"
ATTACKS = {
    "256 columns of 8 MB": ("SELECT " + ",".join([CONTROL] * 256), {413, 504}),
    "3 columns of 8 MB": ("SELECT " + ",".join([CONTROL] * 3), {413, 504}),
    "a long search": (LONG_SEARCH, {504}),
    "18 doublings": (DOUBLINGS, {504, 400, 413}),
    "a hundred searches": (f"SELECT {'+'.join([f'({LONG_SEARCH})'] * 50)}", {504}),
    "much to be sorted": ("WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM c) "
                          "SELECT x FROM c ORDER BY hex(randomblob(4000))", {504, 413}),
    "a hash of all": ("WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM c) "
                      "SELECT count(DISTINCT hex(randomblob(100000))) FROM c", {504, 413}),
    "a pattern": ("SELECT hex(zeroblob(1000000)) LIKE '" + "%0" * 60 + "1'", {504, 200}),
    "a concatenation": ("WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM c) "
                        "SELECT group_concat(hex(zeroblob(100000))) FROM c", {400, 413, 504}),
    "a deep array": ("SELECT json_array(json_array(hex(zeroblob(3000000))),"
                     "json_array(hex(zeroblob(3000000))))", {400, 413}),
    "a printed width": ("SELECT printf('%.*c', 2000000000, 'x')", {200, 400, 413, 504}),
}


def children(pid, verb="sql-child"):
    found = []
    for entry in Path("/proc").iterdir():
        try:
            state = (entry / "status").read_text() if entry.name.isdigit() else ""
            words = (entry / "cmdline").read_bytes().split(b"\0") if state else []
        except OSError:
            continue
        if f"\nPPid:\t{pid}\n" in state and verb.encode() in words:
            found.append(int(entry.name))
    return found


def kill_all(processes):
    for each in processes:
        try:
            os.kill(each, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it has ended by itself
    return processes


def filters_of(state):
    return int(re.search(r"^Seccomp_filters:\t(\d+)", state, re.MULTILINE)[1])


class Attacks(unittest.TestCase):
    def setUp(self):
        self.device = Device("ada")
        self.addCleanup(self.device.close)
        self.device.start()
        for name in ("notes", "secret"):
            self.device.ok("space", "create", name)
        self.pid = self.device.call("agent.info")["agent"]["pid"]
        self.api = self.device_api("notes")
        for n in range(20):
            self.api.put(f"{SPACE}/collections/books/records/b{n}", {"n": n, "text": "x" * 100})

    def device_api(self, *spaces, app="app", described=None):
        token = self.device.call("token.create", app=app, spaces=list(spaces), write=True)["token"]
        return Api(self.device.info["apiPort"], token, described)

    def sql(self, text, api=None, **more):
        return (api or self.api).ask("POST", f"{SPACE}/sql", json_body={"sql": text, **more})

    def books(self, api=None):
        return self.sql("SELECT count(*) FROM books", api).json["rows"]

    def test_each_attack_ends_in_time_and_takes_no_memory_of_the_agent(self):
        self.assertEqual(self.books(), [[20]])
        for name, (text, wanted) in ATTACKS.items():
            with self.subTest(name):
                cost = Cost(self.device)
                began = time.monotonic()
                answer = self.sql(text, timeLimitMs=1000)
                took = time.monotonic() - began
                taken = cost.report(f"{name} (SQL, {answer.status} after {took:.2f} s)")
                self.assertIn(answer.status, wanted, answer.body[:300])
                self.assertEqual(self.books(), [[20]])
                if not SANITIZED:
                    self.assertLess(taken["peakBytes"], 100 * MIB)

    def test_nobody_waits_for_an_attacker(self):
        other = self.device_api("notes", app="other", described=self.api.described)
        over = threading.Event()

        def attack():
            try:
                while not over.is_set():
                    self.sql(LONG_SEARCH, timeLimitMs=5000)
            except (OSError, HTTPException):
                pass  # the agent has stopped

        attackers = [threading.Thread(target=attack) for _ in range(8)]
        for each in attackers:
            each.start()
        wait_until("an attack is under way", lambda: children(self.pid))
        began = time.monotonic()
        for n in range(20):
            self.assertEqual(self.books(other), [[20]])
            other.put(f"{SPACE}/collections/other/records/o{n}", {"n": n})
            other.get(f"{SPACE}/collections/books/records?limit=5&order=-n")
        took = time.monotonic() - began
        print(f"report: 20 questions, writes and pages beside 8 attackers: {took:.2f} s")
        began = time.monotonic()
        self.device.process.terminate()
        self.device.process.wait(60)
        took = time.monotonic() - began
        over.set()
        print(f"report: the agent stopped {took:.2f} s after it was asked to")
        for each in attackers:
            each.join()

    @reported
    def test_a_process_that_answers_has_one_file_and_goes_after_a_while(self):
        self.assertEqual(children(self.pid), [])
        child, state = wait_until("one answers, and is kept", self.kept_process)
        if not SANITIZED:
            # The agent's filter and its own.
            self.assertIn("Seccomp:\t2", state)
            own = Path(f"/proc/{self.pid}/status").read_text()
            self.assertEqual(filters_of(state), filters_of(own) + 1)
        self.assertIn("NoNewPrivs:\t1", state)
        if os.geteuid() == 0:
            held = [os.readlink(f"/proc/{child}/fd/{n}") for n in os.listdir(f"/proc/{child}/fd")]
            data = [each for each in held if each.startswith(str(self.device.data))]
            self.assertEqual({Path(each).name.split(".db")[0] for each in data},
                             {self.api.get(SPACE)["id"]})
            self.assertFalse([each for each in held if "identity" in each or "platform" in each])
        wait_until("nobody is kept for nothing", lambda: not children(self.pid))
        self.assertEqual(self.books(), [[20]])

    def kept_process(self):
        """The one that has just answered, and its state; nothing if it has gone already."""
        self.books()
        try:
            child, = children(self.pid)
            return child, Path(f"/proc/{child}/status").read_text()
        except (ValueError, OSError):
            return None

    @reported
    def test_another_space_is_not_to_be_had(self):
        secret = self.api.described
        mine = self.device_api("secret", app="mine", described=secret)
        mine.put("/v1/spaces/secret/collections/s/records/1", {"t": "hidden"})
        path = next(self.device.data.rglob("*.db"))
        for text in (f"ATTACH '{path}' AS other", "SELECT * FROM s",
                     f"SELECT readfile('{path}')", "SELECT load_extension('x')",
                     f"SELECT * FROM pragma_database_list('{path}')",
                     "SELECT writefile('/tmp/x', 'x')", "SELECT edit('x')",
                     "VACUUM INTO '/tmp/x'", "SELECT * FROM lanyard_grants"):
            self.assertEqual(self.sql(text).status, 400, text)
        self.assertEqual(self.api.ask("POST", "/v1/spaces/secret/sql",
                                      json_body={"sql": "SELECT 1"}).status, 404)

    @reported
    def test_one_that_is_killed_is_replaced(self):
        wait_until("one is there", self.kept_process)
        kill_all(children(self.pid))
        self.assertEqual(self.books(), [[20]])
        wait_until("nobody is kept any more", lambda: not kill_all(children(self.pid)))
        answered = []
        asking = threading.Thread(
            target=lambda: answered.append(self.sql(ENDLESS, timeLimitMs=5000)))
        asking.start()
        wait_until("it works", lambda: children(self.pid))
        wait_until("it is killed", lambda: not kill_all(children(self.pid)))
        asking.join()
        self.assertGreaterEqual(answered[0].status, 400)
        self.assertEqual(self.books(), [[20]])

    def test_what_is_written_is_seen_and_what_is_asked_stays_what_it_was(self):
        for n in range(30):
            self.api.put(f"{SPACE}/collections/c{n % 7}/records/r{n}", {f"f{n}": n})
            rows = self.sql(f'SELECT f{n} FROM c{n % 7} WHERE id = ?', values=[f"r{n}"]).json
            self.assertEqual(rows["rows"], [[n]])
            self.assertEqual(self.sql("SELECT value FROM lanyard_grants").status, 400)
        sorted_rows = self.sql(
            "WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM c WHERE x<40000) "
            "SELECT x FROM c ORDER BY hex(randomblob(500)), x LIMIT 3")
        self.assertEqual(len(sorted_rows.json["rows"]), 3)
        self.assertEqual(self.sql("SELECT datetime(0,'unixepoch','localtime')").status, 200)


if __name__ == "__main__":
    unittest.main()
