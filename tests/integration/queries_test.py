#!/usr/bin/env python3
"""What is asked by address and by body, names that SQL and addresses use themselves, what views
leave out, and cursors. What conditions mean is for questions_test.py."""

import json
import unittest
import uuid
from urllib.parse import quote, urlencode

from api_device import ApiDevice, ApiTest, record_path
from lanyard_process import make_known, wait_until
from web_socket import Line

SPACE = "/v1/spaces/default"


def of(collection, what="records"):
    return f"{SPACE}/collections/{collection}/{what}"


def keys(page):
    return [each["key"] for each in page["records"]]


class Asking(ApiTest):
    def test_a_plus_in_a_query_is_a_space(self):
        self.api.put(record_path("spaced", "titles"), {"title": "two words"})
        self.api.put(record_path("plus", "titles"), {"title": "two+words"})
        for title, key in (("two words", "spaced"), ("two+words", "plus")):
            query = urlencode({"where": json.dumps({"title": title})})
            self.assertEqual(keys(self.api.get(f"{of('titles')}?{query}")), [key])
            self.assertEqual(self.api.get(f"{of('titles', 'count')}?{query}"), {"count": 1})
        self.api.put(record_path("a+b", "titles"), {"title": "in a path it is a plus"})
        self.assertEqual(self.api.get(f"{of('titles')}/a+b")["key"], "a+b")

    def test_a_query_as_a_body(self):
        ids = [str(uuid.UUID(int=n * 7919)) for n in range(1500)]
        for begin in range(0, len(ids), 500):
            self.api.post(f"{SPACE}/changes", {"ops": [
                {"op": "put", "collection": "many", "key": key, "value": {"n": n}}
                for n, key in list(enumerate(ids))[begin:begin + 500]]})
        asked = {"where": {"id": {"in": ids[:1000]}}}
        page = self.api.post(of("many", "query"), {**asked, "order": "-n", "limit": 1000})
        self.assertEqual((len(page["records"]), page["records"][0]["value"]), (1000, {"n": 999}))
        self.assertEqual(self.api.post(of("many", "count"), asked), {"count": 1000})
        found, cursor = [], {}
        while cursor is not None:
            page = self.api.post(of("many", "query"), {**asked, "limit": 300, **cursor})
            found += keys(page)
            cursor = {"cursor": page["cursor"]} if page["cursor"] else None
        self.assertEqual(found, sorted(ids[:1000]))
        lines = self.api.ask("POST", of("many", "query"), json_body=asked,
                             headers={"Accept": "application/x-ndjson"}).lines
        self.assertEqual(len(lines), 1000)
        for body in ({"where": []}, {"limit": 0}, {"limit": 1001}, {"sort": "n"},
                     {"where": {"n": {}}}, {"where": {"n": {"gt": None}}},
                     {"where": {"n": {"prefix": 1}}}):
            answer = self.api.ask("POST", of("many", "query"), json_body=body)
            self.assertEqual(answer.status, 400, body)
        too_many = self.api.ask("POST", of("many", "count"),
                                json_body={"where": {"n": {"in": list(range(10_001))}}})
        self.assertEqual(too_many.status, 413)
        self.assertIn("10,000", too_many.json["why"])

    def test_an_order_that_is_not_known_and_a_cursor_of_another_query(self):
        for n in range(3):
            self.api.put(record_path(f"c{n}", "cars"), {"speed": n, "long": "x" * 50_000 + str(n)})
        answer = self.api.ask("GET", f"{of('cars')}?order=sped")
        self.assertEqual((answer.status, answer.json["fix"]), (400, 'Did you mean "speed"?'))
        self.assertEqual(keys(self.api.get(f"{of('nothing')}?order=sped")), [])
        page = self.api.get(f"{of('cars')}?order=-long&limit=2")
        self.assertLess(len(page["cursor"]), 1000)
        self.assertEqual(keys(self.api.get(
            f"{of('cars')}?order=-long&limit=2&cursor={page['cursor']}")), ["c0"])
        for other in ("order=long", "order=-speed", "order=-long&where=" + quote('{"speed":1}')):
            refused = self.api.ask("GET", f"{of('cars')}?{other}&cursor={page['cursor']}")
            self.assertEqual((refused.status, refused.json["why"]),
                             (400, "the cursor is of another query"))

    def test_conditions_that_cannot_be_asked_are_refused_at_every_door(self):
        wrong = {"n": {"gt": True}}
        line = Line(self.api.port).sign_in(self.api.token)
        self.addCleanup(line.close)
        line.text({"type": "subscribe", "id": "s", "space": "default", "where": wrong})
        self.assertEqual(line.heard("error", id="s")["code"], "LY-A001")
        with self.device.connect() as control:
            for method in ("data.query", "data.count", "data.watch"):
                control.send(method, space="default", collection="x", where=wrong)
                self.assertEqual(control.receive()["error"]["code"], "LY-A001")

    def test_what_no_address_can_name_is_not_written(self):
        for key in (".", "..", "a\0b"):
            for op in ({"op": "put", "value": {}}, {"op": "patch", "value": {"n": 1}},
                       {"op": "add", "value": {"n": 1}}, {"op": "set-add", "value": {"n": [1]}}):
                for place in ({"collection": "c", "key": key}, {"collection": key, "key": "k"}):
                    answer = self.api.ask("POST", f"{SPACE}/changes",
                                          json_body={"ops": [{**op, **place}]})
                    self.assertEqual(answer.status, 400, (op, place))
            said = self.device.run("data", "put", "default", "c", key.replace("\0", ""), "{}")
            self.assertEqual(said.returncode == 0, "\0" in key)
        # What an import brought can be found, and taken away.
        file = self.device.folder / "odd.json"
        file.write_text(json.dumps({"version": "2.2.0", "settings": {"..": {"a": 1}}}))
        self.device.ok("import", str(file), "--space", "default")
        self.assertEqual(keys(self.api.post(of("settings", "query"), {"where": {"id": ".."}})),
                         [".."])
        self.api.post(f"{SPACE}/changes", {"ops": [
            {"op": "delete", "collection": "settings", "key": ".."}]})
        self.assertEqual(self.api.get(of("settings", "count")), {"count": 0})


