"""A small network on one machine: hosts in namespaces on one bridge, whose links can be cut.

Everything is made inside namespaces of this process's own and goes when it ends; nothing outside
is touched. Works as root, and for everybody else where the kernel lets users have namespaces.

    enter()                        first, before anything else of the program; enter_mounts()
                                   for mounts of its own without a network
    lab = Lab(["laptop", "pi"])    10.77.0.1, 10.77.0.2, ...
    lab.popen("laptop", [...])     a process on that host
    lab.cut("laptop", "pi")        no frame passes between the two, either way, until heal()
    lab.isolate("laptop", "pi")    the same for good, on the bridge's ports
    lab.bytes_on_wire()            sent and received by all hosts, from the interfaces' counters
    lab.take_down()                nothing passes any more; the counters stay
"""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

_MARK = "LANYARD_LAB_ENTERED"


def entered() -> bool:
    return _MARK in os.environ


def enter() -> None:
    """Starts this program again with a network and mounts of its own. Returns only there."""
    if not entered():
        _start_again("-n", "-m", tools=("unshare", "ip", "nft"))
    os.environ.pop(_MARK)
    _run("mount", "-t", "tmpfs", "tmpfs", "/run")
    _run("ip", "link", "set", "lo", "up")


def enter_mounts() -> None:
    """Starts this program again with mounts of its own only. Returns only there."""
    if not entered():
        _start_again("-m", tools=("unshare", "mount"))
    os.environ.pop(_MARK)


def _start_again(*namespaces: str, tools: tuple[str, ...]) -> None:
    for tool in tools:
        if not shutil.which(tool):
            sys.exit(f"lab: `{tool}` is not installed.\n  Fix: scripts/setup")
    as_user = [] if os.geteuid() == 0 else ["-U", "-r"]
    command = ["unshare", *as_user, *namespaces, "--"]
    probe = subprocess.run([*command, "true"], capture_output=True, text=True)
    if probe.returncode != 0:
        sys.exit(f"lab: cannot make namespaces.\n  Why: {probe.stderr.strip()}\n"
                 "  Fix: run as root, or allow user namespaces "
                 "(sysctl kernel.unprivileged_userns_clone=1)")
    os.execvpe(command[0], [*command, sys.executable, *sys.argv], {**os.environ, _MARK: "1"})


