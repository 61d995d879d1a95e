#!/usr/bin/env python3
"""Many short histories of the original clients on two devices, each about a chat of its own,
against a model in which nothing that was acknowledged vanishes. All of them go on step by step
together, so that they share their readings and the times at which the devices hear each other.

What a failure names can be run alone: LANYARD_HISTORIES=number,number."""

import itertools
import os
import random
import unittest

from compat_device import ChatsyncDevice, RangerplexDevice, TwoDevices, names
from lanyard_process import wait_until
from rangerplex_page import RangerPlexPage
from rechat_app import ReChatApp

STEPS = 5
ONLY = {int(number) for number in os.environ.get("LANYARD_HISTORIES", "").split(",") if number}


class Apart(TwoDevices):
    """Two devices that hear each other when they are told to."""

    def setUp(self):
        super().setUp()
        self.inboxes = {device: device.api("--space", "talks") for device in (self.ann, self.bob)}

    def apart(self):
        self.ann.ok("space", "mode", "talks", "local-only")

    def meet(self):
        self.ann.ok("space", "mode", "talks", "hybrid")
        self.wait_for_both()

    def wait_for_both(self):
        wait_until("both show the same", lambda: self.shown(self.ann) == self.shown(self.bob),
                   every=0.2)

    def waiting(self, device) -> dict[str, set[str]]:
        """Texts of messages that wait in the conflict inbox."""
        inbox = self.inboxes[device].get("/v1/spaces/talks/conflicts?limit=10000")["conflicts"]
        found: dict[str, set[str]] = {}
        for each in inbox:
            if each["collection"] == "messages" and each["field"] == "text":
                found.setdefault(each["key"], set()).update(
                    sibling["value"] for sibling in each["siblings"])
        return found

    def check(self, what, histories):
        """Waits: what comes back does so after they have met."""
        def wrong():
            shown = [(self.shown(device), self.waiting(device)) for device in (self.ann, self.bob)]
            return [found for each in histories for given, waiting in shown
                    if (found := each.missing(given.get(each.chat, {}), waiting))]
        try:
            wait_until(what, lambda: not wrong(), every=0.3)
        except TimeoutError:
            self.fail("\n".join(wrong()[:10]))


class ReChat(Apart):
    """Downloads, edits and uploads of two apps, five of the six in every order: one in which the
    devices are exchanged is the same."""
    device = ChatsyncDevice

    class History:
        def __init__(self, number, steps, apps):
            self.number, self.steps, self.apps = number, steps, apps
            self.chat = f"chat-{number}"
            self.acknowledged: set[str] = {"m"}

        def missing(self, shown, _waiting) -> str:
            lost = self.acknowledged - set(shown)
            return lost and f"history {self.number} {self.steps}: {sorted(lost)} of {shown}"

        def take(self, at, given):
            whose, what = self.steps[at]
            app = self.apps[whose]
            if what == "download":
                app.take([given[whose][self.chat]] if self.chat in given[whose] else [])
            elif what == "edit" and self.chat in app.chats:
                app.add_message(self.chat, f"{whose}{at}", "text")
            elif what == "upload" and self.chat in app.upload():
                self.acknowledged |= set(names(app.messages_of(self.chat)))

    def shown(self, device):
        return {row["id"]: {each["id"]: each["content"] for each in row["messages"]}
                for row in self.looks[device].download()}

    def rows(self):
        return {whose: {row["id"]: row for row in client.download()}
                for whose, client in self.clients.items()}

    def test_nothing_that_was_uploaded_vanishes(self):
        self.clients = {"a": self.ann.client("ann"), "b": self.bob.client("ann")}
        self.looks = {device: device.client("ann") for device in (self.ann, self.bob)}
        kinds = [(whose, what) for whose in "ab" for what in ("download", "edit", "upload")]
        every = [steps for steps in itertools.permutations(kinds, STEPS) if steps[0][0] == "a"]
        histories = []
        for number, steps in enumerate(every):
            if ONLY and number not in ONLY:
                continue
            apps = {whose: ReChatApp(client, number % 2 == 1)
                    for whose, client in self.clients.items()}
            histories.append(self.History(number, steps, apps))
        for each in histories:
            each.apps["a"].create_chat(each.chat, "Chat")
            each.apps["a"].add_message(each.chat, "m", "text")
        self.clients["a"].upload(*(each.apps["a"].whole(each.chat) for each in histories))
        self.wait_for_both()
        first = self.rows()
        for each in histories:
            for whose, app in each.apps.items():
                app.take([first[whose][each.chat]])
        self.apart()
        for at in range(STEPS):
            given = self.rows()
            for each in histories:
                each.take(at, given)
            if at == 2:
                self.meet()
                self.apart()
        self.meet()
        given = self.rows()
        for each in histories:
            for whose, app in each.apps.items():
                app.take([given[whose][each.chat]])
                app.upload()
        self.check("everything that was uploaded is there", histories)


