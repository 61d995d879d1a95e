#!/usr/bin/env python3
"""Real agents that are paired with codes, rightly and wrongly, and the space they then have."""

import json
import socket
import subprocess
import unittest

from lanyard_process import Device, wait_until
from pairing import (
    ControlJoiner,
    ControlWindow,
    Window,
    address,
    is_linked,
    join,
    kill_while_pairing,
    other_code,
    pair,
)


def devices(test, *names):
    made = [Device(name) for name in names]
    for device in made:
        test.addCleanup(device.close)
        device.start()
    return made


def put(device, key, space="default", **fields):
    device.ok("data", "put", space, "notes", key, json.dumps(fields))


def keys(device, space="default"):
    lines = device.ok("data", "query", space, "notes", "--json").splitlines()
    return [json.loads(line)["key"] for line in lines]


def knows(device, name):
    return name in [each["name"] for each in device.json("devices", "list")["devices"]
                    if not each["forgotten"]]


class OneDefault(unittest.TestCase):
    def have_the_same(self, *all_devices, count):
        def equal():
            hashes = {device.json("space", "info", "default")["state_hash"]
                      for device in all_devices}
            return len(hashes) == 1 and all(len(keys(device)) == count for device in all_devices)
        wait_until("all have the same default", equal)

    def test_two_fresh_devices_see_what_the_other_writes_before_and_after(self):
        for joiner_first in (False, True):
            with self.subTest(joiner_first=joiner_first):
                host, joiner = devices(self, "pi", "laptop")
                order = [joiner, host] if joiner_first else [host, joiner]
                for device in order:
                    put(device, f"before {device.name}", title=device.name)
                pair(joiner, host)
                for device in order:
                    put(device, f"after {device.name}", title=device.name)
                self.have_the_same(host, joiner, count=4)
                self.assertTrue(is_linked(host, "laptop") and is_linked(joiner, "pi"))

    def test_the_old_id_of_the_default_goes_on_to_name_it(self):
        host, joiner = devices(self, "pi", "laptop")
        old = joiner.json("space", "info", "default")["id"]
        put(joiner, "one", title="x")
        pair(joiner, host)
        wait_until("it moved", lambda: joiner.json("space", "info", "default")["id"] != old)
        put(joiner, "two", space=old, title="y")
        self.have_the_same(host, joiner, count=2)
        self.assertEqual(sorted(keys(joiner, old)), ["one", "two"])

    def test_the_host_moves_if_the_joiner_has_shared_its_default(self):
        laptop, pi, desktop = devices(self, "laptop", "pi", "desktop")
        put(laptop, "from laptop", title="x")
        put(desktop, "from desktop", title="y")
        pair(laptop, pi)
        self.have_the_same(laptop, pi, count=1)
        done = pair(pi, desktop)  # the code is shown on the fresh one
        self.assertEqual(done["default"], "host-moves")
        self.have_the_same(laptop, pi, desktop, count=2)

    def test_two_that_were_paired_with_the_pi_know_each_other(self):
        laptop, pi, desktop = devices(self, "laptop", "pi", "desktop")
        put(laptop, "from laptop", title="x")
        put(desktop, "from desktop", title="y")
        pair(laptop, pi)
        pair(desktop, pi)
        self.have_the_same(laptop, pi, desktop, count=2)
        wait_until("they know each other", lambda: len(
            laptop.json("devices", "list")["devices"]) == 2)
        # Directly, without the Pi, once they have an address of each other.
        laptop.ok("devices", "add", desktop.info["id"], "--at", address(desktop))
        wait_until("they are linked", lambda: is_linked(laptop, "desktop"))
        pi.kill()
        put(laptop, "third", title="z")
        self.have_the_same(laptop, desktop, count=3)
        self.assertTrue(knows(desktop, "laptop"))

    def test_two_shared_defaults_stay_two_unless_a_person_says_so(self):
        one, two, three, four = devices(self, "one", "two", "three", "four")
        pair(one, two)
        pair(three, four)
        for pair_of in ((one, two), (three, four)):
            self.have_the_same(*pair_of, count=0)
        window = Window(two)
        refused = join(three, window.code(), two)
        self.assertEqual(refused.returncode, 6, refused.stderr)
        self.assertIn("--keep-both", refused.stderr)
        self.assertEqual(window.end()[1], 5)
        self.assertFalse(knows(three, "two"))
        self.assertEqual(pair(three, two, "--keep-both")["default"], "both-stay")
        wait_until("they are linked", lambda: is_linked(three, "two"))
        self.assertNotEqual(two.json("space", "info", "default")["id"],
                            three.json("space", "info", "default")["id"])

    def test_a_pairing_that_is_killed_at_any_moment_can_be_done_again(self):
        for run, after_s in enumerate((0.0, 0.01, 0.02, 0.03)):
            host, joiner = devices(self, "pi", "laptop")
            put(joiner, "one", title="x")
            kill_while_pairing(joiner, host, (host, joiner)[run % 2], after_s)
            put(host, "two", title="y")
            self.have_the_same(host, joiner, count=2)


