"""What the tests of the local API share: devices, and their APIs by tokens."""

import unittest
from urllib.parse import quote

from api import Api
from lanyard_process import Device

RECORDS = "/v1/spaces/{}/collections/{}/records"


def record_path(key, collection="tasks", space="default"):
    return f"{RECORDS.format(space, collection)}/{quote(key, safe='')}"


class ApiDevice(Device):
    """A device, and its API by a token of this kind."""

    def api(self, *options, origin=None, described=None) -> Api:
        made = ["token", "create", "--app", "test", *(options or ("--space", "default", "--write"))]
        if origin:
            made += ["--origin", origin]
        token = self.ok(*made).strip()
        return Api(self.info["apiPort"], token, described=described, origin=origin)

    def person(self, described=None) -> Api:
        """The API as the agent's own page has it, signed in as people do it."""
        origin, secret = self.sign_in_link()
        api = Api(self.info["apiPort"], described=described, origin=origin)
        api.token = api.post("/v1/session", {"secret": secret})["token"]
        return api

    def sign_in_link(self) -> tuple[str, str]:
        """The origin of a page, and the secret that is good there."""
        origin, _, secret = self.ok("ui", "--print-url").strip().partition("/#signin=")
        return origin, secret


class ApiTest(unittest.TestCase):
    """Tests that share one device, and its API by a token that writes to `default`."""

    @classmethod
    def setUpClass(cls):
        cls.device = ApiDevice()
        cls.addClassCleanup(cls.device.close)
        cls.device.start()
        cls.api = cls.device.api()
