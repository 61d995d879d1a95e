"""What happens in scripts/demo, step by step, until all devices have everything. The end of it, the
looks into what they have then, is demo_ending.py."""
from __future__ import annotations

import json
import pathlib

from agents import wait_until
from demo_stage import LETTERS, NAMES, PORT, Stage, say
from sqlite_views import Difference

# What the laptop writes while the pi is away: packs enough, at a rate low enough, for a catch-up of
# some seconds that can be interrupted.
LATE_EDITS = 3000
SLOW = "64kbit"
CHATS_NEEDED = 7
# Notes that the laptop deletes; the desktop edits the second one without knowing.
SCRATCH = ("scratch-deleted", "scratch-needed")


class Story:
    def __init__(self, stage: Stage, export: pathlib.Path):
        self.stage, self.export = stage, export
        self.agents, self.lab, self.space = stage.agents, stage.lab, stage.space
        # The three chats whose titles are edited on all sides.
        self.contested: list[str] = []

    def run(self) -> None:
        if self.stage.is_static:
            self.introduce()
        else:
            self.pair_with_the_pi()
        self.import_conversations()
        if not self.stage.is_static:
            self.part_laptop_and_desktop()
        self.edit_apart()
        self.catch_up_with_a_kill()

    # ---- how they come together

    def pair_with_the_pi(self) -> None:
        say("1. Three hosts on one bridge, an agent on each. Nothing is configured but names.")
        self.stage.watch()
        self.stage.begin()
        for name in ("laptop", "desktop"):
            self.pair(name)
        self.stage.wait_for_links()
        say("   Laptop and desktop, never paired with each other, are linked too: they have a "
            "space in common.")

    def pair(self, name: str) -> None:
        pi, joiner = self.agents["pi"], self.agents[name]
        where = {"at": self.lab.addresses["pi"]} if self.stage.setting == "peers" else {}
        with pi.connect() as window, joiner.connect() as typing:
            window.send("pair.open")
            code = window.receive()["progress"]["code"]["words"]
            self.stage.written.add("pairing code", code)
            if not where:
                wait_until(f"the {name} sees the pi's window", lambda: self.sees_a_window(name))
            join = typing.send("pair.join", code=code, **where)
            found = typing.receive()
            if "progress" not in found:
                raise Difference(f"the {name} cannot pair: {found}")
            typing.send("pair.answer", yes=True)
            answers = {answer["id"]: answer for answer in (typing.receive(), typing.receive())}
            typed = window.receive()["progress"]["typed"]
            if "result" not in answers[join]:
                raise Difference(f"the {name} cannot pair: {answers[join]}")
            if typed["check"] != found["progress"]["found"]["check"]:
                raise Difference("the two screens show different checks")
        say(f"   lanyard pair {code}  on the {name}: paired with "
            f"{found['progress']['found']['name']}, check {typed['check']} on both.")

    def sees_a_window(self, name: str) -> bool:
        return self.agents[name].call("status.get")["discovery"]["nearby"] >= 2

    def introduce(self) -> None:
        say("1. Three hosts on one bridge, an agent on each; each is made known to the others.")
        self.stage.begin()
        for one in NAMES:
            for other in NAMES:
                if one != other:
                    at = f"{self.lab.addresses[other]}:{PORT}"
                    self.agents[one].ok("devices", "add", self.agents[other].info["id"], "--at", at)
        self.stage.wait_for_links()

    # ---- what they have in common

    def import_conversations(self) -> None:
        laptop = self.agents["laptop"]
        if self.stage.is_static:
            laptop.ok("space", "create", self.space)
        say(f"2. {self.export.name} is imported on the laptop.")
        self.stage.written.add_export(self.export)
        imported = laptop.ok("import", str(self.export), "--space", self.space)
        say("   " + imported.strip().splitlines()[-1])
        self.add_what_the_story_needs()
        if self.stage.is_static:
            for name in ("desktop", "pi"):
                laptop.ok("space", "share", self.space, self.agents[name].info["id"])
        self.stage.wait_for_equal("the import is everywhere")
        info = self.stage.info("laptop")
        self.common = info["changes"]
        counts = {each["name"]: each["records"] for each in info["collections"]}
        say(f"   {counts['chats']} chats and {counts['messages']} messages on all three.")
        self.share_the_letters()

    def add_what_the_story_needs(self) -> None:
        """Two notes to delete, and chats of our own where the export has too few to edit."""
        for note in SCRATCH:
            self.stage.write("laptop", "put", "notes", note, {"text": "scratch"})
        for number in range(len(self.stage.chats()), CHATS_NEEDED):
            chat = {"title": f"a chat of the demo, {number}"}
            self.stage.write("laptop", "put", "chats", f"zz-demo-{number}", chat)

    def share_the_letters(self) -> None:
        laptop, pi = self.agents["laptop"], self.agents["pi"]
        laptop.ok("space", "create", LETTERS)
        letter = {"title": "To my sister", "text": "All that I write stays in this house."}
        self.stage.write_in(LETTERS, "laptop", "put", "letters", "first-letter", letter)
        laptop.ok("space", "share", LETTERS, pi.info["id"])
        self.stage.wait_for_equal("the letter is on the pi", ("laptop", "pi"), LETTERS)
        say(f"   The space `{LETTERS}` is shared by laptop and pi.")

    def part_laptop_and_desktop(self) -> None:
        say("   Laptop and desktop are parted on the bridge for good; the pi still sees both.")
        before = {name: self.stage.linked(name) for name in NAMES}
        self.stage.part()
        for name in ("laptop", "desktop"):
            self.stage.write(name, "put", "notes", f"through-the-pi-{name}",
                             {"text": f"the {name} sends its love"})
        self.stage.wait_for_equal("what each wrote has come to the other through the pi")
        for name, linked in before.items():
            if len(linked) != 2:
                raise Difference(f"the {name} was linked to {linked} only")
        say("   What each wrote then came to the other all the same.")

    # ---- apart, and together again

    def edit_apart(self) -> None:
        say("3. All cables are cut. The same records are edited on all sides, others on one side.")
        self.lab.cut_off("laptop")
        self.lab.cut("desktop", "pi")
        chats = self.stage.chats()
        self.contested = chats[-3:]
        for name in NAMES:
            for number, key in enumerate(self.contested):
                self.stage.write(name, "patch", "chats", key, {"title": f"{name} says {number}"})
        for position, name in enumerate(NAMES):
            starred = {"isStarred": True, "by": name}
            self.stage.write(name, "patch", "chats", chats[position - 6], starred)
            note = {"text": f"written on the {name}"}
            self.stage.write(name, "put", "notes", f"note-of-{name}", note)
        for note in SCRATCH:
            self.agents["laptop"].ok("data", "delete", self.space, "notes", note)
        self.stage.write("desktop", "patch", "notes", SCRATCH[1], {"text": "still needed"})
        say(f"   {LATE_EDITS} more small edits on the laptop, one change each.")
        keys = chats[:-6]
        edits = [{"space": self.space, "collection": "chats", "key": keys[i % len(keys)],
                  "value": {"edited": i}} for i in range(LATE_EDITS)]
        self.agents["laptop"].control.call_all([("data.patch", edit) for edit in edits])

    def catch_up_with_a_kill(self) -> None:
        say(f"4. The cables are back, the pi's at {SLOW}/s. It is killed while it catches up.")
        pi, changes = self.agents["pi"], self.stage.changes
        self.lab.slow_down("pi", SLOW)
        before = changes("pi")
        expected = sum(changes(name) for name in NAMES) - 2 * self.common
        self.lab.heal()

        def share() -> float:
            return (changes("pi") - before) / (expected - before)

        wait_until("a tenth of the changes has arrived", lambda: share() >= 0.1, every=0.005)
        arrived = changes("pi") - before
        pi.kill()
        say(f"   Killed when {arrived} of {expected - before} changes had arrived.")
        if not 0.1 <= arrived / (expected - before) <= 0.9:
            raise Difference("the kill did not come in the middle")
        self.lab.speed_up("pi")
        pi.start()
        self.stage.wait_for_equal("everything is everywhere")
        say("   The pi was started again and has the rest.")
