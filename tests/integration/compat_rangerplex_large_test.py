#!/usr/bin/env python3
"""Large posts of rangerplex clients: 50 MB of images, 10,000 messages, one byte too many."""

import json
import os
import unittest

from compat_device import OneDevice
from costs import resident_peak
from rangerplex_client import Refused, chat, message

MIB = 1 << 20
BODY_MAX = 52_428_800
#: What a post whose largest string is 8 MiB may add to the peak of the process: 60 MiB on a quiet
#: machine, and some more where the threads' work overlaps otherwise. A sanitizer keeps what was
#: freed.
GROWTH_MAX = 80 * MIB
#: What sixteen frames of 8 MiB may add that were sent at once: a frame is in memory as a whole, and
#: its client is not heard before it is written.
FRAMES_GROWTH_MAX = 150 * MIB
SANITIZED = any(name in os.environ for name in ("ASAN_OPTIONS", "TSAN_OPTIONS"))


def image(size: int, salt: int) -> str:
    """Base64 that does not compress to nothing."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    part = "".join(alphabet[(i * i * 7 + salt * 13 + i // 64) % 64] for i in range(65536))
    return (part * (size // len(part) + 1))[:size]


class Large(OneDevice):
    def peak(self) -> int:
        return resident_peak(self.device.agent_pid())

    def test_fifty_megabytes(self):
        self.client.post_chat(chat(0))
        self.client.chats()
        messages = [message("m0", attachments=[{"mimeType": "image/png", "name": "0",
                                                "data": image(8 * MIB, 0)}])]
        messages += [message(f"m{i}", attachments=[{"mimeType": "image/png", "name": str(i),
                                                    "data": image(MIB, i)}])
                     for i in range(1, 42)]
        large = chat(1, *messages)
        body = json.dumps(large).encode()
        self.assertTrue(BODY_MAX - 2 * MIB < len(body) <= BODY_MAX, len(body))
        before = self.peak()
        self.assertEqual(self.client.ask("POST", "/api/sync/chat", body)[0], 200)
        grown = self.peak() - before
        print(f"report: a post of {len(body)} bytes raised the peak by {grown / MIB:.0f} MiB")
        self.unchanged(lambda: self.client.ask("POST", "/api/sync/chat", body))
        self.assertEqual(self.client.chat("chat-1"), large)
        self.assertEqual(self.client.export()["chats"][0], large)
        if not SANITIZED:
            self.assertLessEqual(grown, GROWTH_MAX)

    def test_a_list_is_json_wherever_its_pieces_end(self):
        """The head of a chat fills a piece of the answer to its last byte, and somewhat beyond."""
        chats = [chat(n, message(f"m{n}"),
                      knowledgeBase=[{"id": "k", "text": "k" * (256 * 1024 - 200 + 40 * n)}])
                 for n in range(8)]
        self.client.post_all(chats)
        self.assertEqual(self.client.chats(), chats[::-1])
        self.assertEqual(self.client.export()["chats"], chats[::-1])

    def test_a_frame_as_large_as_a_post(self):
        large = chat(1, *(message(f"m{i}", attachments=[{"mimeType": "image/png", "name": str(i),
                                                         "data": image(MIB, i)}])
                          for i in range(48)))
        with self.client.socket() as line:
            line.text({"type": "sync_chat", "data": large})
            self.assertEqual(line.heard("chat_updated")["chatId"], "chat-1")
        self.assertEqual(self.client.chat("chat-1"), large)

    def test_frames_that_come_faster_than_they_are_written(self):
        chats = [chat(n, message("m", attachments=[{"mimeType": "image/png", "name": "i",
                                                    "data": image(8 * MIB, n)}]))
                 for n in range(16)]
        before = self.peak()
        with self.client.socket() as line:
            for each in chats:
                line.text({"type": "sync_chat", "data": each})
            heard = [line.heard("chat_updated")["chatId"] for _ in chats]
        self.assertEqual(heard, [each["id"] for each in chats])
        self.assertEqual({each["id"]: each for each in self.client.chats()},
                         {each["id"]: each for each in chats})
        if not SANITIZED:
            self.assertLessEqual(self.peak() - before, FRAMES_GROWTH_MAX)

    def test_one_byte_too_many(self):
        body = json.dumps(chat(1)).encode().ljust(BODY_MAX + 1)
        try:
            status, _, text = self.client.ask("POST", "/api/sync/chat", body)
            self.assertEqual((status, list(json.loads(text))), (413, ["error"]))
        except ConnectionError:
            pass  # the answer came while the client was still sending
        self.assertEqual(self.client.chats(), [])

    def test_half_a_character(self):
        body = (b'{"id":"c","title":"a\\ud83d","messages":'
                b'[{"id":"m","text":"\\ude00 \\ud83d\\ude00"}]}')
        self.assertEqual(self.client.ask("POST", "/api/sync/chat", body)[0], 200)
        got = self.client.chat("c")
        self.assertEqual(got["title"], "a\ufffd")
        self.assertEqual(got["messages"][0]["text"], "\ufffd \U0001f600")
        self.unchanged(lambda: self.client.ask("POST", "/api/sync/chat", body))

    def test_ten_thousand_messages(self):
        large = chat(1, *(message(f"m{i}", f"text {i}") for i in range(10_000)))
        self.client.post_chat(large)
        self.assertEqual(self.client.chat("chat-1"), large)
        self.unchanged(lambda: self.client.post_chat(large))
        with self.assertRaises(Refused):
            self.client.post_chat({"id": "d", "messages": [{}]})


if __name__ == "__main__":
    unittest.main()
