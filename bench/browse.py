"""How long a DNS-SD browser that is not ours takes to find an agent, from nothing: python-zeroconf.

    browse.py OWN-ADDRESS WANTED-ADDRESS    seconds until a service at that address is resolved
"""
import sys
import threading
import time

from zeroconf import ServiceBrowser, Zeroconf

SERVICE = "_lanyard._tcp.local."
WITHIN_S = 60


class Listener:
    def __init__(self, wanted: str):
        self.wanted, self.found = wanted, threading.Event()

    def add_service(self, zeroconf: Zeroconf, kind: str, name: str) -> None:
        service = zeroconf.get_service_info(kind, name, WITHIN_S * 1000)
        if service and self.wanted in service.parsed_addresses():
            self.found.set()

    def update_service(self, zeroconf: Zeroconf, kind: str, name: str) -> None:
        """Its addresses may come one by one."""
        self.add_service(zeroconf, kind, name)

    def remove_service(self, *ignored) -> None:
        """Those that go."""


def main(own: str, wanted: str) -> int:
    listener = Listener(wanted)
    started = time.perf_counter()
    zeroconf = Zeroconf(interfaces=[own])
    ServiceBrowser(zeroconf, SERVICE, listener)
    found = listener.found.wait(WITHIN_S)
    print(time.perf_counter() - started, flush=True)
    zeroconf.close()
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