class Lab:
    """Hosts on a bridge. Addresses are in the order of the names."""

    def __init__(self, names: list[str]):
        self.names = list(names)
        self.addresses = {name: f"10.77.0.{i + 1}" for i, name in enumerate(names)}
        _run("ip", "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
        _run("ip", "link", "set", "br0", "up")
        for name in names:
            self._add_host(name)
        _run("nft", "add", "table", "bridge", "lab")
        _run("nft", "add chain bridge lab cuts { type filter hook forward priority 0; }")
        _run("nft", "add chain bridge lab groups { type filter hook forward priority 1; }")

    def _add_host(self, name: str) -> None:
        port = self._port(name)
        _run("ip", "netns", "add", name)
        _run("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name)
        _run("ip", "link", "set", port, "master", "br0", "up")
        inside = ["ip", "-n", name]
        _run(*inside, "link", "set", "lo", "up")
        _run(*inside, "link", "set", "eth0", "up")
        _run(*inside, "address", "add", self.addresses[name] + "/24", "dev", "eth0")

    def _port(self, name: str) -> str:
        return f"port{self.names.index(name)}"  # 15 characters at most

    def command(self, host: str, command: list[str]) -> list[str]:
        return ["ip", "netns", "exec", host, *command]

    def run(self, host: str, command: list[str], **options) -> subprocess.CompletedProcess:
        return subprocess.run(self.command(host, command), **options)

    def popen(self, host: str, command: list[str], **options) -> subprocess.Popen:
        """The process itself: `ip netns exec` becomes it, so that its pid can be killed."""
        return subprocess.Popen(self.command(host, command), **options)

    def cut(self, one: str, other: str) -> None:
        for source, target in ((one, other), (other, one)):
            match = f'iifname "{self._port(source)}" oifname "{self._port(target)}"'
            _run("nft", f"add rule bridge lab cuts {match} drop")

    def cut_off(self, host: str) -> None:
        for other in self.names:
            if other != host:
                self.cut(host, other)

    def part(self, ones: list[str], others: list[str]) -> None:
        """The network falls apart in two, until heal(): nobody of the one half hears the other."""
        halves = ["{ " + ", ".join(f'"{self._port(name)}"' for name in half) + " }"
                  for half in (ones, others)]
        for source, target in (halves, halves[::-1]):
            _run("nft", f"add rule bridge lab cuts iifname {source} oifname {target} drop")

    def isolate(self, *hosts: str) -> None:
        """These hosts reach the others and not each other, as if on two segments of a switch."""
        for host in hosts:
            _run("bridge", "link", "set", "dev", self._port(host), "isolated", "on")

    def drop_multicast(self) -> None:
        """As some wireless networks do: no host hears what another sends to all."""
        for group in ("ip daddr 224.0.0.0/4", "ip6 daddr ff02::fb"):
            _run("nft", f"add rule bridge lab groups {group} drop")

    def watch(self, host: str, sender: str) -> None:
        """From now on heard() knows how much `host` hears of `sender`."""
        [link] = json.loads(_run("ip", "-n", sender, "-j", "link", "show", "eth0"))
        inside = ["ip", "netns", "exec", host, "nft"]
        _run(*inside, "add table inet watch")
        _run(*inside, "add chain inet watch heard { type filter hook prerouting priority -300; }")
        _run(*inside, f"add rule inet watch heard ether saddr {link['address']} counter")

    def heard(self, host: str) -> int:
        """Bytes of IPv4 and IPv6 that `host` has heard of whom it watches."""
        rules = json.loads(_run("ip", "netns", "exec", host, "nft", "-j", "list table inet watch"))
        return sum(part["counter"]["bytes"] for entry in rules["nftables"] if "rule" in entry
                   for part in entry["rule"]["expr"] if "counter" in part)

    def heal(self) -> None:
        _run("nft", "flush", "chain", "bridge", "lab", "cuts")

    def close(self) -> None:
        """Takes hosts and bridge away, for another lab in the same program."""
        for name in self.names:
            _run("ip", "link", "del", self._port(name))  # a namespace takes its own time to go
            _run("ip", "netns", "del", name)
        _run("ip", "link", "del", "br0")
        _run("nft", "delete", "table", "bridge", "lab")

    def slow_down(self, host: str, rate: str) -> None:
        """What the host is sent comes at this rate ("400kbit"), until speed_up()."""
        _run("tc", "qdisc", "add", "dev", self._port(host), "root", "tbf", "rate", rate,
             "burst", "16kb", "latency", "400ms")

    def speed_up(self, host: str) -> None:
        _run("tc", "qdisc", "del", "dev", self._port(host), "root")

    def bytes_on_wire(self) -> int:
        """Bytes that all hosts have sent, with every header down to Ethernet's."""
        return sum(size for (_, is_sent), (_, size) in self.counters().items() if is_sent)

    def counters(self) -> dict[tuple[str, bool], tuple[int, int]]:
        """(the bridge's port, sent by the host behind it) -> frames and bytes since it was made."""
        ports = {self._port(name) for name in self.names}
        links = json.loads(_run("ip", "-s", "-j", "link", "show"))
        counters = {}
        for link in links:
            # What the bridge's port receives is what the host sent.
            for direction, is_sent in (("rx", True), ("tx", False)):
                if link["ifname"] in ports:
                    counted = link["stats64"][direction]
                    counters[link["ifname"], is_sent] = counted["packets"], counted["bytes"]
        return counters

    def take_down(self) -> None:
        for name in self.names:
            _run("ip", "link", "set", self._port(name), "down")


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"lab: `{' '.join(command)}` failed: {done.stderr.strip()}")
    return done.stdout
