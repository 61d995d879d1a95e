#!/usr/bin/env python3
"""Ports that somebody else has: what was asked for is refused, what was not gives way. In a network
of its own, so that nobody else can have them."""

import os
import pathlib
import socket
import sys
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent.parent / "scripts"))
import lab  # noqa: E402
from bad_input import Keeper, assert_error  # noqa: E402
from costs import AttackTest  # noqa: E402

START = ("agent", "up")


class TakenPorts(AttackTest):
    def setUp(self):
        self.device = Keeper("ada")
        self.addCleanup(self.device.close)
        self.device.flags = ["--listen", "127.0.0.1"]

    def hold(self, port=0):
        """A port that is in use."""
        holder = socket.create_server(("127.0.0.1", port), reuse_port=False)
        self.addCleanup(holder.close)
        return holder

    def test_a_port_that_was_asked_for_is_not_replaced(self):
        port = str(self.hold().getsockname()[1])
        config = self.device.folder / "own.toml"
        config.write_text(f"[sync]\nport = {port}\n")
        for flags, environment in ((["--sync-port", port], {}), (["--config", str(config)], {}),
                                   ([], {"LANYARD_SYNC_PORT": port})):
            for verb in START:
                with self.subTest(f"{verb} {flags} {environment}"):
                    done = self.device.run(verb, "--no-discovery", *self.device.flags, *flags,
                                           environment=environment)
                    assert_error(self, done, 9, f"port {port} is in use", "ss -ltnp")

    def test_an_api_port_that_was_asked_for_is_not_replaced(self):
        port = str(self.hold().getsockname()[1])
        for flags, environment in ((["--api-port", port], {}), ([], {"LANYARD_API_PORT": port})):
            for verb in START:
                with self.subTest(f"{verb} {flags} {environment}"):
                    done = self.device.run(verb, "--no-discovery", *self.device.flags,
                                           "--sync-port", "0", *flags, environment=environment)
                    assert_error(self, done, 9, f"port {port} is in use", "--api-port")

    def test_an_address_of_another_machine(self):
        for verb in START:
            done = self.device.run(verb, "--no-discovery", "--listen", "192.0.2.1")
            assert_error(self, done, 9, "192.0.2.1 is not an address of this", "sync.listen")

    def test_a_default_port_in_use_gives_way_to_the_next_free_one_for_good(self):
        holders = [self.hold(7761), self.hold(7760)]
        self.device.start().write_what_to_keep()
        found = [self.device.info[port] for port in ("syncPort", "apiPort")]
        self.assertNotIn(7761, found)
        self.assertNotIn(7760, found)
        # Apps may know the port all the same, and show their tokens to whoever has it.
        self.says_who_has_the_api_port(7760, f"(process {os.getpid()})")
        self.device.stop()
        for holder in holders:
            holder.close()
        self.device.start()
        self.assertEqual([self.device.info[port] for port in ("syncPort", "apiPort")], found)
        self.assertEqual(self.device.json("status")["degraded"], [])
        self.device.assert_kept(self)

    def test_an_api_port_that_somebody_else_has_today_is_the_agents_again_tomorrow(self):
        self.device.start()
        self.assertEqual(self.device.info["apiPort"], 7760)
        self.device.stop()
        holder = self.hold(7760)
        self.device.start()
        self.assertNotEqual(self.device.info["apiPort"], 7760)
        self.says_who_has_the_api_port(7760, f"(process {os.getpid()})")
        up = self.device.run("up", "--no-discovery")
        self.assertEqual(up.returncode, 0, up)
        self.assertIn("which python3 (process", " ".join(up.stdout.split()))
        self.device.stop()
        holder.close()
        self.device.start()
        self.assertEqual(self.device.info["apiPort"], 7760)
        self.assertEqual(self.device.json("status")["degraded"], [])

    def says_who_has_the_api_port(self, port, who):
        (part,) = [each for each in self.device.json("status")["degraded"]
                   if each["part"] == "api"]
        self.assertIn(f"port {port}, which", part["why"])
        self.assertIn(who, part["why"])
        self.assertIn(f"it serves at port {self.device.info['apiPort']}", part["why"])
        self.assertIn("revoke the tokens", part["fix"])


if __name__ == "__main__":
    lab.enter()
    unittest.main()
