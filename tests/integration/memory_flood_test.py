#!/usr/bin/env python3
"""Floods of large requests at an agent that may take little memory: all of them are answered."""

import json
import threading
import unittest
from collections import Counter

from api_device import ApiDevice, record_path
from bad_input import SANITIZED
from compat_device import RangerplexDevice
from large_requests import ask

LIMIT_KB = 350_000  # about 100 MB beyond what an agent maps when it has nothing to do
POSTS = 100


def large_body(number):
    """3.6 MB of text that is a change of 600 kB."""
    ops = [{"op": "put", "collection": "large", "key": f"{number}-{part}",
            "value": {"t": "Q" * 150_000}} for part in range(4)]
    return json.dumps({"ops": ops}).replace("Q", "\\u0061")


def allowed_to_map(kilobytes, command):
    """Sanitizers map terabytes at their start: with them the agent has all memory."""
    if SANITIZED:
        return command
    return ["bash", "-c", f'ulimit -v {kilobytes}; exec "$@"', "bash", *command]


def flood(ask, posts=POSTS):
    """What `ask` answers when it is called with 0, 1, 2, ... at once."""
    answers = [None] * posts

    def run(number):
        try:
            answers[number] = ask(number)
        except OSError as error:
            answers[number] = (repr(error), {}, b"")
    threads = [threading.Thread(target=run, args=(number,)) for number in range(posts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


class LittleMemory(unittest.TestCase):
    def test_a_flood_of_large_changes_is_answered_and_all_that_was_acknowledged_is_there(self):
        device = ApiDevice("ada")
        self.addCleanup(device.close)
        device.wrap = lambda command: allowed_to_map(LIMIT_KB, command)
        device.start()
        api = device.api("--all-spaces", "--write")
        small = []
        answers = flood(lambda number: ask(
            api.port, "POST", "/v1/spaces/default/changes", large_body(number), api.token)
            if number % 10 else small.append(ask(api.port, "GET", "/healthz")) or (200, {}, b""))
        self.assertIsNone(device.process.poll(), "the agent is alive")
        self.assertLessEqual({status for status, _, _ in answers}, {200, 503},
                             Counter(str(each[0]) for each in answers))
        self.assertEqual({status for status, _, _ in small}, {200})
        stored = [number for number, each in enumerate(answers) if each[0] == 200 and number % 10]
        self.assertGreater(len(stored), 0)
        for number in stored:
            value = api.get(record_path(f"{number}-3", "large"))["value"]
            self.assertEqual(value, {"t": "a" * 150_000})
        for status, fields, body in answers:
            if status == 503:
                self.assertGreater(int(fields["Retry-After"]), 0)
                problem = json.loads(body)
                self.assertEqual((problem["code"], problem["status"]), ("LY-W014", 503))
                self.assertIn("MiB", problem["why"])
                self.assertIn("Send it again in a moment", problem["fix"])

    def test_a_flood_of_large_posts_at_a_compatibility_port_is_answered(self):
        device = RangerplexDevice("ada")
        self.addCleanup(device.close)
        device.wrap = lambda command: allowed_to_map(LIMIT_KB, command)
        device.start()
        device.enable()
        text = "x" * 20_000_000
        body = json.dumps({"chats": [], "settings": {"theme": "dark"}, "left": text})
        answers = flood(lambda number: ask(device.port, "POST", "/api/import", body), 30)
        self.assertIsNone(device.process.poll(), "the agent is alive")
        told = Counter(str(each[0]) for each in answers)
        self.assertFalse(any("Error" in status for status in told), told)
        for status, fields, body in answers:
            if status == 503:
                self.assertGreater(int(fields["Retry-After"]), 0)
                self.assertIn("MiB", json.loads(body)["error"])
        self.assertEqual(ask(device.port, "GET", "/api/health")[0], 200)


if __name__ == "__main__":
    unittest.main()
