"""What the tests of apps that ask for access share."""

from api import Api
from api_device import ApiTest

REQUESTS = "/v1/apps/requests"
WISH = {"app": "Notes", "spaces": ["default"], "write": True, "why": "to keep your notes"}


class AppsTest(ApiTest):
    def setUp(self):
        self.port = self.api.port
        for request in self.waiting():
            self.device.ok("apps", "deny", request["id"])

    def page(self, origin=None) -> Api:
        """A page that nobody knows; of an origin of this test's own."""
        return Api(self.port, described=self.api.described,
                   origin=origin or f"http://{self.id().rpartition('.')[2].replace('_', '-')}.test")

    def program(self, token=None) -> Api:
        return Api(self.port, token, described=self.api.described)

    def waiting(self) -> list:
        return self.device.json("apps")["requests"]

    def ask(self, page: Api, **more) -> dict:
        return page.post(REQUESTS, WISH | more)

    def answer(self, page: Api, asked: dict, method="GET", **changed):
        known = asked | changed
        return page.ask(method, f"{REQUESTS}/{known['request']}",
                        headers={"Authorization": f"Bearer {known['secret']}"})

    def refused(self, status: int, answer, says="") -> None:
        self.assertEqual(answer.status, status, answer.body)
        self.assertIn(says, answer.json["why"])
