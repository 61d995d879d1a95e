#!/usr/bin/env python3
"""The JavaScript of docs/API.md as it stands there, in Debian's Chromium: the first app of somebody
who reads that page. And the live conversation of that page, message by message."""

import json
import pathlib
import re
import unittest

from api_device import ApiDevice
from chromium import REPORTS_WITHIN_S, Chromium, Site
from lanyard_process import free_port, wait_until
from web_socket import Line

API_MD = (pathlib.Path(__file__).resolve().parents[2] / "docs" / "API.md").read_text("utf-8")
RECORDS = "/v1/spaces/notes/collections/notes/records"


def blocks(kind: str) -> list[str]:
    """What stands between fences of this kind."""
    fences = re.split(r"^```(\w*)\n", API_MD, flags=re.MULTILINE)
    return [text for name, text in zip(fences[1::4], fences[2::4]) if name == kind]


class FirstApp(unittest.TestCase):
    def setUp(self):
        self.device = ApiDevice()
        self.addCleanup(self.device.close)
        # It is started again on the same one, which nobody may have had meanwhile.
        self.port = free_port()
        self.device.flags[self.device.flags.index("--api-port") + 1] = str(self.port)
        self.device.start()
        self.device.ok("space", "create", "notes")
        self.site = Site()
        self.addCleanup(self.site.close)
        (index,) = blocks("html")
        self.site.pages["/"] = ("text/html", index)
        self.site.pages["/lanyard.js"] = ("text/javascript", "\n".join(blocks("js")))
        self.browser = Chromium({f"localhost:{self.site.port}": self.site.port,
                                 f"127.0.0.1:{self.port}": self.port})
        self.addCleanup(self.browser.close)
        self.page = self.open()

    def open(self):
        return self.browser.open(
            f"http://localhost:{self.site.port}/?agent=http://127.0.0.1:{self.port}")

    def text(self) -> str:
        return self.page.value("document.body.innerText") or ""

    def wait_for_text(self, *texts: str) -> None:
        wait_until(f"the page shows {texts}",
                   lambda: all(text in self.text() for text in texts), REPORTS_WITHIN_S)

    def allow(self) -> None:
        wait_until("the page has asked", lambda: self.device.json("apps")["requests"],
                   REPORTS_WITHIN_S)
        (asked,) = self.device.json("apps")["requests"]
        self.assertEqual((asked["app"], asked["origin"], asked["why"]),
                         ("Notes", f"http://localhost:{self.site.port}", "to keep your notes"))
        self.device.ok("apps", "allow", asked["id"], "--yes")
        self.wait_for_text("Connected")

    def add(self, text: str) -> None:
        self.page.value(f"document.querySelector('input').value = {json.dumps(text)}")
        self.page.click("button")
        self.wait_for_text(text)

    def notes(self) -> list[str]:
        return sorted(each["value"]["text"] for each in self.api.get(RECORDS)["records"])

    @property
    def api(self):
        return self.device.api("--space", "notes", "--write")

    def test_an_app_reads_writes_and_loses_nothing_while_the_agent_is_away(self):
        self.wait_for_text("Waiting for a person")
        self.allow()
        self.add("milk")
        wait_until("it is written", lambda: self.notes() == ["milk"], REPORTS_WITHIN_S)
        self.api.put(f"{RECORDS}/other", {"text": "from elsewhere", "at": 1})
        self.wait_for_text("from elsewhere", "milk")
        self.device.kill()
        self.wait_for_text("Not connected")
        self.add("while it was away")
        self.add("and another")
        self.assertEqual(self.page.value("JSON.parse(localStorage['lanyard-outbox']).length"), 2)
        self.device.start()
        wait_until("the page is back", lambda: "Not connected" not in self.text(),
                   REPORTS_WITHIN_S)
        wait_until("all is written once", lambda: self.notes() == sorted(
            ["milk", "from elsewhere", "while it was away", "and another"]), REPORTS_WITHIN_S)
        # The page learns of it after the agent.
        wait_until("nothing waits to be written", lambda: self.page.value(
            "localStorage['lanyard-outbox']") == "[]", REPORTS_WITHIN_S)
        self.api.call("DELETE", f"{RECORDS}/other")
        wait_until("what is gone is gone", lambda: "from elsewhere" not in self.text(),
                   REPORTS_WITHIN_S)

    def test_a_token_that_was_taken_back_is_thrown_away(self):
        self.allow()
        self.assertTrue(self.page.value("localStorage['lanyard-token']"))
        self.device.ok("token", "revoke", "Notes", "--yes")
        self.wait_for_text("Not connected")
        wait_until("it is thrown away", lambda: self.page.value(
            "localStorage['lanyard-token'] === undefined"), REPORTS_WITHIN_S)

    def test_a_page_knows_its_agent_before_it_shows_a_token(self):
        self.allow()
        (checking,) = blocks("javascript")
        agent = f"http://127.0.0.1:{self.port}"

        def is_agent(key, at=agent):
            return self.page.value(f"(async () => {{ {checking} return isAgent({json.dumps(at)}, "
                                   f"{json.dumps(key)}); }})()")
        key = self.page.value(f"fetch('{agent}/v1/proof?nonce={'A' * 43}')"
                              ".then(answer => answer.json()).then(said => said.agentKey)")
        self.assertIs(is_agent(key), True)
        self.assertIs(is_agent("A" * 43), False)

    def test_a_change_that_is_refused_holds_up_none_behind_it(self):
        self.allow()
        self.page.value(
            "localStorage['lanyard-outbox'] = JSON.stringify([{space: 'notes', change: "
            "{mutationId: 'x', ops: [{op: 'nonsense'}]}}])")
        self.add("behind it")
        wait_until("it is written", lambda: self.notes() == ["behind it"], REPORTS_WITHIN_S)


class Conversation(unittest.TestCase):
    """Each message as it is heard has the members that the page shows, in any order."""

    def setUp(self):
        self.device = ApiDevice()
        self.addCleanup(self.device.close)
        self.device.start()
        self.device.ok("space", "create", "notes")
        self.token = self.device.ok("token", "create", "--app", "docs", "--space", "notes",
                                    "--write").strip()
        self.device.ok("data", "put", "notes", "notes", "n1", '{"text":"milk","done":false}')

    def check(self, shown, heard, where: str) -> None:
        if shown == "…":
            self.assertTrue(heard, where)
        elif isinstance(shown, dict):
            self.assertEqual(set(shown), set(heard), where)
            for name, value in shown.items():
                self.check(value, heard[name], f"{where}: {name}")
        elif isinstance(shown, list):
            self.assertEqual(len(shown), len(heard), where)
            for one, other in zip(shown, heard):
                self.check(one, other, where)
        else:
            self.assertEqual(shown, heard, where)

    def test_every_message_is_as_it_is_shown(self):
        (talk,) = [each for each in blocks("") if each.startswith('> {"type":"auth"')]
        with Line(self.device.info["apiPort"]) as line:
            for row in talk.splitlines():
                message = json.loads(re.sub(r":…(?=[,}])", ':"…"', row[2:]).replace(
                    "lanyard_…", self.token))
                if row.startswith("> "):
                    line.text(message)
                else:
                    self.check(message, line.heard(message["type"]), row)
            line.text({"type": "presence", "id": "end", "space": "nowhere", "value": 1})
            self.assertEqual(line.heard("error")["id"], "end")
            self.assertEqual(line.kept, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
