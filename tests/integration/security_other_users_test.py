#!/usr/bin/env python3
"""Another user of this machine at the loopback ports: refused, unless a person names the user."""

import contextlib
import http.client
import json
import os
import pwd
import signal
import socket
import unittest

from api_device import ApiDevice, record_path
from compat_device import RangerplexDevice
from costs import AttackTest
from lanyard_process import Device

OTHER = "nobody"
OTHER_ID = pwd.getpwnam(OTHER).pw_uid
WITHIN_S = 60


# ---- what the other user does, in a process of its own

def ask(host, port, method, path, body, fields):
    link = http.client.HTTPConnection(host, port, timeout=WITHIN_S)
    try:
        link.request(method, path, body, fields)
        answer = link.getresponse()
        return answer.status, answer.read().decode()
    except OSError as error:
        return 0, repr(error)


def send_and_leave(port, text, times):
    for _ in range(times):
        with socket.create_connection(("127.0.0.1", port)) as link:
            link.sendall(text.encode())


def hold(port, text, count):
    held = []
    for _ in range(count):
        held.append(socket.create_connection(("127.0.0.1", port)))
        with contextlib.suppress(OSError):
            held[-1].sendall(text.encode())
    return held


class OtherProcess:
    """Does something as another user, and stays until it is ended."""

    def __init__(self, test, what, *arguments):
        test.assertEqual(os.geteuid(), 0, "this test becomes another user, which takes root: run "
                                          "it in a container or with sudo")
        reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self.become_other(writer, what, arguments)
        os.close(writer)
        test.addCleanup(self.end)
        with os.fdopen(reader) as answer:
            self.answer = json.loads(answer.readline())
        test.assertNotIn("failed", self.answer)

    @staticmethod
    def become_other(writer, what, arguments):
        user = pwd.getpwnam(OTHER)
        answer = ["failed"]
        try:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
            kept = what(*arguments)
            answer = kept if what is ask else []
        finally:
            os.write(writer, json.dumps(answer).encode() + b"\n")
            signal.pause()

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def get(port, path):
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN_S)
    with contextlib.closing(link):
        link.request("GET", path)
        answer = link.getresponse()
        return answer.status, answer.read()


