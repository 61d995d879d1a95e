#!/usr/bin/env python3
"""Apps that ask a person for access, many times and in others' names: what they can take."""

import json
import os
import pwd
import subprocess
import sys
import unittest

from api import Api
from app_requests import REQUESTS, WISH, AppsTest
from costs import AttackTest


class Requests(AttackTest, AppsTest):
    """Requests are few, and nobody takes the places of others."""

    def test_nobody_can_flood_the_person(self):
        page = self.page()
        first = self.ask(page)
        for _ in range(3):
            self.ask(page)
        self.refused(429, page.ask("POST", REQUESTS, json_body=WISH), "asked several times")
        self.device.ok("apps", "deny", first["request"])
        self.refused(429, page.ask("POST", REQUESTS, json_body=WISH))
        # However many names a site has, and however many sites a program speaks for.
        for i in range(12):
            self.ask(self.page(f"http://{i}.flood.test"))
        self.refused(429, self.page("http://12.flood.test").ask("POST", REQUESTS, json_body=WISH),
                     "too many")
        for i in range(9):
            self.ask(self.page(f"http://site{i}.test"))
        self.refused(429, self.page("http://last.test").ask("POST", REQUESTS, json_body=WISH),
                     "too many")
        self.assertEqual(len(self.waiting()), 24)
        self.assertIn("202", self.ask_from_bash())  # another program
        self.assertEqual(len(self.waiting()), 25)
        self.assertEqual(self.answer(page, first).json, {"state": "refused"})

    def ask_from_bash(self):
        body = json.dumps(WISH)
        head = (f"POST {REQUESTS} HTTP/1.1\\r\\nHost: 127.0.0.1:{self.port}\\r\\n"
                f"Content-Type: application/json\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n")
        script = (f"exec 3<>/dev/tcp/127.0.0.1/{self.port}; printf '{head}' >&3; "
                  "printf '%s' \"$1\" >&3; read -r line <&3; echo \"$line\"")
        return subprocess.run(["bash", "-c", script, "ask", body], capture_output=True,
                              text=True, check=True).stdout

    def test_a_program_takes_no_places_of_a_page(self):
        program = Api(self.port, described=self.page().described)
        for _ in range(4):
            self.ask(program, origin="http://victim.test")
        self.refused(429, program.ask("POST", REQUESTS, json_body=WISH), "asked several times")
        self.ask(self.page("http://victim.test"))

    def test_a_request_shows_the_user_and_the_program_that_it_came_from(self):
        self.ask(self.page())
        self.ask_from_bash()
        mine, from_bash = self.waiting()
        me = f"{pwd.getpwuid(os.geteuid()).pw_name} ({os.geteuid()})"
        self.assertEqual((mine["user"], from_bash["user"]), (me, me))
        self.assertEqual(mine["program"], os.path.realpath(sys.executable))
        self.assertEqual(os.path.basename(from_bash["program"]), "bash")
        shown = self.device.ok("apps")
        self.assertIn(f"from {mine['program']} of {me}", shown)
        self.assertIn(f"from {from_bash['program']} of {me}", shown)


if __name__ == "__main__":
    unittest.main(verbosity=2)