class RangerPlex(Apart):
    """Two pages of one browser and a page of another device, which load, save, add, edit, delete:
    of all orders so many as there are numbers, by chance, the same each time."""
    device = RangerplexDevice
    number_of = 320

    class History:
        """`alive`: of each message the texts that nobody who had read them has replaced. `deleted`:
        what went with the chat."""

        def __init__(self, number, pages):
            self.number, self.pages = number, pages
            self.rng = random.Random(number)
            self.chat = f"chat-{number}"
            self.steps: list[str] = []
            self.alive: dict[str, set[str]] = {}
            self.deleted: dict[str, set[str]] = {}
            self.apart_since: set[str] = set()  # devices that wrote since they met

        def missing(self, shown, waiting) -> str:
            lost = {name: texts for name, texts in self.alive.items()
                    if texts - {shown.get(name)} - waiting.get(name, set())}
            return lost and f"history {self.number} {self.steps}: {lost} of {shown}"

        def goes_on(self, whose):
            """Somebody writes who may not know that the chat was deleted: it is back, whole."""
            self.apart_since.add(whose[0])
            for name, texts in self.deleted.items():
                self.alive.setdefault(name, set()).update(texts)
            self.deleted = {}

        def create(self):
            page = self.pages["a1"]
            first = [f"{self.number}-m", f"{self.number}-n"]
            page.create(self.chat, *first)
            self.alive = {name: {name} for name in first}

        def take(self, at, given):
            whose = self.rng.choice(list(self.pages))
            what = self.rng.choice(("load", "load", "save", "add", "add", "edit", "drop", "delete"))
            page = self.pages[whose]
            self.steps.append(f"{whose} {what}")
            if what == "load":
                return page.take(self.chat, given[whose])
            if self.chat not in page.chats:
                return None
            return getattr(self, what)(page, whose, f"{self.number}-{whose}-{at}")

        def save(self, page, whose, _name):
            page.save(self.chat)

        def add(self, page, whose, name):
            page.add(self.chat, name)
            self.goes_on(whose)
            self.alive[name] = {name}

        def edit(self, page, whose, name):
            there = page.messages(self.chat)
            if not there:
                return
            message = self.rng.choice(sorted(there))
            page.edit(self.chat, message, name)
            self.goes_on(whose)
            # Of one that was deleted meanwhile the edit brings back what it is about.
            self.alive.setdefault(message, set()).discard(there[message])
            self.alive[message].add(name)

        def drop(self, page, whose, _name):
            there = page.messages(self.chat)
            if not there:
                return
            message = self.rng.choice(sorted(there))
            page.drop(self.chat, message)
            self.goes_on(whose)
            self.alive.get(message, set()).discard(there[message])
            self.deleted.get(message, set()).discard(there[message])

        def delete(self, page, whose, _name):
            if not page.delete(self.chat):
                return
            if self.apart_since - {whose[0]}:
                return  # the other device has gone on with it
            self.deleted, self.alive = self.alive, {}

    def shown(self, device):
        return {row["id"]: {each["id"]: each["text"] for each in row["messages"]}
                for row in device.client("look").chats()}

    def rows(self):
        a, b = ({row["id"]: row for row in client.chats()} for client in self.clients)
        return {"a1": a, "a2": a, "b1": b}

    def meet_again(self, histories):
        self.meet()
        for each in histories:
            each.apart_since = set()

    def test_nothing_that_was_acknowledged_vanishes(self):
        self.clients = [self.ann.client(), self.bob.client()]
        histories = []
        for number in sorted(ONLY) or range(self.number_of):
            pages = {whose: RangerPlexPage(self.clients[whose[0] == "b"])
                     for whose in ("a1", "a2", "b1")}
            histories.append(self.History(number, pages))
        for each in histories:
            each.create()
        self.wait_for_both()
        first = self.rows()
        for each in histories:
            each.pages["a2"].take(each.chat, first["a2"])
            each.pages["b1"].take(each.chat, first["b1"])
        self.apart()
        for at in range(STEPS):
            given = self.rows()
            for each in histories:
                each.take(at, given)
            if at == 2:
                self.meet_again(histories)
                self.apart()
        self.meet_again(histories)
        self.check("everything that was acknowledged is there", histories)
        for each in histories:
            for page in each.pages.values():
                if each.chat in page.chats:
                    page.save(each.chat)
        self.check("and after everybody has saved once more", histories)


if __name__ == "__main__":
    unittest.main()
