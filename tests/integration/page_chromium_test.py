#!/usr/bin/env python3
"""The agent's page in Debian's Chromium: signed in by its link, it shows how the agent is; a page
of another origin asks for access, a person allows it with the mouse, and that page reads and
writes. Pictures of it go to build/screenshots.
"""

import json
import pathlib
import unittest

from api import Api
from api_device import ApiTest, record_path
from chromium import REPORTS_WITHIN_S, Chromium, DevToolsError, Page, Site
from lanyard_process import wait_until

SCREENSHOTS = pathlib.Path(__file__).resolve().parents[2] / "build" / "screenshots"

# A page that asks for access, waits for the answer, and uses what it got.
ASKING = """<!doctype html><body><script>
const AGENT = %(agent)s, WISH = %(wish)s;
const report = text => fetch("/report", {method: "POST", body: text});
const json = {"Content-Type": "application/json"};
(async () => {
  const asked = await (await fetch(AGENT + "/v1/apps/requests", {
    method: "POST", headers: json, body: JSON.stringify(WISH)})).json();
  await report("asked " + asked.request);
  let answer;
  do {
    await new Promise(done => setTimeout(done, 100));
    answer = await (await fetch(AGENT + "/v1/apps/requests/" + asked.request, {
      headers: {Authorization: "Bearer " + asked.secret}})).json();
  } while (answer.state === "waiting");
  await report("told " + answer.state + " " + ("token" in answer));
  if (!answer.token) return;
  const headers = {...json, Authorization: "Bearer " + answer.token};
  for (const [method, body] of [["GET"], ["PUT", '{"by":"app"}']]) {
    const got = await fetch(AGENT + "%(record)s", {method, headers, body});
    await report(method + " " + got.status + " " + await got.text());
  }
})().catch(problem => report("failed " + problem));
</script>"""

# A page that tries to reach more than it may.
GREEDY = """<!doctype html><body><script>
const AGENT = %(agent)s;
const report = text => fetch("/report", {method: "POST", body: text});
(async () => {
  for (const [method, path] of %(tries)s) {
    let got;
    try {
      const answer = await fetch(AGENT + path, {method, headers: {
        "Content-Type": "application/json", Authorization: "Bearer lanyard_x"},
        body: method === "GET" ? undefined : "{}"});
      got = answer.status + " " + await answer.text();
    } catch (problem) { got = "refused"; }
    await report(method + " " + path + ": " + got);
  }
  const framed = document.createElement("iframe");
  framed.src = AGENT + "/";
  document.body.append(framed);
  await new Promise(done => framed.onload = done);
  let seen;
  try { seen = framed.contentDocument.body.innerText; } catch (problem) { seen = "refused"; }
  await report("frame: " + seen);
  await report("done");
})();
</script>"""


