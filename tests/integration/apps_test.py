#!/usr/bin/env python3
"""Apps that ask for access and the person's answer: on a real agent, by HTTP and by the command
line."""

import json
import unittest

from api import Api, ApiError, send_raw
from api_device import ApiDevice, record_path
from app_requests import REQUESTS, WISH, AppsTest
from lanyard_process import ControlError

PAGE = "http://page.test:5173"


class Apps(AppsTest):
    # ---- the app's side

    def test_a_page_asks_and_gets_its_token_once(self):
        page = self.page()
        asked = self.ask(page)
        self.assertEqual(self.answer(page, asked).json, {"state": "waiting"})
        (request,) = self.waiting()
        self.assertEqual({name: request[name] for name in (
            "id", "app", "origin", "spaces", "allSpaces", "write", "why", "fromPage")}, {
                "id": asked["request"], "app": "Notes", "origin": page.origin,
                "spaces": ["default"], "allSpaces": False, "write": True,
                "why": "to keep your notes", "fromPage": True})
        self.assertNotIn(asked["secret"], str(request))
        self.device.ok("apps", "allow", asked["request"], "--yes")
        self.assertEqual(self.answer(page, asked, "HEAD").status, 200)
        told = self.answer(page, asked).json
        self.assertEqual(told["state"], "allowed")
        self.assertEqual(self.answer(page, asked).json, {"state": "allowed"})
        page.token = told["token"]
        page.put(record_path("by-page", "apps"), {"by": "page"})
        self.assertEqual(self.api.get(record_path("by-page", "apps"))["value"], {"by": "page"})
        # It is that page's, and nobody else's.
        self.refused(401, self.program(page.token).ask("GET", "/v1/spaces"), "another origin")
        self.refused(403, Api(self.port, page.token, page.described, "http://other.test").ask(
            "GET", "/v1/spaces"))
        self.device.ok("token", "revoke", "Notes", "--yes")
        self.refused(403, page.ask("GET", "/v1/spaces"), "not allowed to use")

    def test_a_program_asks(self):
        program = self.program()
        asked = self.ask(program, app="Backup", spaces=None, allSpaces=True, write=None)
        (request,) = self.waiting()
        self.assertEqual((request["origin"], request["fromPage"], request["allSpaces"],
                          request["write"]), ("", False, True, False))
        self.refused(404, self.answer(self.page(), asked))
        self.device.ok("apps", "allow", asked["request"][:5], "--yes")
        program.token = self.answer(program, asked).json["token"]
        self.assertEqual(program.get("/v1/spaces")["spaces"][0]["name"], "default")
        self.refused(403, program.ask("PUT", record_path("x", "apps"), json_body={}))

    def test_an_answer_is_for_whoever_asked(self):
        page, other = self.page(), self.page("http://other.test")
        asked = self.ask(page)
        theirs = self.ask(other)
        self.device.ok("apps", "allow", asked["request"], "--yes")
        rows = [self.answer(other, asked), self.answer(self.program(), asked),
                self.answer(page, asked, secret=theirs["secret"]),
                self.answer(page, asked, secret="lanyard_" + "A" * 43),
                self.answer(page, asked, secret=""), self.answer(page, asked, secret="x" * 9000),
                self.answer(page, asked, request=theirs["request"]),
                self.answer(page, asked, request="00000000"),
                self.answer(page, asked, request="x"),
                page.ask("GET", f"{REQUESTS}/{asked['request']}")]
        for row in rows:
            self.refused(404, row)
            self.assertEqual(row.body, rows[0].body)
        self.assertIn("token", self.answer(page, asked).json)

    def test_what_an_app_cannot_ask(self):
        page = self.page()
        rows = [
            (400, {}), (400, {"app": ""}), (400, {"app": "x"}), (400, {"app": 5}),
            (400, {"app": "x" * 65, "allSpaces": True}),
            (400, {"app": "a\u202eb", "allSpaces": True}),
            (400, {"app": "a\nb", "allSpaces": True}),
            (400, {"app": "a\u0000b", "allSpaces": True}),
            (400, WISH | {"why": "x" * 301}), (400, WISH | {"why": "a\u001b[2J"}),
            (400, WISH | {"spaces": []}), (400, WISH | {"spaces": "default"}),
            (400, WISH | {"spaces": [5]}), (400, WISH | {"spaces": ["a", "a"]}),
            (400, WISH | {"spaces": [str(i) for i in range(17)]}),
            (400, WISH | {"allSpaces": True}), (400, WISH | {"write": "yes"}),
            (400, WISH | {"manage": True}), (400, WISH | {"token": "x"}),
            (403, WISH | {"origin": "http://other.test"}), (403, WISH | {"origin": ""}),
            (413, WISH | {"why": "x" * 9000}),
        ]
        for status, body in rows:
            with self.subTest(body=str(body)[:100]):
                self.refused(status, page.ask("POST", REQUESTS, json_body=body))
        for origin in ("null", "http://A", "*", "http://a/"):
            self.refused(400, self.program().ask("POST", REQUESTS,
                                                 json_body=WISH | {"origin": origin}))
        self.refused(415, page.ask("POST", REQUESTS, b"{}", headers={
            "Content-Type": "text/plain"}))
        self.refused(403, self.page(f"http://127.0.0.1:{self.port}").ask(
            "POST", REQUESTS, json_body=WISH), "signed in")
        self.assertEqual(self.waiting(), [])

    # ---- the person's side

    def test_the_person_gives_less(self):
        self.device.ok("space", "create", "diary")
        page = self.page()
        asked = self.ask(page, spaces=["default", "diary"])
        refused = self.device.run("apps", "allow", asked["request"], "--yes", "--space", "secret")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("did not ask for", refused.stderr)
        given = self.device.json("apps", "allow", asked["request"], "--yes", "--read-only",
                                 "--space", "diary")
        self.assertEqual((given["schema"], given["spaces"], given["write"]),
                         ("lanyard.app-allowed/1", ["diary"], False))
        page.token = self.answer(page, asked).json["token"]
        self.assertEqual([space["name"] for space in page.get("/v1/spaces")["spaces"]], ["diary"])
        self.refused(403, page.ask("PUT", record_path("x", space="diary"), json_body={}))
        self.refused(404, page.ask("GET", record_path("x")))
        (token,) = [each for each in self.device.json("apps")["tokens"]
                    if each["id"] == given["id"]]
        self.assertEqual(token["origin"], page.origin)

    def test_a_space_that_is_not_there(self):
        page = self.page()
        asked = self.ask(page, spaces=["garden"])
        refused = self.device.run("apps", "allow", asked["request"], "--yes")
        self.assertEqual(refused.returncode, 4)
        self.assertIn("space create", refused.stderr)
        self.assertEqual(self.answer(page, asked).json, {"state": "waiting"})
        self.device.ok("space", "create", "garden")
        self.device.ok("apps", "allow", asked["request"], "--yes")
        self.assertIn("token", self.answer(page, asked).json)

    def test_the_list_for_people(self):
        self.assertIn("No app asks", self.device.ok("apps"))
        page = self.page()
        asked = self.ask(page)
        said = self.device.ok("apps", "list")
        self.assertIn(f'{asked["request"]}  "Notes", a page of {page.origin}\n', said)
        self.assertIn("wants to read and write in default\n", said)
        self.assertIn("says: to keep your notes\n", said)
        self.assertIn("lanyard apps allow", said)
        done = self.device.run("apps", "allow", asked["request"])
        self.assertEqual(done.returncode, 2)
        self.assertIn("--yes", done.stderr)
        code, said = self.device.run_on_a_terminal("apps", "allow", asked["request"],
                                                   "--read-only", answers=["n"])
        self.assertNotEqual(code, 0)
        self.assertIn("may then read in default", said)
        self.assertEqual(len(self.waiting()), 1)
        code, said = self.device.run_on_a_terminal("apps", "allow", asked["request"],
                                                   answers=["y"])
        self.assertEqual(code, 0, said)
        self.assertIn("read and write in default", said)
        self.assertIn("default rw", self.device.ok("apps"))
        for words in (("apps", "allow", asked["request"], "--yes"),
                      ("apps", "deny", asked["request"]), ("apps", "deny", "0000"),
                      ("apps", "deny", "")):
            self.assertEqual(self.device.run(*words).returncode, 4, words)
        for words in (("apps", "alow"), ("apps", "allow"), ("apps", "list", "x")):
            self.assertEqual(self.device.run(*words).returncode, 2, words)

    def test_the_socket_refuses_what_makes_no_sense(self):
        rows = [("apps.list", {"all": True}), ("apps.allow", {}), ("apps.allow", {"request": 5}),
                ("apps.allow", {"request": "00000000"}), ("apps.deny", {}),
                ("apps.allow", {"request": "00000000", "spaces": []}),
                ("apps.allow", {"request": "00000000", "write": True}), ("ui.open", {"for": "x"})]
        with self.device.connect() as control:
            for method, params in rows:
                with self.assertRaises(ControlError, msg=(method, params)):
                    control.call(method, **params)

    def test_the_person_decides_in_a_page(self):
        person, page = self.device.person(self.api.described), self.page()
        allowed, denied = self.ask(page), self.ask(page)
        self.assertEqual([each["id"] for each in person.get(REQUESTS)["requests"]],
                         [each["id"] for each in self.waiting()])
        self.refused(400, person.ask("POST", f"{REQUESTS}/{allowed['request']}/allow",
                                     json_body={"spaces": ["other"]}))
        given = person.post(f"{REQUESTS}/{allowed['request']}/allow", {"readOnly": True})
        self.assertFalse(given["write"])
        person.post(f"{REQUESTS}/{denied['request']}/deny")
        self.refused(404, person.ask("POST", f"{REQUESTS}/{denied['request']}/deny"))
        self.refused(404, person.ask("POST", f"{REQUESTS}/{denied['request']}/allow",
                                     json_body={}))
        self.assertEqual(self.answer(page, denied).json, {"state": "refused"})
        page.token = self.answer(page, allowed).json["token"]
        page.get("/v1/spaces")
        self.assertIn(given["id"], [each["id"] for each in person.get("/v1/apps/tokens")["tokens"]])
        gone = person.call("DELETE", f"/v1/apps/tokens/{given['id']}")
        self.assertEqual(gone, {"revoked": [{"id": given["id"], "app": "Notes"}]})
        self.refused(403, page.ask("GET", "/v1/spaces"))
        self.refused(404, person.ask("DELETE", f"/v1/apps/tokens/{given['id']}"))

    def test_no_app_does_what_a_person_does(self):
        asked = self.ask(self.page())
        one = f"{REQUESTS}/{asked['request']}"
        rows = [("GET", REQUESTS, None), ("POST", one + "/allow", {}),
                ("POST", one + "/deny", None), ("GET", "/v1/apps/tokens", None),
                ("DELETE", "/v1/apps/tokens/test", None), ("DELETE", "/v1/session", None)]
        everything = ("--all-spaces", "--write", "--manage")
        apps = [self.device.api(*everything, described=self.api.described),
                self.device.api(*everything, origin=PAGE, described=self.api.described),
                self.device.api(*everything, origin=f"http://127.0.0.1:{self.port}",
                                described=self.api.described)]
        for method, path, body in rows:
            for app in apps:
                self.refused(403, app.ask(method, path, json_body=body), "no app")
            self.refused(401, self.program().ask(method, path, json_body=body))
            self.refused(401, self.program(asked["secret"]).ask(method, path, json_body=body))
        self.assertEqual([each["id"] for each in self.waiting()], [asked["request"]])

    # ---- what pages that nobody knows may reach

    def preflight(self, origin: str, method: str, path: str) -> tuple[int, str]:
        head = (f"OPTIONS {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nOrigin: {origin}\r\n"
                f"Connection: close\r\nAccess-Control-Request-Method: {method}\r\n"
                "Access-Control-Request-Headers: authorization,content-type\r\n\r\n")
        heard = send_raw(self.port, head.encode()).decode()
        return int(heard[9:12]), heard

    def test_a_browser_is_told_of_these_two_requests_and_no_other(self):
        poll = f"{REQUESTS}/00000000"
        for origin in ("http://other.test", "https://other.test", "http://localhost:5173"):
            for method, path in (("POST", REQUESTS), ("GET", poll)):
                status, heard = self.preflight(origin, method, path)
                self.assertEqual(status, 204, heard)
                self.assertIn(f"Access-Control-Allow-Origin: {origin}\r\n", heard)
                self.assertIn(f"Access-Control-Allow-Methods: {method}\r\n", heard)
                self.assertIn("Vary: Origin\r\n", heard)
                self.assertNotIn("Allow-Credentials", heard)
            for method, path in (("GET", REQUESTS), ("HEAD", poll), ("DELETE", poll), ("PUT", poll),
                                 ("POST", poll + "/allow"), ("POST", poll + "/deny"),
                                 ("GET", "/v1/apps/tokens"), ("POST", "/v1/session"),
                                 ("GET", "/v1/spaces"), ("GET", "/healthz"), ("GET", "/"),
                                 ("POST", REQUESTS + "/"), ("POST", REQUESTS + "/x/y"),
                                 ("get", poll), ("", poll)):
                status, heard = self.preflight(origin, method, path)
                self.assertEqual(status, 403, (method, path))
                self.assertNotIn("Access-Control", heard)
        for origin in ("null", "", "http://other.test/", "HTTP://other.test", "file://",
                       "http://other.test:80", "chrome-extension://abc/def", "*"):
            status, heard = self.preflight(origin, "POST", REQUESTS)
            self.assertEqual(status, 403, origin)
            self.assertNotIn("Access-Control", heard)


class Restart(unittest.TestCase):
    def test_the_end_of_the_agent_forgets_requests_and_sessions(self):
        device = ApiDevice()
        self.addCleanup(device.close)
        device.start()
        person = device.person()
        page = Api(person.port, described=person.described, origin=PAGE)
        asked = page.post(REQUESTS, WISH)
        origin, secret = device.sign_in_link()
        device.stop()
        device.start()
        self.assertEqual(device.json("apps"), {"schema": "lanyard.apps/1", "requests": [],
                                               "tokens": []})
        port = device.info["apiPort"]
        here = person.origin.rpartition(":")[0] + f":{port}"
        own = Api(port, person.token, person.described, here)
        with self.assertRaises(ApiError) as refused:
            own.get("/v1/spaces")
        self.assertEqual(refused.exception.answer.status, 401)
        own.origin = origin.rpartition(":")[0] + f":{port}"
        self.assertEqual(own.ask("POST", "/v1/session", json_body={"secret": secret}).status, 403)
        page.port = port
        self.assertEqual(page.ask("GET", f"{REQUESTS}/{asked['request']}", headers={
            "Authorization": f"Bearer {asked['secret']}"}).status, 404)


if __name__ == "__main__":
    unittest.main(verbosity=2)
