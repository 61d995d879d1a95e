#!/usr/bin/env python3
"""/v1/live of a real agent: snapshots, changes, cursors, receipts, slow readers, revoked tokens."""

import json
import time
import unittest

from api_device import ApiDevice, ApiTest, record_path
from lanyard_process import make_known, wait_until
from web_socket import Closed, Line


class Live(ApiTest):
    def line(self, token=None, **more) -> Line:
        line = Line(self.api.port, **more)
        self.addCleanup(line.close)
        return line.sign_in(token or self.api.token)

    def snapshot(self, line, **wish):
        """All records of a first snapshot by (collection, key), and the cursor at its end."""
        line.text({"type": "subscribe", "space": "default", **wish})
        records, more = {}, True
        while more:
            page = line.heard("snapshot", id=wish["id"])
            for each in page["records"]:
                records[each["collection"], each["record"]["key"]] = each["record"]["value"]
            more = page["more"]
            self.assertEqual(page["cursor"] is None, more)
        return records, page["cursor"]

    def test_a_snapshot_then_changes(self):
        self.api.put(record_path("a", "live"), {"n": 1})
        line = self.line()
        records, cursor = self.snapshot(line, id="s", collection="live")
        self.assertEqual(records, {("live", "a"): {"n": 1}})
        self.api.put(record_path("elsewhere", "other"), {})
        self.api.put(record_path("a", "live"), {"n": 2})
        change = line.heard("change", id="s")
        self.assertEqual((change["collection"], change["record"]["key"],
                          change["record"]["value"]), ("live", "a", {"n": 2}))
        self.assertNotEqual(change["cursor"], cursor)
        self.device.ok("data", "delete", "default", "live", "a")
        self.assertIsNone(line.heard("change", id="s")["record"]["value"])

    def test_pages_of_a_large_snapshot_and_all_collections(self):
        ops = [{"op": "put", "collection": f"c{i % 3}", "key": f"k{i}", "value": {"i": i}}
               for i in range(1000)]
        self.api.post("/v1/spaces/default/changes", {"ops": ops})
        records, _ = self.snapshot(self.line(), id="all")
        for i in range(1000):
            self.assertEqual(records[f"c{i % 3}", f"k{i}"], {"i": i})

    def test_conditions(self):
        line = self.line()
        self.api.put(record_path("in", "where"), {"chat": "c1"})
        self.api.put(record_path("out", "where"), {"chat": "c2"})
        records, _ = self.snapshot(line, id="w", collection="where", where={"chat": "c1"})
        self.assertEqual(list(records), [("where", "in")])
        self.api.put(record_path("in", "where"), {"chat": "c2"})
        self.assertIsNone(line.heard("change", id="w")["record"]["value"])

    def test_a_cursor_brings_what_was_missed_and_nothing_twice(self):
        line = self.line()
        _, cursor = self.snapshot(line, id="s", collection="missed")
        line.close()
        for i in range(5):
            self.api.put(record_path(f"k{i}", "missed"), {"i": i})
        self.api.put(record_path("k0", "missed"), {"i": "again"})
        again = self.line()
        again.text({"type": "subscribe", "id": "s", "space": "default", "collection": "missed",
                    "cursor": cursor})
        heard = {}
        for _ in range(5):
            change = again.heard("change", id="s")
            heard[change["record"]["key"]] = change["record"]["value"]["i"]
        self.assertEqual(heard, {"k0": "again", "k1": 1, "k2": 2, "k3": 3, "k4": 4})
        latest = change["cursor"]
        third = self.line()
        third.text({"type": "subscribe", "id": "s", "space": "default", "collection": "missed",
                    "cursor": latest})
        self.api.put(record_path("new", "missed"), {})
        self.assertEqual(third.heard("change")["record"]["key"], "new")
        self.assertEqual(third.kept, [])

    def test_a_cursor_is_good_after_a_restart(self):
        device = ApiDevice()
        self.addCleanup(device.close)
        device.start()
        api = device.api()
        with Line(api.port).sign_in(api.token) as line:
            line.text({"type": "subscribe", "id": "s", "space": "default"})
            while (page := line.heard("snapshot"))["more"]:
                pass
            api.put(record_path("before"), {})
            cursor = line.heard("change")["cursor"]
            api.put(record_path("unheard"), {"n": 1})
        device.kill()
        device.start()
        api.port = device.info["apiPort"]
        with Line(api.port).sign_in(api.token) as line:
            line.text({"type": "subscribe", "id": "s", "space": "default", "cursor": cursor})
            change = line.heard("change")
            self.assertEqual((change["record"]["key"], change["record"]["value"]),
                             ("unheard", {"n": 1}))

    def test_who_missed_very_much_is_told_everything_again(self):
        line = self.line()
        _, cursor = self.snapshot(line, id="s", collection="much")
        line.close()
        writes = [("data.put", {"space": "default", "collection": "much", "key": f"k{i % 50}",
                                "value": {"i": i}}) for i in range(2100)]
        self.device.control.call_all(writes)
        again = self.line()
        again.text({"type": "subscribe", "id": "s", "space": "default", "collection": "much",
                    "cursor": cursor})
        again.heard("resync", id="s")
        self.assertEqual(len(again.heard("snapshot", id="s")["records"]), 50)

    def test_writes_over_the_line_have_receipts(self):
        line = self.line()
        line.text({"type": "changes", "id": "w1", "space": "default", "ops": [
            {"op": "put", "collection": "live-writes", "key": "k", "value": {"a": 1}}]})
        receipt = line.heard("receipt", id="w1")
        self.assertEqual((receipt["applied"], receipt["repeated"], receipt["stage"]),
                         (1, False, "durable"))
        self.assertEqual(self.api.get(record_path("k", "live-writes"))["value"], {"a": 1})
        line.text({"type": "changes", "id": "w2", "space": "default", "ops": []})
        self.assertEqual(line.heard("error", id="w2")["code"], "LY-A001")
        reader = self.line(self.device.api("--space", "default").token)
        reader.text({"type": "changes", "id": "w3", "space": "default", "ops": [
            {"op": "put", "collection": "live-writes", "key": "k", "value": {"a": 2}}]})
        self.assertEqual(reader.heard("error", id="w3")["code"], "LY-A006")
        self.assertEqual(self.api.get(record_path("k", "live-writes"))["value"], {"a": 1})

    def test_presence_is_passed_on_and_never_stored(self):
        one, two = self.line(), self.line()
        one.text({"type": "presence", "space": "default", "value": {"typing": True}})
        space, me = self.api.get("/v1/spaces/default")["id"], self.device.info["id"]
        self.assertEqual(two.heard("presence"), {
            "type": "presence", "id": None, "cursor": None, "space": space, "device": me,
            "app": "test", "value": {"typing": True}})
        # A client that has named the space hears of it by that name.
        two.text({"type": "presence", "space": "default", "value": [1.5, None]})
        heard = one.heard("presence")
        self.assertEqual((heard["space"], heard["value"]), ("default", [1.5, None]))
        one.text({"type": "presence", "space": "default", "value": "x" * 20000})
        self.assertEqual(one.heard("error")["code"], "LY-D003")
        self.assertEqual([m for m in one.kept if m["type"] == "presence"], [])

    def test_the_status_is_told_when_it_changes_and_only_then(self):
        line = self.line()
        for wrong in ({}, {"id": "how", "status": False}, {"id": "how", "status": 1},
                      {"id": "how", "status": True, "space": "default"}):
            line.text({"type": "subscribe", **({"status": True} if not wrong else {}), **wrong})
            self.assertEqual(line.heard("error")["code"], "LY-A001")
        line.text({"type": "subscribe", "id": "how", "status": True})
        first = line.heard("status", id="how")
        self.assertEqual((first["online"], first["syncing"], first["devices"]), (False, False, []))
        self.assertEqual([space["name"] for space in first["spaces"]], ["default"])
        before = first["spaces"][0]["unconfirmed"]
        self.api.put(record_path("counted"), {"n": 1})
        # It is told of everything in it that moves: the number may stand still at first.
        while (now := line.heard("status", id="how")["spaces"][0]["unconfirmed"]) == before:
            pass
        self.assertEqual(now, before + 1)
        line.text({"type": "unsubscribe", "id": "how"})
        self.api.put(record_path("counted"), {"n": 2})
        line.text({"type": "unsubscribe", "id": "how"})
        self.assertEqual(line.heard("error")["code"], "LY-D004")

    def test_a_slow_reader_is_bounded_and_misses_nothing(self):
        slow = Line(self.api.port, receive_buffer=4096)
        self.addCleanup(slow.close)
        slow.sign_in(self.api.token)
        self.snapshot(slow, id="s", collection="slow")
        large = "x" * 100_000
        for i in range(60):
            self.api.put(record_path(f"k{i}", "slow"), {"i": i, "large": large})
        self.api.put(record_path("last", "slow"), {"i": "last"})
        heard = {}
        while "last" not in heard or len(heard) < 61:
            message = slow.message()
            if message["type"] == "change":
                heard[message["record"]["key"]] = message["record"]["value"]["i"]
            elif message["type"] == "snapshot":
                heard.update({each["record"]["key"]: each["record"]["value"]["i"]
                              for each in message["records"]})
        self.assertEqual(heard, {**{f"k{i}": i for i in range(60)}, "last": "last"})

    def test_nobody_speaks_before_signing_in(self):
        for message in ({"type": "subscribe", "id": "s", "space": "default"},
                        {"type": "auth", "token": "lanyard_" + "A" * 43},
                        {"type": "auth", "token": "nonsense"}, {"type": "auth"}, [], "x"):
            with self.subTest(message=message), Line(self.api.port) as line:
                line.text(message if isinstance(message, str) else json.dumps(message))
                error = line.heard("error")
                self.assertIn(error["code"], ("LY-W005", "LY-A001"))
                if error["code"] == "LY-W005":
                    self.assertEqual(line.closed(), 1008)

    def test_nonsense_gets_errors_and_the_line_goes_on(self):
        line = self.line()
        for message in ("{", "[]", '"x"', "{}", '{"type":5}', '{"type":"fly"}',
                        '{"type":"subscribe"}', '{"type":"subscribe","id":"s"}',
                        '{"type":"subscribe","id":"s","space":"no-such"}',
                        '{"type":"subscribe","id":"s","space":"default","cursor":"!"}',
                        '{"type":"subscribe","id":"s","space":"default","cursor":""}',
                        '{"type":"subscribe","id":"s","space":"default","where":{"a":1}}',
                        '{"type":"subscribe","space":"default"}',
                        '{"type":"subscribe","id":"s","space":"default","x":1}',
                        '{"type":"unsubscribe","id":"never"}',
                        '{"type":"changes","space":"default"}',
                        '{"type":"presence","space":"default"}',
                        json.dumps({"type": "unsubscribe", "id": "x" * 200})):
            with self.subTest(message=message):
                line.text(message)
                self.assertRegex(line.heard("error")["code"], "LY-[A-Z][0-9]{3}")
        self.snapshot(line, id="after", collection="nonsense")

    def test_an_id_has_128_bytes(self):
        line = self.line()
        for size, code in ((128, "LY-D004"), (129, "LY-A001"), (1280, "LY-A001")):
            with self.subTest(size):
                line.text({"type": "unsubscribe", "id": "x" * size})
                self.assertEqual(line.heard("error")["code"], code)

    def test_at_most_64_subscriptions(self):
        line = self.line()
        for i in range(640):
            line.text({"type": "subscribe", "id": f"s{i}", "space": "default",
                       "collection": "none"})
        for i in range(64, 640):
            self.assertEqual(line.heard("error")["id"], f"s{i}")
        line.text({"type": "unsubscribe", "id": "s0"})
        line.text({"type": "subscribe", "id": "s64", "space": "default", "collection": "none"})
        line.heard("snapshot", id="s64")

    def test_who_loses_the_token_is_sent_away(self):
        api = self.device.api("--space", "default")
        line = self.line(api.token)
        self.snapshot(line, id="s", collection="live")
        tokens = json.loads(self.device.ok("token", "list", "--json"))["tokens"]
        newest = max(tokens, key=lambda each: each["createdMs"])
        self.device.ok("token", "revoke", newest["id"], "--yes")
        self.assertEqual(line.closed(), 1008)

    def test_pages_of_other_origins_do_not_get_in(self):
        page = self.device.api("--space", "default", origin="http://page.test")
        Line(self.api.port, origin="http://page.test").sign_in(page.token).close()
        for origin in ("http://evil.test", "null", "http://page.test:81"):
            with self.subTest(origin=origin), self.assertRaises(ConnectionError):
                Line(self.api.port, origin=origin)
        with Line(self.api.port) as line:
            line.text({"type": "auth", "token": page.token})
            self.assertEqual(line.closed(), 1008)