class OtherUsers(AttackTest):
    def device(self, kind=ApiDevice, *flags):
        device = kind("ada")
        self.addCleanup(device.close)
        device.flags = [*device.flags, *flags]
        device.start()
        return device

    def ask_as_other(self, port, method, path, body=None, host="127.0.0.1", **fields):
        return OtherProcess(self, ask, host, port, method, path, body, fields).answer

    def test_another_user_with_a_token_is_refused_at_the_api_on_both_families(self):
        device = self.device()
        api = device.api()
        api.put(record_path("t"), {"n": 1})
        for host in ("127.0.0.1", "::1"):
            with self.subTest(host):
                status, body = self.ask_as_other(api.port, "GET", record_path("t"), host=host,
                                                 Authorization=f"Bearer {api.token}")
                self.assertEqual(status, 403, body)
                problem = json.loads(body)
                self.assertEqual(problem["code"], "LY-W016")
                self.assertIn(str(OTHER_ID), problem["why"])
                self.assertIn("api.users", problem["fix"])
        self.assertEqual(api.get(record_path("t"))["value"], {"n": 1})

    def test_another_user_neither_reads_nor_clears_what_a_compatibility_port_has(self):
        device = self.device(RangerplexDevice).enable()
        client = device.client()
        chat = {"id": "c1", "title": "t", "createdAt": 1, "updatedAt": 2, "messages": []}
        client.post_chat(chat)
        for host in ("127.0.0.1", "::1"):
            for method, path in (("GET", "/api/export"), ("GET", "/api/chats"),
                                 ("DELETE", "/api/chat/c1"), ("DELETE", "/api/clear"),
                                 ("GET", "/api/settings"), ("GET", "/health")):
                with self.subTest(f"{method} {path} at {host}"):
                    status, body = self.ask_as_other(
                        device.port, method, path, host=host)
                    self.assertEqual(status, 403, body)
                    self.assertIn(f"comes from the user {OTHER_ID}", json.loads(body)["error"])
        self.assertEqual([each["id"] for each in client.chats()], ["c1"])

    def test_what_another_user_sends_and_leaves_behind_is_not_taken_for_roots(self):
        device = self.device(RangerplexDevice).enable()
        text = (f"DELETE /api/chat/c1 HTTP/1.1\r\nHost: 127.0.0.1:{device.port}\r\n\r\n")
        device.client().post_chat({"id": "c1", "title": "t", "createdAt": 1, "updatedAt": 2,
                                   "messages": []})
        OtherProcess(self, send_and_leave, device.port, text, 50)
        self.assertEqual([each["id"] for each in device.client().chats()], ["c1"])

    def test_a_user_who_is_named_is_served_and_no_other_one(self):
        device = self.device(ApiDevice, "--api-users", OTHER)
        self.assertEqual(self.ask_as_other(device.info["apiPort"], "GET", "/healthz")[0], 200)
        says = "other users of this machine who may use its ports (api.users): "
        self.assertIn(says + OTHER, device.ok("status"))
        everybody = self.device(ApiDevice, "--api-users", "*")
        self.assertEqual(self.ask_as_other(everybody.info["apiPort"], "GET", "/healthz")[0], 200)
        self.assertIn(says + "everybody", everybody.ok("status"))
        somebody = self.device(ApiDevice, "--api-users", "1")
        self.assertEqual(self.ask_as_other(somebody.info["apiPort"], "GET", "/healthz")[0], 403)

    def test_a_user_whom_nobody_knows_is_an_error_of_the_configuration(self):
        device = Device("ada")
        self.addCleanup(device.close)
        done = device.run("agent", *device.flags, "--api-users", "no-such-user")
        self.assertEqual(done.returncode, 9, done.stderr)
        self.assertIn("no-such-user", done.stderr)
        self.assertIn("getent passwd", done.stderr)

    def test_bodies_that_strangers_begin_take_no_place_and_no_memory(self):
        device = self.device(RangerplexDevice).enable()
        text = (f"POST /api/import HTTP/1.1\r\nHost: 127.0.0.1:{device.port}\r\n"
                "Content-Type: application/json\r\nContent-Length: 52428800\r\n\r\n{")
        OtherProcess(self, hold, device.port, text, 200)
        for _ in range(20):
            self.assertEqual(get(device.port, "/health")[0], 200)
        device.client().post_chat({"id": "mine", "title": "t", "createdAt": 1, "updatedAt": 2,
                                   "messages": []})
        self.assertEqual([each["id"] for each in device.client().chats()], ["mine"])

    def test_a_user_who_is_named_has_a_quarter_of_the_places(self):
        device = self.device(ApiDevice, "--api-users", OTHER)
        port = device.info["apiPort"]
        OtherProcess(self, hold, port, f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n", 64)
        status, body = self.ask_as_other(port, "GET", "/healthz")
        self.assertEqual((status, json.loads(body)["code"]), (503, "LY-W017"))
        self.assertEqual(get(port, "/healthz")[0], 200)

    def test_a_get_or_delete_with_a_large_body_is_refused_unread(self):
        device = self.device(RangerplexDevice).enable()
        for method, path in (("GET", "/api/chats"), ("DELETE", "/api/chat/c1")):
            with self.subTest(method), socket.create_connection(
                    ("127.0.0.1", device.port), timeout=WITHIN_S) as link:
                link.sendall(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{device.port}\r\n"
                             "Content-Type: application/json\r\n"
                             "Content-Length: 52428800\r\n\r\n".encode())
                answer = http.client.HTTPResponse(link)
                answer.begin()
                self.assertEqual(answer.status, 413)


if __name__ == "__main__":
    unittest.main()
