"""Agents on hosts of the lab (scripts/lab.py), as the parts of scripts/bench use them.

    enter()                                   first, before anything else of the program
    with Lan(options, folder, ["one", "two"]) as lan:
        lan.start(); lan.introduce("one", "two")
        lan.linked("one")                     how many devices it is linked to
"""
from __future__ import annotations

import argparse
import json
import pathlib
import select
import tempfile

from agents import Agent, wait_until
from lab import Lab
from lab_avahi import AvahiHost, enter  # noqa: F401, for who measures on a lab

PORT = 7761
# What enter() has put there is a tmpfs of this program's own, and goes with it.
MEMORY = "/run"


class Lan:
    """Hosts on one bridge with an agent each; they go with the block that wants them. Those of
    `on_disk` have the disk to themselves, as they would have one; the others write to memory."""

    def __init__(self, options: argparse.Namespace, folder: pathlib.Path, names: list[str],
                 on_disk: list[str], discovery: bool = False):
        self.lab = Lab(names)
        self.discovery = discovery
        memory = pathlib.Path(tempfile.mkdtemp(dir=MEMORY))
        folders = {name: (folder if name in on_disk else memory) / name for name in names}
        # Where no daemon is started there is none: not the machine's own either.
        self.hosts = {name: AvahiHost(self.lab, name, folders[name]) for name in names}
        self.agents = {
            name: Agent(options.binary_folder / "lanyard", folders[name] / "agent", name,
                        wrap=self.wrap(name), flags=("--sync-port", str(PORT)),
                        environment=self.environment(name), discovery=discovery)
            for name in names
        }

    def environment(self, name: str) -> dict[str, str]:
        host = self.hosts[name]
        return {**host.environment, "LANYARD_CONFIG": str(host.folder / "config.toml")}

    def wrap(self, name: str):
        return lambda command: self.lab.command(name, command)

    def __enter__(self) -> "Lan":
        return self

    def __exit__(self, *ignored) -> None:
        for agent in self.agents.values():
            if agent.process and agent.process.poll() is None:
                agent.kill()
        for host in self.hosts.values():
            host.close()
        self.lab.close()

    def start(self) -> None:
        for agent in self.agents.values():
            agent.start()

    def __getitem__(self, name: str) -> Agent:
        return self.agents[name]

    def introduce(self, one: str, other: str) -> None:
        """By id, and the second one's address to the first, where nobody looks for anybody."""
        first, second = self[one], self[other]
        where = {} if self.discovery else {"at": f"{self.lab.addresses[other]}:{PORT}"}
        second.call("device.add", id=first.info["id"])
        first.call("device.add", id=second.info["id"], **where)

    def linked(self, name: str) -> int:
        return sum(device["linked"] for device in self[name].call("device.list")["devices"])

    def changes(self, name: str, space: str) -> int:
        """Of all devices, as far as they are there; none of a space that has not come yet."""
        if space not in {each["name"] for each in self[name].call("space.list")["spaces"]}:
            return 0
        return self[name].call("space.clock", space=space)["changes"]

    def share(self, one: str, space: str, others: list[str]) -> None:
        """A new space with a record in it, until all have it."""
        self[one].call("space.create", name=space)
        for other in others:
            self[one].call("space.share", space=space, device=self[other].info["id"])
        self[one].call("data.put", space=space, collection="messages", key="first", value={"a": 1})
        wanted = self.changes(one, space)
        for other in others:
            wait_until(f"{other} has the space", lambda: self.changes(other, space) >= wanted)


class Lines:
    """A connection to an agent that is read when it has something, beside others."""

    def __init__(self, agent: Agent):
        self.control, self.rest = agent.connect(), b""

    def fileno(self) -> int:
        return self.control.socket.fileno()

    def read(self) -> list[dict]:
        """The lines that are whole by now."""
        got = self.control.socket.recv(1 << 16)
        if not got:
            raise ConnectionError("bench: the agent closed its control socket")
        *lines, self.rest = (self.rest + got).split(b"\n")
        return [json.loads(line) for line in lines]


class Watch(Lines):
    """Is told of every change of a collection."""

    def __init__(self, agent: Agent, space: str, collection: str):
        super().__init__(agent)
        self.control.send("data.watch", space=space, collection=collection)
        if not self.control.receive().get("progress", {}).get("watching"):
            raise SystemExit("bench: data.watch does not begin as docs/CONTROL.md says")

    def keys(self) -> list[str]:
        """Of the records that have come."""
        records = (line["progress"].get("record") for line in self.read())
        return [record["key"] for record in records if record]


def ready(waiting: list[Lines], seconds: float = 60) -> list[Lines]:
    """Those that have something to read."""
    readable, _, _ = select.select(waiting, [], [], seconds)
    if not readable:
        raise TimeoutError("bench: a write has not become visible")
    return readable
