"""Part of scripts/bench: from the start of an agent until it is linked to one that is running and
known, again and again, in four settings: with an Avahi daemon on each host and without one
anywhere, at addresses known from last time and at addresses that both have changed meanwhile, so
that only mDNS leads from one to the other.

Beside it, in the same setting: how long the agent takes until its socket answers, and how long
others need to find the running agent: python-zeroconf from nothing, and avahi-browse where there is
a daemon, which knows it already.
"""
from __future__ import annotations

import argparse
import json
import pathlib
import select
import subprocess
import time

from agents import wait_until
from lan import Lan
from lab_avahi import tool
from measure import Goal, percentile, report, spread

BROWSE = pathlib.Path(__file__).with_name("browse.py")
# The one that has Debian's python3-zeroconf, whatever else is on the PATH.
DEBIANS_PYTHON = "/usr/bin/python3"
STAYS, STARTS = "stays", "starts"
# How often others look: they are only stood beside.
LOOKS = 5
# Until what was announced, or taken back, has been said as often as mDNS says it.
ANNOUNCED_S = 4
# Of each setting: the most that is wanted of "of_limit", and what it and p95 were before.
GOALS = {"daemon-known": (2.0, "1.5", ""), "daemon-moved": (3.0, "9 to 14", "0.32"),
         "no-daemon-known": (2.0, "1.4", ""), "no-daemon-moved": (3.0, "18", "0.26 to 1.3")}
WANTED_P95_S = 0.3
# What the measured process sees of a link is at most so old.
EVERY_S = 0.002


class Links:
    def __init__(self, options: argparse.Namespace, folder: pathlib.Path, _: list[dict]):
        self.options, self.folder = options, folder

    def run(self) -> list[Goal]:
        goals = []
        for daemons in (True, False):
            for moves in (False, True):
                goals += self.setting(daemons, moves)
        return goals

    def setting(self, daemons: bool, moves: bool) -> list[Goal]:
        name = f"{'daemon' if daemons else 'no-daemon'}-{'moved' if moves else 'known'}"
        with Lan(self.options, self.folder / name, [STAYS, STARTS],
                 on_disk=[STARTS], discovery=True) as self.lan:
            self.address = dict(self.lan.lab.addresses)
            if daemons:
                for host in self.lan.hosts.values():
                    host.start_daemon()
            self.lan.start()
            self.lan.introduce(STAYS, STARTS)
            self.until_linked()
            for agent in self.lan.agents.values():
                wait_until("discovery works", lambda: agent.call("status.get")["discovery"]["state"]
                           == ("daemon" if daemons else "embedded"))
            looks = self.look(daemons)
            rounds = [self.start_again(number, moves) for number in range(self.options.starts)]
        return self.figures(name, rounds, looks)

    def until_linked(self) -> None:
        for name in (STAYS, STARTS):
            wait_until("a link", lambda: self.lan.linked(name) == 1, every=EVERY_S)

    def start_again(self, number: int, moves: bool) -> tuple[float, float]:
        """Seconds from the start until the socket answers, and until there is a link."""
        agent = self.lan[STARTS]
        agent.stop()
        wait_until("the link is gone", lambda: self.lan.linked(STAYS) == 0)
        if moves:
            self.move(STAYS, f"10.77.{1 + number % 200}.1")
            self.move(STARTS, f"10.77.{1 + number % 200}.2")
            time.sleep(ANNOUNCED_S)
        started = time.perf_counter()
        agent.start()
        answers = time.perf_counter()
        wait_until("a link", lambda: self.lan.linked(STARTS) == 1, every=EVERY_S)
        linked = time.perf_counter()
        return answers - started, linked - started

    def move(self, host: str, address: str) -> None:
        """To another network, with all addresses: that of IPv6 comes of the interface's own."""
        mac = "02:4c:" + ":".join(f"{int(part):02x}" for part in address.split("."))
        for words in (("link", "set", "eth0", "down"), ("address", "flush", "dev", "eth0"),
                      ("link", "set", "eth0", "address", mac),
                      ("address", "add", f"{address}/24", "dev", "eth0"),
                      ("link", "set", "eth0", "up")):
            subprocess.run(["ip", "-n", host, *words], check=True)
        self.address[host] = address

    # ---- what others need

    def look(self, daemons: bool) -> dict[str, list[float]]:
        """Seconds until others have found the agent that stays."""
        self.lan[STARTS].stop()
        time.sleep(ANNOUNCED_S)
        looks = {"zeroconf": [self.zeroconf() for _ in range(LOOKS)]}
        if daemons:
            looks["avahi_browse"] = [self.avahi_browse() for _ in range(LOOKS)]
        return looks

    def zeroconf(self) -> float:
        done = self.lan.lab.run(STARTS, [DEBIANS_PYTHON, str(BROWSE), self.address[STARTS],
                                         self.address[STAYS]],
                                capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"bench: zeroconf does not find the agent: {done.stderr}")
        return json.loads(done.stdout)

    def avahi_browse(self) -> float:
        """Until it prints the address: it would go on for ever."""
        host = self.lan.hosts[STARTS]
        started = time.perf_counter()
        browser = host.popen([tool("avahi-browse"), "--resolve", "--parsable", "_lanyard._tcp"],
                             stdout=subprocess.PIPE)
        try:
            said = b""
            while f";{self.address[STAYS]};".encode() not in said:
                if not select.select([browser.stdout], [], [], 60)[0]:
                    raise SystemExit("bench: avahi-browse does not find the agent")
                said += browser.stdout.read1()
            return time.perf_counter() - started
        finally:
            host.end(browser)
            browser.stdout.close()

    # ---- what comes of it

    def figures(self, name: str, rounds: list[tuple[float, float]],
                looks: dict[str, list[float]]) -> list[Goal]:
        answers, linked = map(list, zip(*rounds))
        browsers = {figure: milliseconds for browser, seconds in looks.items()
                    for figure, milliseconds in spread(browser, seconds, 50).items()}
        # To be up and to find somebody: what nobody can do in less time than others do.
        limit = percentile(answers, 50)
        if name.endswith("moved"):
            limit += percentile(looks["zeroconf"], 50)
        ratio = percentile(linked, 50) / limit
        wanted, before, before_p95 = GOALS[name]
        report(measurement=f"first-link-{name}", n=len(rounds), **spread("linked", linked, 50, 95),
               **spread("answers", answers, 50, 95), **browsers, of_limit=round(ratio, 2))
        return [Goal(f"start to first link, {name}: p50 / start and search", len(rounds), ratio,
                     "<=", wanted, before),
                Goal(f"start to first link, {name}: p95, seconds", len(rounds),
                     percentile(linked, 95), "<=", WANTED_P95_S, before_p95)]
