"""A headless Chromium of its own, and what stands around it: web sites, and a tap on the wire.

    site = Site()                          a web server on loopback; pages report back to it
    tap = Tap(port)                        hears all that is said to that port, by way of itself
    with Chromium({"evil.test": site.port, f"127.0.0.1:{port}": tap.port}) as browser:
        browser.open("http://evil.test/")  a page of its own profile, with its DevTools session
Nothing that is not named there can be reached. Standard library only.
"""
from __future__ import annotations

import base64
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from typing import NamedTuple

from web_socket import Line

STARTS_WITHIN_S, REPORTS_WITHIN_S = 120, 120
FLAGS = (
    "--headless=new", "--remote-debugging-port=0", "--no-first-run", "--no-default-browser-check",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--disable-default-apps", "--disable-domain-reliability",
    "--disable-client-side-phishing-detection", "--disable-breakpad", "--disable-gpu",
    "--disable-dev-shm-usage", "--metrics-recording-only", "--no-pings", "--mute-audio",
    "--use-mock-keychain", "--password-store=basic", "--no-proxy-server",
    # A page that the browser would rather have by https is not what is tested here.
    "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,OptimizationHints,"
    "MediaRouter,Translate",
)


def stop_group(process: subprocess.Popen) -> None:
    """Chromium is many processes: all of its own session, and no other."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
            process.wait(timeout=5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass


class DevToolsError(Exception):
    """What Chromium says instead of a result; of a page that is just going, say."""


class Chromium:
    def __init__(self, reachable: dict[str, int], secure: tuple[str, ...] = ()):
        """`reachable`: host or host:port -> a port here. `secure`: origins to be taken for that."""
        program = shutil.which("chromium")
        assert program, "chromium is not installed: apt-get install chromium (scripts/setup does)"
        self.folder = tempfile.mkdtemp(prefix="lanyard-chromium-")
        rules = [f"MAP {name} 127.0.0.1:{port}" for name, port in reachable.items()]
        command = [program, *FLAGS, f"--user-data-dir={self.folder}/profile",
                   f"--host-resolver-rules={', '.join([*rules, 'MAP * ~NOTFOUND'])}",
                   f"--unsafely-treat-insecure-origin-as-secure={','.join(secure)}"]
        if os.geteuid() == 0:
            command.append("--no-sandbox")
        with open(f"{self.folder}/output.txt", "wb") as output:
            self.process = subprocess.Popen(
                [*command, "about:blank"], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={"HOME": self.folder, "PATH": os.environ["PATH"]}, start_new_session=True)
        self.next_id = 0
        self.line = None
        try:
            self.line = self._connect()
        except BaseException:
            self.close()
            raise

    def _connect(self) -> Line:
        place = f"{self.folder}/profile/DevToolsActivePort"
        deadline = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with open(place, encoding="ascii") as said:
                    port, path = said.read().split()
                return Line(int(port), path)
            except (OSError, ValueError):
                time.sleep(0.05)
        with open(f"{self.folder}/output.txt", encoding="utf-8", errors="replace") as said:
            raise AssertionError(f"chromium does not start:\n{said.read()[-3000:]}")

    def __enter__(self) -> "Chromium":
        return self

    def __exit__(self, *ignored) -> None:
        self.close()

    def close(self) -> None:
        if self.line:
            self.line.close()
        stop_group(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, method: str, session: str | None = None, **params) -> dict:
        """One command of the DevTools protocol, its result; events between are of no interest."""
        self.next_id += 1
        request = {"id": self.next_id, "method": method, "params": params}
        self.line.text(request | ({"sessionId": session} if session else {}))
        while (answer := self.line.message()).get("id") != self.next_id:
            pass
        if "error" in answer:
            raise DevToolsError(f"{method}: {answer}")
        return answer["result"]

    def open(self, url: str) -> "Page":
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank",
                           browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.navigate", session, url=url)
        return Page(self, context, session)


class Page:
    def __init__(self, browser: Chromium, context: str, session: str):
        self.browser, self.context, self.session = browser, context, session

    def value(self, expression: str):
        """What the page, as it now is, makes of a JavaScript expression."""
        done = self.browser.call("Runtime.evaluate", self.session, expression=expression,
                                 returnByValue=True, awaitPromise=True)
        return done["result"].get("value")

    def text_at(self, url: str) -> str | None:
        """All that the page shows, if it has come there; None as long as it has not."""
        try:
            return self.value(f"location.href === {json.dumps(url)} && document.readyState === "
                              "'complete' ? document.documentElement.innerText : null")
        except DevToolsError:  # it is just leaving
            return None

    def frames(self) -> list[str]:
        """Where each frame of another origin really is."""
        targets = self.browser.call("Target.getTargets", filter=[{"type": "iframe"}])
        return [Page(self.browser, self.context, self.browser.call(
                    "Target.attachToTarget", targetId=target["targetId"],
                    flatten=True)["sessionId"]).value("location.href")
                for target in targets["targetInfos"]
                if target["browserContextId"] == self.context]

    def click(self, selector: str) -> None:
        """As a person does: moves there, and presses."""
        x, y = self.value(f"""(() => {{
            const found = document.querySelector({selector!r});
            found.scrollIntoView({{block: "center"}});
            const box = found.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }})()""")
        for kind, pressed in (("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 0)):
            self.browser.call("Input.dispatchMouseEvent", self.session, type=kind, x=x, y=y,
                              button="none" if kind == "mouseMoved" else "left", buttons=pressed,
                              clickCount=0 if kind == "mouseMoved" else 1)

    def screenshot(self, file: pathlib.Path, width: int = 1000, height: int = 900,
                   dark: bool = False) -> None:
        self.browser.call("Emulation.setEmulatedMedia", self.session, features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.browser.call("Emulation.setDeviceMetricsOverride", self.session, width=width,
                          height=height, deviceScaleFactor=1, mobile=False)
        shot = self.browser.call("Page.captureScreenshot", self.session, format="png")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(shot["data"]))

    def close(self) -> None:
        self.browser.call("Target.disposeBrowserContext", browserContextId=self.context)


class Site:
    """Pages by their path; what is sent to /report is kept, /to/STATUS/URL sends elsewhere."""

    def __init__(self):
        self.pages: dict[str, tuple[str, str]] = {}
        self.reports: list[str] = []
        site = self

        class Answers(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                redirect = re.fullmatch(r"/to/(\d+)/(.*)", self.path)
                kind, page = site.pages.get(self.path.split("?")[0], ("text/plain", ""))
                if self.path == "/report":
                    site.reports.append(body.decode())
                self.send_response(int(redirect[1]) if redirect else 200)
                if redirect:
                    self.send_header("Location", redirect[2])
                self.send_header("Content-Type", kind)
                self.send_header("Cache-Control", "no-store")
                self.send_header("Content-Length", str(len(page.encode())))
                self.end_headers()
                self.wfile.write(page.encode())

            do_GET = do_POST = do_PUT = answer

            def log_message(self, *ignored) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Exchange(NamedTuple):
    """What one connection said and heard."""
    asked: bytearray
    answered: bytearray


class Tap:
    """A port that passes all on to another one, and remembers it."""

    def __init__(self, target: int):
        self.target = target
        self.exchanges: list[Exchange] = []
        self.links: list[socket.socket] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            exchange = Exchange(bytearray(), bytearray())
            self.exchanges.append(exchange)
            self.links += [near, far]
            for one, other, kept in ((near, far, exchange.asked), (far, near, exchange.answered)):
                threading.Thread(target=self._pass, args=(one, other, kept), daemon=True).start()

    @staticmethod
    def _pass(one: socket.socket, other: socket.socket, kept: bytearray) -> None:
        try:
            while piece := one.recv(65536):
                kept += piece
                other.sendall(piece)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def answered(self) -> bytes:
        return b"".join(bytes(each.answered) for each in list(self.exchanges))

    def statuses(self) -> list[int]:
        return [int(each) for each in re.findall(rb"HTTP/1\.1 (\d{3}) ", self.answered())]

    def cut(self, target: int | None = None) -> None:
        """Forgets what was said and ends its connections; from now on they go to `target`."""
        self.target = target or self.target
        links, self.links, self.exchanges = self.links, [], []
        for each in links:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()

    def close(self) -> None:
        self.listener.close()
        self.cut()
