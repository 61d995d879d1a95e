#!/usr/bin/env python3
"""Somebody between two devices who changes, drops, repeats, swaps or sends back what they say:
nobody is paired by it, nothing is applied, and honest devices come through afterwards."""

import json
import unittest

from between import DEEDS, Between, Deed
from lanyard_process import ANSWER_WITHIN_S, Device, wait_until
from pairing import ControlJoiner, ControlWindow

# The messages of a pairing in the order in which each side says them.
SAID = {"dialer": ["offer", "first", "third", "share", "tag", "accept"],
        "listener": ["answer", "second", "share", "welcome", "done"]}
AFTER_THE_YES = (("dialer", 5), ("listener", 4))


def devices_of(device):
    return [each["name"] for each in device.call("device.list")["devices"]]


def is_linked(device, other):
    return any(each["linked"] and each["id"] == other.info["id"]
               for each in device.call("device.list")["devices"])


def state_of(device):
    info = device.call("space.info", space="default")
    return info["id"], info["state_hash"], len(info["members"])


def is_guessed(deed):
    """The joiner's tag comes through, and was right: the window is closed whatever follows."""
    return (deed.whose, deed.number) == ("listener", 3) or deed.what == "replay" and (
        deed.whose, deed.number) in (("listener", 2), ("dialer", 4))


def deeds_on(whose, number, size, places=None):
    """Every byte, or those named, with another bit each time; and each thing else once."""
    for at in range(size) if places is None else places:
        yield Deed(whose, number, "flip", at, at % 8)
    for what in DEEDS:
        yield Deed(whose, number, what)


