#!/usr/bin/env python3
"""/v1/live: a cursor says what a client was told, after every frame, however much waits for it."""

import unittest

from api_device import ApiDevice, ApiTest, record_path
from lanyard_process import make_known, wait_until
from live_picture import Picture
from web_socket import Line


def has_last(picture: Picture) -> bool:
    return "last" in picture.values


class Cursors(ApiTest):
    def line(self, **more) -> Line:
        line = Line(self.api.port, **more)
        self.addCleanup(line.close)
        return line.sign_in(self.api.token)

    def level(self, collection) -> Picture:
        """A client that knows everything there is."""
        picture = Picture(collection=collection)
        with self.line() as line:
            picture.subscribe(line)
            while not picture.cursor:
                picture.take(line.message())
        return picture

    def batch(self, collection, size, **value):
        self.api.post("/v1/spaces/default/changes", {"ops": [
            {"op": "put", "collection": collection, "key": f"k{n:04}", "value": {"n": n, **value}}
            for n in range(size)]})

    def there(self, collection) -> dict:
        answer = self.api.ask("GET", f"/v1/spaces/default/collections/{collection}/records",
                              headers={"Accept": "application/x-ndjson"})
        return {each["key"]: each["value"] for each in answer.lines}

    def test_a_client_that_is_cut_within_a_batch_is_told_the_rest_of_it(self):
        for size in (2, 400):
            name = f"cut-{size}"
            picture = self.level(name)
            line = self.line()
            picture.subscribe(line)
            self.batch(name, size)
            picture.take(line.heard("change"))
            self.assertEqual(len(picture.values), 1)
            line.close()
            self.api.put(record_path("last", name), {})
            again = self.line()
            picture.subscribe(again)
            picture.hear_until(again, has_last)
            self.assertEqual(picture.values, self.there(name))

    def test_who_hears_one_frame_at_a_time_comes_to_the_end(self):
        picture = self.level("one-by-one")
        self.batch("one-by-one", 40)
        for n in range(0, 40, 3):
            self.device.ok("data", "delete", "default", "one-by-one", f"k{n:04}")
        self.api.put(record_path("last", "one-by-one"), {})
        frames = 0
        while not has_last(picture):
            with self.line() as line:
                picture.subscribe(line)
                picture.take(line.heard("change"))
            frames += 1
            self.assertLessEqual(frames, 40 + 14 + 1)
        self.assertEqual(picture.values, self.there("one-by-one"))

    def test_much_that_was_missed_is_told_as_it_is_read(self):
        picture = self.level("large")
        for n in range(100):
            self.api.put(record_path(f"k{n}", "large"), {"n": n, "text": "x" * 200_000})
        self.api.put(record_path("last", "large"), {})
        line = self.line(receive_buffer=4096)
        picture.subscribe(line)
        picture.hear_until(line, has_last)
        self.assertEqual(picture.values, self.there("large"))

    def test_one_record_near_the_limits_is_told(self):
        """More than what may wait for a client, with its escapes."""
        picture = self.level("huge")
        for n in range(4):
            self.api.post("/v1/spaces/default/changes", {"ops": [
                {"op": "patch", "collection": "huge", "key": "k",
                 "value": {f"f{n}": f"{m}" + "\x01" * 200_000}} for m in range(4)]})
        self.api.put(record_path("last", "huge"), {})
        line = self.line()
        picture.subscribe(line)
        picture.hear_until(line, has_last)
        with self.line() as again:
            late = Picture(collection="huge")
            late.subscribe(again)
            late.hear_until(again, has_last)
        self.assertEqual(late.values, self.there("huge"))
        self.assertEqual(picture.values, late.values)

    def test_many_subscriptions_to_much_share_a_line(self):
        for n in range(60):
            self.api.put(record_path(f"k{n}", "shared"), {"n": n, "text": "y" * 150_000})
        there, line = self.there("shared"), self.line()
        pictures = {f"s{n}": Picture(collection="shared") for n in range(6)}
        for name, picture in pictures.items():
            line.text({"type": "subscribe", "id": name, **picture.wish})
        while not all(picture.cursor for picture in pictures.values()):
            message = line.message()
            pictures[message["id"]].take(message)
        for picture in pictures.values():
            self.assertEqual(picture.values, there)

    def test_a_cursor_does_not_grow_old_where_nothing_that_is_wanted_changes(self):
        line, picture = self.line(), self.level("quiet")
        picture.subscribe(line)
        write = [("data.put", {"space": "default", "collection": "loud", "key": f"k{n % 50}",
                               "value": {"n": n}}) for n in range(3000)]
        self.device.control.call_all(write)
        picture.take(line.heard("cursor", id="s"))
        while any(message["type"] == "cursor" for message in line.kept):
            picture.take(line.heard("cursor", id="s"))
        self.api.put(record_path("last", "quiet"), {})
        with self.line() as again:
            picture.take(line.heard("change"))
            picture.subscribe(again)
            self.api.put(record_path("later", "quiet"), {})
            self.assertEqual(again.message()["type"], "change")  # no resync


class FromAnotherDevice(unittest.TestCase):
    def setUp(self):
        self.here, self.there = ApiDevice("here"), ApiDevice("there")
        for device in (self.here, self.there):
            self.addCleanup(device.close)
            device.start()
        self.here.ok("space", "create", "notes")
        make_known(self.here, self.there)
        self.here.ok("space", "share", "notes", "there")
        wait_until("the space is there", lambda: "notes" in self.there.ok("space", "list"))
        self.writer = self.there.api("--space", "notes", "--write")
        self.reader = self.here.api("--space", "notes")

    def line(self) -> Line:
        line = Line(self.reader.port).sign_in(self.reader.token)
        self.addCleanup(line.close)
        return line

    def test_40_megabytes_at_once_cut_nobody_off(self):
        picture, line = Picture("notes"), self.line()
        picture.subscribe(line)
        while not picture.cursor:
            picture.take(line.message())
        self.here.ok("devices", "forget", self.there.info["id"], "--yes")
        for n in range(200):
            self.writer.put(record_path(f"k{n}", "c", "notes"), {"n": n, "text": "z" * 200_000})
        self.writer.put(record_path("last", "c", "notes"), {})
        make_known(self.here, self.there)
        picture.hear_until(line, has_last)
        while len(picture.values) < 201:
            picture.take(line.message())
        self.assertEqual({key: value.get("n") for key, value in picture.values.items()},
                         {"last": None, **{f"k{n}": n for n in range(200)}})

    def test_a_batch_from_elsewhere_can_be_cut_anywhere(self):
        picture = Picture("notes")
        with self.line() as line:
            picture.subscribe(line)
            while not picture.cursor:
                picture.take(line.message())
        self.writer.post("/v1/spaces/notes/changes", {"ops": [
            {"op": "put", "collection": "c", "key": f"k{n}", "value": {"n": n}}
            for n in range(60)]})
        wait_until("it is here", lambda: self.reader.get(
            "/v1/spaces/notes/collections/c/count")["count"] == 60)
        for _ in range(60):
            with self.line() as line:
                picture.subscribe(line)
                picture.take(line.heard("change"))
        self.assertEqual(picture.values, {f"k{n}": {"n": n} for n in range(60)})


if __name__ == "__main__":
    unittest.main(verbosity=2)
