#!/usr/bin/env python3
"""Devices that are paired where nobody says where they are, while Avahi dies or hangs."""

import signal
import unittest

from discovery_hosts import Network, await_linked, enter
from lanyard_process import wait_until
from pairing import ControlJoiner, ControlWindow


class NearBy(unittest.TestCase):
    def setUp(self):
        network = Network(self, "ada", "pi")
        self.ada, self.pi = network.hosts
        for host in network.hosts:
            host.start_daemon()
            host.agent.start("--sync-port", "7761")
            host.await_state("daemon")
        self.ada.await_nearby(1)
        self.typing = ControlJoiner(self.ada.agent)
        self.addCleanup(self.typing.control.close)

    def open_window(self):
        self.window = ControlWindow(self.pi.agent)

    def find(self):
        """The code is typed again until the window is seen: what is not tried costs no guess."""
        def found():
            self.typing.begin(self.window.code)
            line = self.typing.found()
            if "found" not in line:
                self.assertEqual(line["error"]["exit"], 4, line)
            return "found" in line
        wait_until("the window is seen", found, every=0.2)

    def say_yes(self):
        self.typing.say_yes()
        self.assertIn("paired", self.typing.answer().get("result", {}))
        events, line = self.window.end()
        self.assertEqual(events, ["typed"])
        self.assertIn("paired", line.get("result", {}))
        await_linked(self.ada, self.pi)

    def test_daemons_that_die_before_the_window_is_seen(self):
        self.open_window()
        for host in (self.ada, self.pi):
            host.kill_daemon()
        self.find()
        self.say_yes()
        for host in (self.ada, self.pi):
            host.await_state("embedded")
            self.assertIn("discovery embedded", host.agent.ok("status"))

    def test_daemons_that_die_while_the_person_is_asked(self):
        self.open_window()
        self.find()
        for host in (self.ada, self.pi):
            host.kill_daemon()
            host.await_state("embedded")
        self.assertIn("pairing: the code was typed", self.pi.agent.ok("status"))
        self.say_yes()

    def test_daemons_that_hang_while_the_person_is_asked(self):
        self.open_window()
        self.find()
        for host in (self.ada, self.pi):
            host.daemon.send_signal(signal.SIGSTOP)
            host.await_state("degraded")
            self.assertIn("does not answer", host.discovery()["reason"])
            self.assertIn("discovery degraded: the Avahi daemon", host.agent.ok("status"))
        self.say_yes()


if __name__ == "__main__":
    enter()
    unittest.main()