class Pairing(unittest.TestCase):
    def two(self):
        host, joiner = Device("pi at home"), Device("laptop on the table")
        for device in (host, joiner):
            self.addCleanup(device.close)
            device.start()
            device.call("data.put", space="default", collection="notes", key=device.name,
                        value={"n": 1})
        self.host, self.joiner, self.typing = host, joiner, ControlJoiner(joiner)
        self.addCleanup(self.typing.control.close)
        self.between = Between(host.info["syncPort"])
        self.addCleanup(self.between.close)

    def try_deed(self, deed, code, *, says_yes=False):
        """The link as it was, and the joiner's answer."""
        link = self.between.arm(deed)
        answer = self.typing.join(code, self.between.address, says_yes=says_yes)
        self.assertTrue(link.over.wait(ANSWER_WITHIN_S), "both have hung up")
        self.assertEqual(link.was_done.is_set(), deed is not None)
        self.assert_nothing_is_said_aloud(link)
        return link, answer

    def assert_nothing_is_said_aloud(self, link):
        for device in (self.host, self.joiner):
            self.assertNotIn(device.name.encode(), link.clear)

    def pair_honestly(self):
        """With a new code, on the same way; both have everything then. The sizes of what they
        said."""
        window = ControlWindow(self.host)
        link, answer = self.try_deed(None, window.code, says_yes=True)
        self.assertIn("paired", answer.get("result", {}), answer)
        events, line = window.end()
        self.assertEqual(events, ["typed"])
        self.assertIn("paired", line.get("result", {}), line)
        self.assert_all_is_there()
        return link.said

    def assert_all_is_there(self):
        wait_until("they are linked", lambda: is_linked(self.host, self.joiner)
                   and is_linked(self.joiner, self.host))
        wait_until("both have the same", lambda: state_of(self.host) == state_of(self.joiner))
        found = self.host.call("data.query", space="default", collection="notes")["records"]
        self.assertEqual(len(found), 2)

    def test_what_is_done_before_the_person_says_yes_pairs_nobody(self):
        self.two()
        sizes = self.pair_honestly()
        self.two()
        before = state_of(self.host), state_of(self.joiner)
        rows = 0
        for whose, names in SAID.items():
            for number, name in enumerate(names):
                if (whose, number) in AFTER_THE_YES:
                    continue
                with self.subTest(whose=whose, message=name):
                    rows += self.try_message(whose, number, sizes[whose][number])
                    self.assertEqual(devices_of(self.host) + devices_of(self.joiner), [])
                    self.assertEqual((state_of(self.host), state_of(self.joiner)), before)
        self.pair_honestly()
        print(f"report: {rows} deeds to messages of handshake and pairing: nobody was paired")

    def try_message(self, whose, number, size):
        """All that may be done to one message of the dialogue."""
        window, rows = None, 0
        for deed in deeds_on(whose, number, size):
            window = window or ControlWindow(self.host)
            link, answer = self.try_deed(deed, window.code)
            self.assertIn("error", answer, f"{deed}: {answer}")
            may_hang = deed.may_hang(b"\0\0") or deed.may_hang(b"\xff\xff")
            self.assertTrue(may_hang or not link.gave_up, f"{deed}: nobody hung up")
            self.assertEqual(devices_of(self.host) + devices_of(self.joiner), [], str(deed))
            rows += 1
            if is_guessed(deed):
                events, line = window.end()
                self.assertEqual(events, ["typed"], str(deed))
                self.assertEqual(line["error"]["exit"], 5, f"{deed}: {line}")
                window = None
        if window:
            # No guess was spent: the code that was shown first is the one that is cancelled.
            self.assertEqual(window.cancel()[0], [])
        return rows

    def test_what_is_done_after_the_yes_is_healed_by_pairing_again(self):
        self.two()
        sizes = self.pair_honestly()
        rows = 0
        for whose, number in AFTER_THE_YES:
            size = sizes[whose][number]
            for deed in deeds_on(whose, number, size, (0, 1, 2, size // 2, size - 1)):
                with self.subTest(str(deed)):
                    self.two()
                    self.try_after_the_yes(deed)
                    rows += 1
        print(f"report: {rows} deeds after the yes: known to both or to the joiner alone, and "
              "paired again")

    def try_after_the_yes(self, deed):
        window = ControlWindow(self.host)
        _, answer = self.try_deed(deed, window.code, says_yes=True)
        _, line = window.end()
        # The joiner's person has said yes, to a host that has proven to know the code.
        self.assertEqual(devices_of(self.joiner), [self.host.name])
        if deed.whose == "listener" or deed.what == "replay":
            wait_until("the host knows it", lambda: devices_of(self.host))
            self.assertIn("paired", line.get("result", {}), f"{deed}: {line}")
            self.assert_all_is_there()
        else:
            self.assertEqual(devices_of(self.host), [])
            self.assertEqual(answer["error"]["exit"], 5, answer)
            self.assertEqual(line["error"]["exit"], 5, line)
        self.pair_honestly()


class Known(unittest.TestCase):
    """Two that know each other, and somebody on the only way between them."""

    @classmethod
    def setUpClass(cls):
        cls.ada, cls.pi = Device("ada"), Device("pi")
        for device in (cls.ada, cls.pi):
            cls.addClassCleanup(device.close)
            device.start()
        cls.between = Between(cls.ada.info["syncPort"])
        cls.addClassCleanup(cls.between.close)
        cls.ada.ok("devices", "add", cls.pi.info["id"])
        cls.pi.ok("devices", "add", cls.ada.info["id"], "--at", cls.between.address)
        cls.ada.call("space.create", name="shared")
        cls.ada.call("space.share", space="shared", device=cls.pi.info["id"])
        wait_until("pi has the space", lambda: "shared" in [
            space["name"] for space in cls.pi.call("space.list")["spaces"]])
        cls.written = 0
        cls.await_all()

    @classmethod
    def write(cls, device):
        """A secret that a look at the wire would find."""
        cls.written += 1
        device.call("data.put", space="shared", collection="tasks", key=f"k{cls.written}",
                    value={"title": f"very secret {cls.written}"})

    @classmethod
    def await_all(cls):
        """Nothing is lost: both have every record that was acknowledged."""
        def count(device):
            return device.call("data.count", space="shared", collection="tasks")["count"]
        wait_until("all of it is at both", lambda: count(cls.pi) == count(cls.ada) == cls.written)

    def try_row(self, deed):
        """The link goes to pieces; the next one brings what each side wrote meanwhile."""
        link = self.next_link(deed)
        with self.pi.connect() as hurry:
            hurry.send("device.ping", device="ada")  # answered much later if the link ends

            def is_over():
                nonlocal link
                self.write(self.ada)
                self.write(self.pi)
                if not link.over.wait(0.02):
                    return False
                if not link.was_done.is_set():
                    # A spare link, which ended before it came to that message: now the next one.
                    link = self.next_link(deed)
                    hurry.send("device.ping", device="ada")
                return link.was_done.is_set() and link.over.is_set()
            wait_until(f"{deed} is done, and ends the link", is_over)
            self.assertTrue(link.was_done.is_set(), str(deed))
            self.assertNotIn(b"secret", link.clear)
            hurry.send("device.ping", device="ada")
            self.await_all()

    def next_link(self, deed):
        """The only one, once it is made, and what is done on it."""
        link = self.between.arm(deed)
        for other in self.between.hang_up_all_but(link):
            self.assertTrue(other.over.wait(ANSWER_WITHIN_S))
        return link

    def state_hashes(self):
        return {device.call("space.info", space="shared")["state_hash"]
                for device in (self.ada, self.pi)}

    def try_all(self, numbers):
        rows = 0
        for whose in ("dialer", "listener"):
            for number in numbers[whose]:
                places = (0, 1, 2, 9, -1) if number else (0, 4, 5, 6, 7)
                for deed in deeds_on(whose, number, 0, places):
                    with self.subTest(str(deed)):
                        self.try_row(deed)
                        rows += 1
        wait_until("both have the same", lambda: len(self.state_hashes()) == 1)
        self.assertEqual(json.loads(self.ada.ok("status", "--json"))["counters"][
            "refusedChanges"], 0)
        return rows

    def test_no_link_is_made_of_a_changed_handshake(self):
        rows = self.try_all({"dialer": range(3), "listener": range(2)})
        print(f"report: {rows} deeds to handshakes of known devices: linked again, nothing lost")

    def test_a_link_on_which_something_is_done_ends_and_nothing_is_lost(self):
        rows = self.try_all({"dialer": range(3, 10), "listener": range(2, 9)})
        print(f"report: {rows} deeds to links of known devices: linked again, nothing lost")


if __name__ == "__main__":
    unittest.main()
