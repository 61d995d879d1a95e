"""What the tests of the compatibility listeners share: devices that serve them."""

import unittest

from api_device import ApiDevice
from rangerplex_client import Client, free_port

PAGE = "http://localhost:5173"


class RangerplexDevice(ApiDevice):
    """A device whose listener is on, REST and WebSocket on one port."""

    def enable(self, *options):
        self.port = free_port()
        self.ok("compat", "enable", "rangerplex", "--port", str(self.port), "--origin", PAGE,
                *options)
        return self

    def client(self, browser="client/1", **more) -> Client:
        return Client(self.port, browser=browser, **more)

    def changes(self) -> int:
        return self.api().get("/v1/spaces/default")["changes"]

    def conflicts(self) -> list:
        return self.api().get("/v1/spaces/default/conflicts")["conflicts"]


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
