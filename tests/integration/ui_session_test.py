#!/usr/bin/env python3
"""The agent's own page: signed in by `lanyard ui`, and what it is then good for; its files."""

import pathlib
import re
import subprocess
import unittest

from api import Api
from api_device import ApiTest, record_path
from lanyard_process import wait_until
from web_socket import Line

PAGE = "http://page.test:5173"


class Sessions(ApiTest):
    def setUp(self):
        self.port = self.api.port

    def program(self, token=None) -> Api:
        return Api(self.port, token, described=self.api.described)

    def refused(self, status: int, answer, says="") -> None:
        self.assertEqual(answer.status, status, answer.body)
        self.assertIn(says, answer.json["why"])

    def sign_in(self, link: tuple[str, str], **more):
        origin, secret = link
        own = Api(self.port, described=self.api.described, origin=origin)
        return own.ask("POST", "/v1/session", json_body={"secret": secret}, **more)

    def test_a_secret_signs_one_page_in(self):
        printed = self.device.ok("ui", "--print-url")
        self.assertRegex(printed, rf"\Ahttp://lanyard-[0-9a-f]{{32}}\.localhost:{self.port}/"
                                  r"#signin=lanyard_[A-Za-z0-9_-]{43}\n\Z")
        self.assertEqual(self.device.json("ui")["schema"], "lanyard.ui/1")
        own, _, secret = printed.strip().partition("/#signin=")
        other, _ = self.device.sign_in_link()
        self.assertNotEqual(own, other)
        # Whoever may not sign in does not use it up either.
        for origin in ("http://other.test", PAGE, f"http://127.0.0.1:{self.port + 1}", "null", "",
                       f"http://127.0.0.1:{self.port}", f"http://localhost:{self.port}", other):
            self.assertEqual(self.sign_in((origin, secret)).status, 403, origin)
        self.refused(403, self.program().ask("POST", "/v1/session", json_body={"secret": secret}))
        self.refused(403, self.sign_in((own, "lanyard_" + "A" * 43)), "used before")
        self.refused(403, self.sign_in((own, "")))
        self.assertEqual(self.sign_in((own, secret)).status, 200)
        self.refused(403, self.sign_in((own, secret)), "used before")

    def test_a_desktop_opens_the_link(self):
        bin_folder = pathlib.Path(self.device.folder) / "bin"
        bin_folder.mkdir()
        opened = bin_folder / "opened"
        (bin_folder / "xdg-open").write_text(f'#!/bin/sh\nprintf "%s" "$*" > {opened}.new\n'
                                             f'mv {opened}.new {opened}\n')
        (bin_folder / "xdg-open").chmod(0o755)
        environment = {**self.device.environment,
                       "PATH": f"relative:{bin_folder}:{self.device.environment['PATH']}"}
        def run(*words, **more):
            return subprocess.run(self.device.arguments("ui", *words), env=environment | more,
                                  capture_output=True, text=True, check=True, timeout=60).stdout
        self.assertRegex(run(), "^http://")
        self.assertRegex(run("--print-url", DISPLAY=":99"), "^http://")
        self.assertFalse(opened.exists())
        self.assertNotIn("lanyard_", run(WAYLAND_DISPLAY="wayland-0"))
        wait_until("the browser is told", opened.exists)
        origin, _, secret = opened.read_text().partition("/#signin=")
        self.assertEqual(self.sign_in((origin, secret)).status, 200)

    def test_the_newest_links_count(self):
        first = self.device.sign_in_link()
        others = [self.device.sign_in_link() for _ in range(8)]
        self.refused(403, self.sign_in(first))
        for each in others:
            self.assertEqual(self.sign_in(each).status, 200)

    def test_a_session_may_do_everything_in_its_page_and_nothing_elsewhere(self):
        person = self.device.person(self.api.described)
        person.post("/v1/spaces", {"name": "of-the-page"})
        person.put(record_path("x", space="of-the-page"), {"by": "person"})
        self.assertEqual(person.get("/v1/status")["agent"]["apiPort"], self.port)
        for own in (f"http://localhost:{self.port}", f"http://127.0.0.1:{self.port}",
                    self.device.sign_in_link()[0]):
            answer = person.ask("GET", "/v1/spaces", headers={"Origin": own})
            self.refused(401, answer, "another origin")
        reads = self.program(person.token)
        here = {"Sec-Fetch-Site": "same-origin", "Host": person.origin.partition("//")[2]}
        reads.get("/v1/spaces", headers=here)
        self.refused(401, reads.ask("GET", "/v1/spaces"), "another origin")
        self.refused(401, reads.ask("GET", "/v1/spaces", headers={
            "Sec-Fetch-Site": "same-origin"}), "another origin")
        self.device.api("--space", "default", origin=PAGE, described=self.api.described)
        stolen = Api(self.port, person.token, person.described, PAGE)
        self.refused(401, stolen.ask("GET", "/v1/spaces"), "another origin")

    def test_signing_out(self):
        person, other = (self.device.person(self.api.described) for _ in range(2))
        line = Line(self.port, origin=person.origin)
        self.addCleanup(line.close)
        line.sign_in(person.token)
        self.assertEqual(person.ask("DELETE", "/v1/session").status, 204)
        self.refused(401, person.ask("GET", "/v1/spaces"))
        self.assertEqual(line.closed(), 1008)
        other.get("/v1/spaces")

    def test_names_that_are_no_page_of_ours(self):
        page = self.device.sign_in_link()[0].partition("//")[2].partition(":")[0]
        for host in (page, f"{page}:{self.port + 1}", f"x{page}:{self.port}",
                     f"{page}.evil.test:{self.port}", f"lanyard-00.localhost:{self.port}",
                     f"{page.replace('.localhost', '.test')}:{self.port}",
                     f"evil.localhost:{self.port}"):
            answer = self.program().ask("GET", "/", headers={"Host": host})
            self.assertEqual(answer.status, 421, host)
        answer = self.program().ask("GET", "/", headers={"Host": f"{page}:{self.port}"})
        self.assertEqual(answer.status, 200)

    def test_a_service_worker_is_told_to_go(self):
        for fields in ({"Service-Worker": "script"}, {"Sec-Fetch-Dest": "serviceworker"}):
            answer = self.program().ask("GET", "/sw.js", headers=fields)
            self.refused(403, answer, "service worker")
            self.assertEqual(answer.headers["clear-site-data"], '"cache", "storage"')
        answer = self.program().ask("GET", "/")
        self.assertEqual(answer.headers["clear-site-data"], '"cache", "storage"')
        self.assertNotIn("clear-site-data", self.program().ask("GET", "/healthz").headers)

    # ---- its files

    def test_the_page_and_its_policy(self):
        for path in ("/", "/ui/status.js", "/ui/status.css", "/ui/icon.svg"):
            got = self.program().ask("GET", path)
            self.assertEqual(got.status, 200)
            self.assertEqual(
                got.headers["content-security-policy"],
                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                "img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
            self.assertNotIn("set-cookie", got.headers)
            for danger in (b"innerHTML", b"outerHTML", b"eval(", b"document.write", b" style=",
                           b" onclick=", b"insertAdjacent"):
                self.assertNotIn(danger, got.body)
        html = self.program().ask("GET", "/").body.decode()
        self.assertEqual(re.findall(r"<script[^>]*>(.*?)</script>", html), [""])
        self.assertEqual(re.findall(r'(?:src|href)="(.*?)"', html),
                         ["/ui/icon.svg", "/ui/status.css", "/ui/status.js"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