class AgentPage(ApiTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.site = Site()
        cls.addClassCleanup(cls.site.close)
        cls.agent = f"http://127.0.0.1:{cls.api.port}"
        cls.app = f"http://app.test:{cls.site.port}"
        cls.browser = Chromium({f"127.0.0.1:{cls.api.port}": cls.api.port,
                                f"*.localhost:{cls.api.port}": cls.api.port,
                                f"app.test:{cls.site.port}": cls.site.port})
        cls.addClassCleanup(cls.browser.close)
        cls.device.ok("space", "create", "garden")

    def setUp(self):
        self.site.reports.clear()

    def open(self, url: str) -> Page:
        page = self.browser.open(url)
        self.addCleanup(page.close)
        return page

    def signed_in(self) -> Page:
        page = self.open(self.device.ok("ui", "--print-url").strip())
        self.wait_for_text(page, "You are signed in.")
        return page

    def text(self, page: Page) -> str:
        return page.value("document.body.innerText") or ""

    def wait_for_text(self, page: Page, *texts: str) -> None:
        wait_until(f"the page shows {texts}",
                   lambda: all(text in self.text(page) for text in texts), REPORTS_WITHIN_S)

    def wait_for_report(self, beginning: str) -> str:
        wait_until(f"the app says {beginning}: {self.site.reports}", lambda: any(
            each.startswith(beginning) for each in self.site.reports), REPORTS_WITHIN_S)
        return next(each for each in self.site.reports if each.startswith(beginning))

    def asking(self, record: str, **wish) -> str:
        wish = {"app": "Garden <b>Planner</b>", "spaces": ["default", "garden"], "write": True,
                "why": "to plan <script>your</script> beds"} | wish
        self.site.pages["/"] = ("text/html", ASKING % {
            "agent": json.dumps(self.agent), "record": record,
            "wish": json.dumps(wish).replace("<", r"\u003c")})
        self.open(f"{self.app}/")
        return self.wait_for_report("asked ").split()[1]

    def press(self, page: Page, request: str, word: str) -> None:
        """A button of a request, once it rests no more."""
        button = self.button(request, word)
        wait_until("the button can be pressed",
                   lambda: page.value(f"{button}?.disabled === false"), REPORTS_WITHIN_S)
        page.value(f"{button}.id = 'press-{word[0]}'")
        page.click(f"#press-{word[0]}")

    @staticmethod
    def button(request: str, word: str) -> str:
        return ("[...document.querySelectorAll('article button')].find(each => each.innerText == "
                f"'{word}' && each.closest('article').innerText.includes('{request}'))")

    # ---- signing in

    def test_a_visitor_sees_how_to_sign_in_and_nothing_else(self):
        page = self.open(f"{self.agent}/")
        self.wait_for_text(page, "You are not signed in", "lanyard ui")
        text = self.text(page)
        for secret in ("default", "garden", self.device.info["name"], self.device.info["shortId"]):
            self.assertNotIn(secret, text)
        page.screenshot(SCREENSHOTS / "page-signed-out.png", height=500)

    def test_the_link_signs_in_once_and_leaves_the_address(self):
        url = self.device.ok("ui", "--print-url").strip()
        page = self.open(url)
        self.wait_for_text(page, "You are signed in.", "Spaces", "garden",
                           self.device.info["shortId"])
        self.assertEqual(page.value("location.href"), url.partition("#")[0])
        self.assertEqual(page.value("document.cookie"), "")
        again = self.open(url)
        self.wait_for_text(again, "used before", "You are not signed in")
        page.click("#sign-out")
        self.wait_for_text(page, "You are signed out.", "You are not signed in")
        self.assertNotIn("garden", self.text(page))

    def test_nothing_is_kept_in_the_browser(self):
        page = self.signed_in()
        self.wait_for_text(page, "garden")
        self.assertEqual(page.value("sessionStorage.length + localStorage.length"), 0)
        self.assertEqual(page.value("indexedDB.databases().then(all => all.length)"), 0)
        self.browser.call("Page.reload", page.session)
        wait_until("it is signed out", lambda: self.is_signed_out(page), REPORTS_WITHIN_S)

    def is_signed_out(self, page):
        try:
            text = self.text(page)
        except DevToolsError:  # it is just loading
            return False
        return "You are not signed in" in text and "garden" not in text

    def test_a_session_that_has_ended_says_how_to_go_on_and_leaves_no_button(self):
        page = self.signed_in()
        request = self.asking(record_path("late"), app="Late")
        self.wait_for_text(page, "Late", request)
        # As after a restart of the agent, which forgets all sessions.
        token, origin = page.value("session"), page.value("location.origin")
        own = Api(self.api.port, token, described=self.api.described, origin=origin)
        self.assertEqual(own.ask("DELETE", "/v1/session").status, 204)
        self.wait_for_text(page, "Your session has ended: the agent was started again",
                           "lanyard ui", "You are not signed in")
        self.assertEqual(page.value("[...document.querySelectorAll('main button')].filter("
                                    "each => each.offsetParent).length"), 0)
        self.device.ok("apps", "deny", request)

    # ---- the whole way of an app

    def test_a_page_asks_a_person_allows_and_the_page_reads_and_writes(self):
        self.api.put(record_path("bed"), {"crop": "beans"})
        shown = self.signed_in()
        request = self.asking(record_path("bed"))
        self.wait_for_text(shown, "Garden <b>Planner</b>", f"a page of {self.app}",
                           "read and write in default, garden",
                           "to plan <script>your</script> beds", request)
        self.assertEqual(shown.value("document.title"), "(1) Lanyard")
        self.assertEqual(shown.value("document.querySelectorAll('article b, article script')"
                                     ".length"), 0)
        wait_until("the buttons rest no more", lambda: shown.value(
            f"{self.button(request, 'Allow')}?.disabled === false"), REPORTS_WITHIN_S)
        shown.screenshot(SCREENSHOTS / "page-app-asks.png")
        shown.screenshot(SCREENSHOTS / "page-app-asks-dark.png", dark=True)
        self.press(shown, request, "Allow")
        self.assertEqual(self.wait_for_report("told "), "told allowed true")
        self.assertRegex(self.wait_for_report("GET "), '^GET 200 .*"crop":"beans"')
        self.assertRegex(self.wait_for_report("PUT "), "^PUT 200 ")
        self.assertEqual(self.api.get(record_path("bed"))["value"], {"by": "app"})
        self.wait_for_text(shown, "has access.", "None asks now.", "Revoke")
        shown.screenshot(SCREENSHOTS / "page-app-has-access.png")
        # Its row alone: the test's own tokens stand there too. The rows are made anew, without what
        # was asked in one, when the first use of a token comes to be known.
        row = ("[...document.querySelectorAll('#tokens tr')].find(each => each.innerText"
               ".includes('Garden'))")
        wait_until("its first use is shown", lambda: shown.value(
            f"/[0-9]/.test({row}?.querySelector('td.when').innerText)"), REPORTS_WITHIN_S)
        shown.value(f"{row}.querySelector('button').id = 'revoke-it'")
        shown.click("#revoke-it")
        self.wait_for_text(shown, "It must ask again then.")
        self.assertTrue(any(each["origin"] == self.app
                            for each in self.device.json("token", "list")["tokens"]))
        shown.value("[...document.querySelectorAll('#tokens button')].find(each => "
                    "each.innerText == 'Revoke it').id = 'yes'")
        shown.click("#yes")
        self.wait_for_text(shown, "has no access any more.")
        wait_until("its row has gone", lambda: self.app not in self.text(shown),
                   REPORTS_WITHIN_S)

    def test_a_person_gives_less_or_nothing(self):
        shown = self.signed_in()
        request = self.asking(record_path("none"), spaces=["default"])
        self.press(shown, request, "Read only")
        self.assertEqual(self.wait_for_report("told "), "told allowed true")
        self.assertRegex(self.wait_for_report("PUT "), "^PUT 403 ")
        self.site.reports.clear()
        request = self.asking(record_path("none"), app="\u0421haos")
        self.press(shown, request, "Refuse")
        self.assertEqual(self.wait_for_report("told "), "told refused false")
        self.wait_for_text(shown, "None asks now.")

    def test_a_space_that_is_not_there_is_made_by_the_same_button(self):
        shown = self.signed_in()
        request = self.asking("/v1/spaces/orchard/collections/trees/records/t1", spaces=["orchard"])
        self.wait_for_text(shown, "Not on this device yet: orchard", request)
        self.press(shown, request, "Allow, and make the space")
        self.assertEqual(self.wait_for_report("told "), "told allowed true")
        self.assertRegex(self.wait_for_report("PUT "), "^PUT 200 ")
        self.assertIn("orchard", [each["name"] for each in self.device.json("space")["spaces"]])

    def test_what_cannot_be_allowed_is_said_and_goes_on_waiting(self):
        shown = self.signed_in()
        self.device.ok("space", "create", "shed")
        request = self.asking(record_path("none"), spaces=["shed"])
        wait_until("the button can be pressed", lambda: shown.value(
            f"{self.button(request, 'Allow')}?.disabled === false"), REPORTS_WITHIN_S)
        # It looks no more after the one look that is on its way: the space goes unseen.
        shown.value("window.looks = 0, window.setTimeout = () => ++window.looks, 0")
        wait_until("it has looked for the last time", lambda: shown.value("window.looks") > 0,
                   REPORTS_WITHIN_S)
        self.device.ok("space", "rename", "shed", "hut")
        self.press(shown, request, "Allow")
        self.wait_for_text(shown, "there is no space", "space create", request)
        self.device.ok("apps", "deny", request)
        self.wait_for_report("told refused")

    def test_a_table_can_be_read_on_a_phone(self):
        page = self.signed_in()
        page.screenshot(SCREENSHOTS / "page-1280.png", width=1280)
        page.screenshot(SCREENSHOTS / "page-390.png", width=390)
        self.assertLessEqual(page.value("document.documentElement.scrollWidth"), 390)
        # No cell is so narrow that its words break letter by letter.
        tall = page.value("[...document.querySelectorAll('td')].filter(each => "
                          "each.getBoundingClientRect().height > 90).map(each => each.innerText)")
        self.assertEqual(tall, [])
        self.assertEqual(page.value("getComputedStyle(document.querySelector('#spaces td'), "
                                    "'::before').content"), '"Space"')

    def test_browsers_find_the_picture_of_the_page(self):
        for path in ("/favicon.ico", "/ui/icon.svg"):
            answer = self.api.ask("GET", path)
            self.assertEqual((answer.status, answer.headers["content-type"]),
                             (200, "image/svg+xml"))

    # ---- what else such a page tries

    def test_a_page_that_nobody_knows_reaches_nothing_else(self):
        paths = self.api.described.document["paths"]
        tries = [(method.upper(), path.replace("{id}", "00000000").format(
                     space="default", collection="tasks", key="k", field="f"))
                 for path, operations in paths.items() for method in operations
                 if method != "head" and path != "/v1/live"]
        self.site.pages["/"] = ("text/html", GREEDY % {
            "agent": json.dumps(self.agent), "tries": json.dumps(tries)})
        before = self.api.get("/v1/spaces/default")["changes"]
        self.open(f"{self.app}/")
        self.wait_for_report("done")
        heard = dict(each.split(": ", 1) for each in self.site.reports if ": " in each)
        self.assertEqual(len(heard), len(tries) + 1)
        reached = {name: got[:3] for name, got in heard.items() if got != "refused"}
        self.assertEqual(reached, {"POST /v1/apps/requests": "400",
                                   "GET /v1/apps/requests/00000000": "404"})
        self.assertEqual(self.api.get("/v1/spaces/default")["changes"], before)
        self.assertEqual(self.device.json("apps")["requests"], [])
        print(f"report: {len(tries)} requests of a page that nobody knows, 2 of them reached")


if __name__ == "__main__":
    unittest.main(verbosity=2)
