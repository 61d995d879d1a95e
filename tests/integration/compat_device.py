"""What the tests of the compatibility listeners share: devices that serve them."""

import json
import sqlite3
import unittest

from api_device import ApiDevice
from chatsync_client import ChatsyncClient
from cloudapi_client import CloudapiClient
from lanyard_process import free_port, make_known, wait_until
from rangerplex_client import Client, Refused

PAGE = "http://localhost:5173"


def names(rows) -> list[str]:
    return [row["id"] for row in rows]


class CompatDevice(ApiDevice):
    """A device with a listener on one port."""
    kind = ""

    def enable(self, *options):
        self.port = free_port()
        self.ok("compat", "enable", self.kind, "--port", str(self.port), "--origin", PAGE, *options)
        return self

    def changes(self) -> int:
        return self.api().get("/v1/spaces/default")["changes"]

    def conflicts(self) -> list:
        return self.api().get("/v1/spaces/default/conflicts")["conflicts"]


class RangerplexDevice(CompatDevice):
    kind = "rangerplex"

    def client(self, browser="client/1", **more) -> Client:
        return Client(self.port, browser=browser, **more)


class ChatsyncDevice(CompatDevice):
    kind = "chatsync"

    def client(self, user="ann", **more) -> ChatsyncClient:
        """With a new token of this user's."""
        words = ["token", "create", "--app", "rechat", "--user", user]
        if "origin" in more:
            words += ["--origin", more["origin"]]
        return ChatsyncClient(self.port, self.ok(*words).strip(), **more)


class CloudapiDevice(CompatDevice):
    kind = "cloudapi"

    def client(self, browser="client/1", **more) -> CloudapiClient:
        return CloudapiClient(self.port, browser=browser, **more)

    def let_pulls_age(self) -> None:
        """As if what its clients were answered were two minutes older."""
        with sqlite3.connect(self.data / "compat.sqlite", timeout=60) as file:
            file.execute("UPDATE lanyard_pulls SET at_ms = at_ms - 120000")
        file.close()

    def user_token(self, user: str) -> str:
        return self.ok("token", "create", "--app", "openchat", "--user", user).strip()


def start_again(device) -> None:
    """A device that has a listener; returns once that serves."""
    device.start()
    wait_until("the listener serves",
               lambda: device.json("compat", "list")["listeners"][0]["serving"])


class TwoDevices(unittest.TestCase):
    """Tests with two devices that share a space, each with a listener for it."""
    device = CompatDevice
    options = ()

    def setUp(self):
        self.ann, self.bob = self.device("ann"), self.device("bob")
        for device in (self.ann, self.bob):
            self.addCleanup(device.close)
            device.start()
        make_known(self.ann, self.bob)
        self.ann.ok("space", "create", "talks")
        self.ann.ok("space", "share", "talks", "bob")
        wait_until("bob has the space", lambda: "talks" in self.bob.ok("space", "list"))
        for device in (self.ann, self.bob):
            device.enable("--space", "talks", *self.options)


class OneDevice(unittest.TestCase):
    def setUp(self):
        self.device = RangerplexDevice()
        self.addCleanup(self.device.close)
        self.device.start()
        self.device.enable()
        self.client = self.device.client()

    def unchanged(self, what):
        """Runs `what`, which may write nothing."""
        before = self.device.changes()
        out = what()
        self.assertEqual(self.device.changes(), before)
        return out


class CloudapiTest(unittest.TestCase):
    """Tests with one device and a client of it."""

    def setUp(self):
        self.device = CloudapiDevice()
        self.addCleanup(self.device.close)
        self.device.start()
        self.device.enable()
        self.page = self.device.client()

    def refused(self, call, *values, **more) -> int:
        with self.assertRaises(Refused) as caught:
            call(*values, **more)
        self.assertEqual(list(json.loads(caught.exception.text)), ["error"])
        return caught.exception.status

    def unchanged(self, call, *values, **more):
        """Runs a call that may write nothing."""
        before = self.device.changes()
        out = call(*values, **more)
        self.assertEqual(self.device.changes(), before)
        return out

    def rows(self, sql):
        answer = json.loads(self.device.ok("sql", "default", sql, "--json"))
        return [dict(zip(answer["columns"], row)) for row in answer["rows"]]