class Views(unittest.TestCase):
    def setUp(self):
        self.device = ApiDevice("first")
        self.addCleanup(self.device.close)
        self.device.start()
        self.api = self.device.api()

    def sql(self, sql, *values, api=None):
        return (api or self.api).post(f"{SPACE}/sql", {"sql": sql, "values": list(values)})

    def test_text_is_whole(self):
        self.api.put(record_path("z", "zeros"), {"t": "a\0b", "n": 1})
        self.api.put(record_path("y", "zeros"), {"t": "a", "n": 2.0})
        self.assertEqual(self.sql("SELECT t FROM zeros WHERE n = 1")["rows"], [["a\0b"]])
        self.assertEqual(self.sql("SELECT id FROM zeros WHERE t = ?", "a\0b")["rows"], [["z"]])
        self.assertEqual(self.sql("SELECT id FROM zeros WHERE t = ?", "a")["rows"], [["y"]])

    def test_what_a_view_leaves_out_is_said(self):
        self.api.put(record_path("a", "cars"), {"Speed": 1, "speed": 2})
        self.assertNotIn("notes", self.sql("SELECT 1"))
        answer = self.sql("SELECT speed FROM cars")
        self.assertEqual(answer["notes"], [
            'the view "cars" has no column for the field "speed": it differs from "Speed", which '
            'has one, in case alone'])
        self.assertIn("in case alone", self.device.run(
            "sql", "default", "SELECT speed FROM cars").stderr)
        self.api.put(record_path("w", "wide"), {f"f{n:03}": n for n in range(220)})
        self.assertEqual(self.sql("SELECT f000 FROM wide")["notes"], [
            'the view "wide" has 200 columns, and none for 21 other fields'])
        refused = self.api.ask("POST", f"{SPACE}/sql", json_body={"sql": "SELECT f219 FROM wide"})
        self.assertEqual(refused.status, 400)
        self.assertIn("21 other fields", refused.json["fix"])

    def test_no_name_of_a_peers_disturbs(self):
        other = ApiDevice("second")
        self.addCleanup(other.close)
        other.start()
        make_known(self.device, other)
        self.device.ok("space", "create", "shared")
        self.device.ok("space", "share", "shared", "second")
        wait_until("both have the space", lambda: "shared" in [
            each["name"] for each in other.call("space.list")["spaces"]])
        names = ["json_each", "JSON_TREE", "json_tree", "pragma_table_info", "pragma_function_list",
                 "dbstat", "sqlite_master", "sqlite_stat1", "sqlite_x", "fts5", "fts5vocab",
                 "x_data", "x_content", "x_idx", "rtree", "rtree_node", "generate_series", "select",
                 "order", "values", "table", "with", "main", "temp", "lanyard_records", "lanyard_x",
                 "chats", "messages", "Chat", "chat", "message", "user", "device", "sync_event",
                 "sync_status", "sync_config", "spaces", "tree_ops", "rowid", "json",
                 "json_extract"]
        for name in names:
            other.call("data.put", space="shared", collection=name, key="k",
                       value={"id": "k", "n": 1})
        other.call("data.put", space="shared", collection="plain", key="k", value={"n": 7})
        apis = [device.api("--space", "shared", "--write") for device in (self.device, other)]
        path = "/v1/spaces/shared"
        for device, api in zip((self.device, other), apis):
            wait_until("all is there", lambda: api.get(  # noqa: B023
                f"{path}/collections/plain/count")["count"] == 1)
            for name in names:
                self.assertEqual(keys(api.post(f"{path}/collections/{name}/query", {})), ["k"])
            for sql, rows in (("SELECT n FROM plain", [[7]]), ('SELECT n FROM "order"', [[1]]),
                              ("SELECT value FROM json_each('[1,2]')", [[1], [2]]),
                              ("SELECT count(*) FROM json_tree('[1]')", [[2]])):
                self.assertEqual(api.post(f"{path}/sql", {"sql": sql})["rows"], rows, sql)
            said = api.ask("POST", f"{path}/sql", json_body={"sql": "SELECT n FROM json_each"})
            self.assertEqual(said.status, 400)
            self.assertIn("has no view", said.json["fix"])
            self.assertIn("ok", device.ok("check", "shared", "--rebuild"))


if __name__ == "__main__":
    unittest.main()
