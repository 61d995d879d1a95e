#!/usr/bin/env python3
"""A client that asks whether the program at a port is its agent, before it shows a token there."""

import base64
import ctypes
import http.server
import os
import threading
import unittest

from api import Api
from api_device import ApiTest
from costs import AttackTest

SODIUM = ctypes.CDLL("libsodium.so.23")
LABEL = b"lanyard-agent-proof-v1"


def to_text(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_text(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def is_proof(key, port, nonce, proof):
    message = LABEL + port.to_bytes(2, "big") + nonce
    return SODIUM.crypto_sign_verify_detached(proof, message, ctypes.c_ulonglong(len(message)),
                                              key) == 0


class Relay:
    """A program at another port, which has the agent answer what it is asked."""

    def __init__(self, agent):
        class Answers(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                answer = agent.ask("GET", self.path)
                self.send_response(answer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *ignored):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Proof(AttackTest, ApiTest):
    def ask(self, port, nonce):
        """What a client that knows no token yet, or will not show it, is told at this port."""
        answer = Api(port, described=self.api.described).get(f"/v1/proof?nonce={to_text(nonce)}")
        return from_text(answer["agentKey"]), from_text(answer["proof"])

    def test_the_agent_is_known_by_its_key_wherever_it_serves(self):
        nonce = os.urandom(32)
        key, proof = self.ask(self.api.port, nonce)
        self.assertTrue(is_proof(key, self.api.port, nonce, proof))
        self.assertFalse(is_proof(key, self.api.port, os.urandom(32), proof))
        self.assertFalse(is_proof(os.urandom(32), self.api.port, nonce, proof))
        self.device.stop()
        self.device.start()
        self.api.port = self.device.info["apiPort"]
        again, proof = self.ask(self.api.port, nonce)
        self.assertEqual(again, key)
        self.assertTrue(is_proof(key, self.api.port, nonce, proof))

    def test_an_answer_that_another_port_passes_on_proves_nothing(self):
        relay = Relay(Api(self.api.port))
        self.addCleanup(relay.close)
        nonce = os.urandom(32)
        key, proof = self.ask(relay.port, nonce)
        self.assertTrue(is_proof(key, self.api.port, nonce, proof), "it is the agent's answer")
        self.assertFalse(is_proof(key, relay.port, nonce, proof))

    def test_what_is_no_nonce(self):
        for text in ("", "nonce=", f"nonce={'A' * 20}", f"nonce={'A' * 88}", "nonce=%00",
                     f"nonce={'A' * 42}%3D", f"nonce={'A' * 43}&more=1"):
            self.assertEqual(self.api.ask("GET", f"/v1/proof?{text}").status, 400, text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
