#!/usr/bin/env python3
"""The ports that the clients have written into them, on both loopback addresses: in a network of
its own, so that nobody else can have them."""

import http.client
import json
import pathlib
import sys
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent.parent / "scripts"))
import lab  # noqa: E402
from compat_device import PAGE, RangerplexDevice  # noqa: E402
from rangerplex_client import chat, message  # noqa: E402
from web_socket import Line  # noqa: E402

REST, SOCKET = 3011, 3012


class Ports(unittest.TestCase):
    def setUp(self):
        self.device = RangerplexDevice()
        self.addCleanup(self.device.close)
        self.device.start()

    def ask(self, address: str, port: int, path: str, host: str | None = None):
        link = http.client.HTTPConnection(address, port, timeout=60)
        try:
            link.request("GET", path, headers={"Host": host or f"localhost:{port}"})
            heard = link.getresponse()
            return heard.status, heard.read()
        finally:
            link.close()

    def test_as_the_clients_expect_them(self):
        said = self.device.ok("compat", "enable", "rangerplex", "--origin", PAGE)
        for number in (REST, SOCKET):
            self.assertIn(str(number), said)
        self.device.port = REST
        client = self.device.client(socket_port=SOCKET)
        client.post_chat(chat(1, message("m")))
        for address in ("127.0.0.1", "::1"):
            status, body = self.ask(address, REST, "/api/chats")
            self.assertEqual((status, json.loads(body)[0]["id"]), (200, "chat-1"))
            line = Line(SOCKET, "/", origin=PAGE, address=address)
            line.heard("connected")
            client.post_chat(chat(1, message("m"), message(f"by {address}")))
            self.assertEqual(line.heard("chat_updated")["chatId"], "chat-1")
            line.close()

    def test_what_is_of_the_other_port_is_not_served(self):
        self.device.ok("compat", "enable", "rangerplex", "--origin", PAGE)
        self.assertEqual(self.ask("127.0.0.1", SOCKET, "/api/chats")[0], 404)
        with self.assertRaisesRegex(ConnectionError, "404 Not Found"):
            Line(REST, "/", origin=PAGE)

    def test_a_name_that_is_not_this_machine_s_is_refused_on_both_addresses(self):
        self.device.ok("compat", "enable", "rangerplex", "--origin", PAGE)
        for address in ("127.0.0.1", "::1"):
            for host, served in ((f"localhost:{REST}", True), (f"127.0.0.1:{REST}", True),
                                 (f"[::1]:{REST}", True), (f"evil.test:{REST}", False),
                                 ("localhost", False)):
                status, _ = self.ask(address, REST, "/api/chats", host)
                self.assertEqual(status == 200, served, (address, host, status))


if __name__ == "__main__":
    lab.enter()
    unittest.main()