class Codes(unittest.TestCase):
    def setUp(self):
        self.host, self.joiner = devices(self, "pi", "laptop")

    def test_a_code_may_be_typed_as_digits_words_or_beginnings(self):
        for spelling in ("digits", "words", "beginnings"):
            with self.subTest(spelling=spelling):
                window = Window(self.host)
                code = window.code("digits" if spelling == "digits" else "words")
                if spelling == "beginnings":
                    code = " ".join(word[:3] for word in code.split("-")).upper()
                done = join(self.joiner, code, self.host)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("Paired with pi", done.stdout)
                self.assertEqual(window.end()[1], 0)

    def test_both_screens_show_the_same_check(self):
        window = Window(self.host)
        done = join(self.joiner, window.code(), self.host, "--json")
        events = [json.loads(line) for line in done.stdout.splitlines()]
        checks = {event[event["event"]]["check"] for event in events}
        checks.add(window.next()["typed"]["check"])
        checks.add(window.next()["paired"]["check"])
        self.assertEqual(len(checks), 1)

    def test_a_wrong_code_shows_the_next_one_and_three_close_the_window(self):
        window = Window(self.host)
        seen = set()
        for _ in range(3):
            code = window.code("digits")
            seen.add(code)
            done = join(self.joiner, other_code(code), self.host)
            self.assertEqual(done.returncode, 6, done.stderr)
            self.assertIn("wrong, used up", done.stderr)
        self.assertEqual(len(seen), 3)
        last, code = window.end()
        self.assertEqual((last["why"], code), ("three wrong codes were tried", 6))
        self.assertFalse(knows(self.host, "laptop") or knows(self.joiner, "pi"))

    def test_a_hundred_wrong_codes_pair_nobody_and_the_right_one_then_does(self):
        typing, tried, windows = ControlJoiner(self.joiner), 0, 0
        self.addCleanup(typing.control.close)
        while tried < 100:
            window = ControlWindow(self.host)
            windows += 1
            for code in (window.code, None, None):
                wrong = other_code(code or window.next_code())
                answer = typing.join(wrong, address(self.host))
                self.assertEqual(answer["error"]["exit"], 6, answer)
                tried += 1
            events, line = window.end()
            self.assertEqual((events, line["error"]["exit"]), ([], 6))
        self.assertFalse(knows(self.host, "laptop") or knows(self.joiner, "pi"))
        window = ControlWindow(self.host)
        self.assertIn("paired", typing.join(window.code, address(self.host))["result"])
        self.assertIn("paired", window.end()[1]["result"])
        print(f"report: {tried} wrong codes in {windows} windows paired nobody")

    def test_status_says_that_a_window_is_open_and_not_its_code(self):
        typing = ControlJoiner(self.joiner)
        self.addCleanup(typing.control.close)
        self.assertIsNone(self.host.json("status")["pairing"])
        self.assertNotIn("pairing", self.host.ok("status"))
        window = ControlWindow(self.host)
        typing.join(other_code(window.code), address(self.host))
        code = window.next_code()
        pairing = self.host.json("status")["pairing"]
        self.assertEqual(pairing["codesLeft"], 2)
        self.assertTrue(0 < pairing["leftMs"] <= 300_000, pairing)
        self.assertRegex(self.host.ok("status"), r"pairing open for \d+ [ms], 2 codes left")
        self.assertNotIn(code, self.host.ok("status", "--json"))
        typing.begin(code, at=address(self.host))
        typing.found()
        self.assertEqual(self.host.json("status")["pairing"], {"leftMs": 0, "codesLeft": 0})
        self.assertIn("pairing: the code was typed", self.host.ok("status"))
        typing.say_yes()
        self.assertIn("paired", typing.answer()["result"])
        window.end()
        self.assertIsNone(self.host.json("status")["pairing"])

    def test_a_used_code_and_one_of_no_window_look_like_a_wrong_one(self):
        window = Window(self.host)
        code = window.code()
        self.assertEqual(join(self.joiner, code, self.host).returncode, 0)
        window.end()
        used = join(self.joiner, code, self.host)
        never = join(self.joiner, "000000000", self.host)
        window = Window(self.host)
        wrong = join(self.joiner, other_code(window.code("digits")), self.host)
        self.assertEqual((used.stderr, used.returncode), (wrong.stderr, wrong.returncode))
        self.assertEqual((never.stderr, never.returncode), (wrong.stderr, wrong.returncode))
        window.cancel()

    def test_a_slip_costs_no_guess(self):
        window = Window(self.host)
        code = window.code()
        for typed in (code[:-1] + "q", code + "-more", "coper", "12345", code[:4]):
            done = join(self.joiner, typed, self.host)
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn("Nothing was tried", done.stderr)
        self.assertEqual(join(self.joiner, code, self.host).returncode, 0)
        self.assertEqual(window.end()[1], 0)

    def test_what_is_cancelled_is_over(self):
        window = Window(self.host)
        code = window.code()
        last, exit_code = window.cancel()
        self.assertEqual(exit_code, 130, last)
        self.assertEqual(join(self.joiner, code, self.host).returncode, 6)
        window = Window(self.host)  # the next one is not in its way
        self.assertEqual(join(self.joiner, window.code(), self.host).returncode, 0)
        window.end()

    def test_one_window_at_a_time(self):
        window = Window(self.host)
        window.code()
        second, code = Window(self.host).end()
        self.assertEqual(second["why"], "a pairing code is shown already")
        self.assertEqual(code, 5)
        window.cancel()

    def test_the_person_at_the_joiner_may_say_no(self):
        window = Window(self.host)
        with self.joiner.connect() as control:
            request = control.send("pair.join", code=window.code(), at=address(self.host))
            found = control.receive()["progress"]["found"]
            self.assertEqual(found["name"], "pi")
            control.send("pair.answer", yes=False)
            answers = [control.receive(), control.receive()]
        mine = next(answer for answer in answers if answer["id"] == request)
        self.assertEqual(mine["error"]["exit"], 130)
        self.assertEqual(window.end()[1], 5)
        self.assertFalse(knows(self.host, "laptop") or knows(self.joiner, "pi"))

    def test_answers_that_nobody_asked_for_change_nothing(self):
        with self.joiner.connect() as control:
            control.call("pair.answer", yes=True)
            window = Window(self.host)
            request = control.send("pair.join", code=window.code(), at=address(self.host))
            control.receive()
            for yes in (True, True, False):
                control.send("pair.answer", yes=yes)
            answers = [control.receive() for _ in range(4)]
        mine = next(answer for answer in answers if answer["id"] == request)
        self.assertEqual(mine["result"]["paired"]["name"], "pi")
        self.assertEqual(window.end()[1], 0)
        self.joiner.call("agent.info")

    def test_a_client_that_goes_away_before_it_answers_pairs_nobody(self):
        window = Window(self.host)
        with self.joiner.connect() as control:
            control.send("pair.join", code=window.code(), at=address(self.host))
            control.receive()
        self.assertEqual(window.end()[1], 5)
        self.assertFalse(knows(self.host, "laptop") or knows(self.joiner, "pi"))

    def test_where_nobody_answers_the_code_is_not_used(self):
        window = Window(self.host)
        code = window.code()
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            done = self.joiner.run("pair", code, "--yes", "--at",
                                   f"127.0.0.1:{nobody.getsockname()[1]}")
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("code was not used", done.stderr)
        self.assertEqual(join(self.joiner, code, self.host).returncode, 0)
        window.end()

    def test_without_an_address_and_without_discovery_it_says_what_to_do(self):
        done = self.joiner.run("pair", "000000000", "--yes")
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("discovery is switched off", done.stderr)
        self.assertIn("--at", done.stderr)

    def test_a_code_in_a_file_and_nobody_to_ask(self):
        window = Window(self.host)
        file = self.joiner.folder / "code.txt"
        file.write_text(window.code() + "\n")
        words = ("pair", "--code-file", str(file), "--at", address(self.host))
        asked = self.joiner.run(*words)
        self.assertEqual(asked.returncode, 2, asked.stderr)
        self.assertIn("--yes", asked.stderr)
        done = self.joiner.run(*words, "--yes", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(window.end()[1], 0)

    def test_a_qr_code_says_where_and_what(self):
        shown = subprocess.Popen(self.host.arguments("pair", "--qr"), env=self.host.environment,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        line = shown.stdout.readline()
        shown.terminate()
        shown.wait(timeout=60)
        self.assertIn("\x1b[30;107m", line)

    def test_a_forgotten_device_is_known_again_once_it_is_paired_again(self):
        pair(self.joiner, self.host)
        wait_until("they are linked", lambda: is_linked(self.host, "laptop"))
        self.host.ok("devices", "forget", "laptop", "--yes")
        wait_until("they are not linked", lambda: not is_linked(self.joiner, "pi"))
        pair(self.joiner, self.host)
        wait_until("they are linked", lambda: is_linked(self.host, "laptop"))


if __name__ == "__main__":
    unittest.main()