class TwoDevices(unittest.TestCase):
    def setUp(self):
        self.laptop, self.desktop = ApiDevice("laptop"), ApiDevice("desktop")
        for device in (self.laptop, self.desktop):
            self.addCleanup(device.close)
            device.start()
        self.laptop.ok("space", "create", "notes")
        make_known(self.laptop, self.desktop)
        self.laptop.ok("space", "share", "notes", "desktop")
        wait_until("the space is there", lambda: "notes" in self.desktop.ok("space", "list"))

    def line(self, device, *spaces) -> Line:
        api = device.api(*(word for space in spaces for word in ("--space", space)), "--write")
        line = Line(api.port).sign_in(api.token)
        self.addCleanup(line.close)
        return line

    def test_what_another_device_writes_is_heard(self):
        here = self.laptop.api("--space", "notes", "--write")
        line = self.line(self.desktop, "notes")
        line.text({"type": "subscribe", "id": "s", "space": "notes", "collection": "n"})
        line.heard("snapshot")
        here.put(record_path("k", "n", "notes"), {"from": "laptop"})
        self.assertEqual(line.heard("change")["record"]["value"], {"from": "laptop"})
        line = self.line(self.laptop, "notes")
        line.text({"type": "changes", "id": "w", "space": "notes", "ops": [
            {"op": "put", "collection": "n", "key": "k2", "value": {}}]})
        durable = line.heard("receipt", stage="durable")
        there_too = line.heard("receipt", stage="peer")
        self.assertEqual((there_too["id"], there_too["change"], there_too["device"]),
                         ("w", durable["change"], self.desktop.info["id"]))

    def test_what_one_client_says_at_once_is_done_in_its_order(self):
        names = ["notes", self.laptop.json("space", "info", "notes")["id"]]
        self.laptop.stop()
        self.laptop.start()  # it has looked up no name yet
        line = self.line(self.laptop, "notes")
        for number in range(200):
            line.text({"type": "changes", "id": str(number), "space": names[number % 2], "ops": [
                {"op": "put", "collection": "n", "key": "k", "value": {"n": number}}]})
        done = [line.heard("receipt", id=str(number), stage="durable") for number in range(200)]
        seqs = [each["change"]["seq"] for each in done]
        self.assertEqual(seqs, sorted(seqs))
        api = self.laptop.api("--space", "notes")
        self.assertEqual(api.get(record_path("k", "n", "notes"))["value"], {"n": 199})

    def test_presence_reaches_clients_of_other_members_who_may_read_there(self):
        here, there = self.line(self.laptop, "notes"), self.line(self.desktop, "notes")
        stranger = self.line(self.desktop, "default")
        self.laptop.ok("space", "create", "mine")
        alone = self.line(self.laptop, "mine")
        wait_until("both have the same changes", lambda: len(set(self.changes())) == 1)
        changes = self.changes()
        alone.text({"type": "presence", "space": "mine", "value": "for nobody"})
        here.text({"type": "presence", "space": "notes", "value": {"cursor": [3, "\u00e4"]}})
        heard = there.heard("presence")
        self.assertEqual((heard["device"], heard["app"], heard["value"]),
                         (self.laptop.info["id"], "test", {"cursor": [3, "\u00e4"]}))
        there.text({"type": "presence", "space": "notes", "value": 1.5})
        self.assertEqual(here.heard("presence", space="notes")["value"], 1.5)
        # What was said is over for who comes later, and for who may not read there.
        late = self.line(self.desktop, "notes")
        here.text({"type": "presence", "space": "notes", "value": "the next"})
        self.assertEqual(late.heard("presence")["value"], "the next")
        stranger.text({"type": "presence", "space": "default", "value": "x" * 20000})
        stranger.heard("error")
        self.assertEqual(stranger.kept, [])
        self.assertEqual(self.changes(), changes)

    def test_a_flood_of_presence_holds_nobody_up(self):
        here, there = self.line(self.laptop, "notes"), self.line(self.desktop, "notes")
        for number in range(3000):
            here.text({"type": "presence", "space": "notes", "value": [number, "x" * 1000]})
        here.text({"type": "changes", "id": "w", "space": "notes", "ops": [
            {"op": "put", "collection": "n", "key": "k", "value": {}}]})
        here.heard("receipt", id="w", stage="peer")
        last = -1
        while (value := there.heard("presence")["value"]) != "over":
            self.assertGreater(value[0], last)  # some may be left out, and none comes late
            last = value[0]
            here.text({"type": "presence", "space": "notes", "value": "over"})

    def changes(self) -> list[int]:
        return [device.json("space", "info", "notes")["changes"]
                for device in (self.laptop, self.desktop)]


class StaysOpen(ApiTest):
    """By itself: it starts the agent again."""

    def last_used(self):
        return max(each["lastUsedMs"] for each in self.device.json("token", "list")["tokens"])

    def test_a_line_that_stays_open_is_a_use_of_its_token(self):
        line = Line(self.api.port)
        self.addCleanup(line.close)
        line.sign_in(self.api.token)
        self.api.get("/v1/status")
        time.sleep(0.1)  # the clock is past what was used until now
        signed_in = int(time.time() * 1000)
        self.device.stop()
        self.device.start()
        self.assertGreaterEqual(self.last_used(), signed_in)


if __name__ == "__main__":
    unittest.main(verbosity=2)
