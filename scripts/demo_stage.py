"""The three devices of scripts/demo on their network, in one of its settings, and what is asked of
them. Whatever is written goes through here, so that it can be looked for in the end.

    stage = Stage(options, folder); stage.begin()
    stage.write("laptop", "put", "notes", "key", {"text": "..."})
    stage.wait_for_equal("what has come")
    stage.end()
"""
from __future__ import annotations

import argparse
import json
import os
import pathlib

import lab
from agents import Agent, ControlError, wait_until
from lab_avahi import AvahiHost
from sqlite_views import Difference
from written import Written

NAMES = ("laptop", "desktop", "pi")
# What the devices call themselves: other than their hosts, by whose names nothing is found.
DEVICES = {"laptop": "Ada's notebook", "desktop": "Machine in the study", "pi": "Kitchen pi"}
PORT = 7761
# A second space, of laptop and pi alone.
LETTERS = "Letters home"
# The settings, and how each agent must say that it looks for others there.
DISCOVERY = {"mdns": "embedded", "daemon": "daemon", "peers": "embedded", "static": "off"}


def say(text: str) -> None:
    print(text, flush=True)


class Stage:
    def __init__(self, options: argparse.Namespace, folder: pathlib.Path):
        self.setting = options.setting
        self.space = "conversations" if self.is_static else "default"
        self.lab = lab.Lab(list(NAMES))
        self.hosts = {name: AvahiHost(self.lab, name, folder / name) for name in NAMES}
        self.agents = {name: self.agent(name, options.binary) for name in NAMES}
        self.written = Written()
        for name in (self.space, LETTERS):
            self.written.add("space name", name)
        for name in DEVICES.values():
            self.written.add("device name", name)

    @property
    def is_static(self) -> bool:
        return self.setting == "static"

    def agent(self, name: str, binary: pathlib.Path) -> Agent:
        host = self.hosts[name]
        flags = ["--sync-port", str(PORT)]
        if self.setting == "peers" and name != "pi":
            flags += ["--peer", f"{self.lab.addresses['pi']}:{PORT}"]
        # A bus that is this host's own, or none: never the machine's.
        environment = {**os.environ, "LANYARD_CONFIG": str(host.folder / "config.toml"),
                       "DBUS_SYSTEM_BUS_ADDRESS": host.environment["DBUS_SYSTEM_BUS_ADDRESS"]}
        return Agent(binary, host.folder, DEVICES[name], flags=flags, environment=environment,
                     wrap=lambda command: self.lab.command(name, command),
                     discovery=not self.is_static)

    def begin(self) -> None:
        if self.setting == "peers":
            say("   The network drops multicast; laptop and desktop are told where the pi is.")
            self.lab.drop_multicast()
        if self.setting == "daemon":
            say("   Each has an Avahi daemon, on a bus of its own.")
            for host in self.hosts.values():
                host.start_daemon()
        for name, agent in self.agents.items():
            agent.start()
            say(f"   {name:8} {self.lab.addresses[name]}:{PORT}  {agent.name}, "
                f"{agent.info['shortId']}")
        self.check_discovery()

    def check_discovery(self) -> dict[str, str]:
        """Every agent looks for others in the way of the setting."""
        wanted = DISCOVERY[self.setting]
        for name, agent in self.agents.items():
            wait_until(f"discovery on the {name} is {wanted}", lambda: wanted == agent.call(
                "status.get")["discovery"]["state"])
        return {name: wanted for name in NAMES}

    def end(self) -> None:
        for agent in self.agents.values():
            agent.stop()
        for host in self.hosts.values():
            host.close()

    # ---- what people write

    def write(self, name: str, how: str, collection: str, key: str, value: dict) -> None:
        """`how`: put or patch, by the command line."""
        self.write_in(self.space, name, how, collection, key, value)

    def write_in(self, space: str, name: str, how: str, collection: str, key: str,
                 value: dict) -> None:
        self.written.add_record(collection, key, value)
        self.agents[name].ok("data", how, space, collection, key, json.dumps(value))

    # ---- small questions

    def info(self, name: str, space: str | None = None) -> dict:
        return self.agents[name].call("space.info", space=space or self.space)

    def changes(self, name: str) -> int:
        """Without the hash, which reads everything."""
        return self.agents[name].call("space.clock", space=self.space)["changes"]

    def chats(self) -> list[str]:
        answer = self.agents["laptop"].call("data.query", space=self.space, collection="chats",
                                            limit=1000)
        return [record["key"] for record in answer["records"]]

    def conflicts(self, name: str) -> list[dict]:
        return self.agents[name].call("conflict.list", space=self.space)["conflicts"]

    def devices(self, name: str) -> list[dict]:
        return self.agents[name].call("device.list")["devices"]

    def linked(self, name: str) -> list[str]:
        return [device["name"] for device in self.devices(name) if device["linked"]]

    def wait_for_links(self) -> None:
        for name in NAMES:
            wait_until(f"the {name} is linked to both others",
                       lambda: len(self.linked(name)) == 2)

    def wait_for_equal(self, what: str, names=NAMES, space: str | None = None) -> None:
        def equal() -> bool:
            try:
                return len({self.info(name, space)["state_hash"] for name in names}) == 1
            except ControlError as refusal:  # a device that has not heard of the space yet
                if refusal.problem["exit"] == 4:
                    return False
                raise
        wait_until(what, equal, seconds=300)

    # ---- who hears whom

    def watch(self) -> None:
        """From now on it is counted what laptop and desktop hear of each other."""
        for host, sender in (("laptop", "desktop"), ("desktop", "laptop")):
            self.lab.watch(host, sender)

    def heard(self) -> int:
        return sum(self.lab.heard(name) for name in ("laptop", "desktop"))

    def part(self) -> None:
        """Laptop and desktop, on the bridge and for good."""
        if not self.heard():
            raise Difference("nothing was heard between laptop and desktop while they were linked")
        self.lab.isolate("laptop", "desktop")
        self.heard_before = self.heard()

    def heard_since(self) -> int:
        return self.heard() - self.heard_before
