#!/usr/bin/env python3
"""Readings that take their time: SQL, the history of a record; and declared indexes."""

import json
import sqlite3
import threading
import unittest

from api import ApiError
from api_device import ApiDevice, ApiTest, record_path
from lanyard_process import make_known, wait_until

SPACE = "/v1/spaces/default"


class Sql(ApiTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for n in range(20):
            cls.api.put(record_path(f"b{n:02}", "books"),
                        {"title": f"Book {n}", "n": n, "half": n / 2, "read": n % 2 == 0})

    def ask(self, sql, **more):
        return self.api.post(f"{SPACE}/sql", {"sql": sql, **more})

    def refused(self, sql, status=400, **more):
        answer = self.api.ask("POST", f"{SPACE}/sql", json_body={"sql": sql, **more})
        self.assertEqual(answer.status, status, sql)
        return answer.json["why"]

    def test_a_select_over_a_collection(self):
        answer = self.ask("SELECT id, title, half FROM books WHERE n >= ? AND read = ? ORDER BY n",
                          values=[16, True])
        self.assertEqual(answer, {"columns": ["id", "title", "half"], "more": False,
                                  "rows": [["b16", "Book 16", 8.0], ["b18", "Book 18", 9.0]]})

    def test_what_sql_can_do(self):
        rows = [
            ("SELECT count(*), avg(n), max(title) FROM books", [[20, 9.5, "Book 9"]]),
            ("WITH x(n) AS (SELECT n FROM books WHERE n < 3) SELECT sum(n) FROM x", [[3]]),
            ("WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM c WHERE x<5) "
             "SELECT max(x) FROM c", [[5]]),
            ("SELECT a.n FROM books a JOIN books b ON b.n = a.n + 19", [[0]]),
            ("SELECT e.value FROM books, json_each(json_array(n)) e WHERE n = 7", [[7]]),
            ("SELECT NULL, x'00ff', 1e999, 'ä'", [[None, {"hex": "00ff"}, None, "ä"]]),
            ("SELECT json_extract(value, '$.title') FROM lanyard_records WHERE key = 'b03'",
             [["Book 3"]]),
            ("VALUES (1), (2);", [[1], [2]]),
        ]
        for sql, wanted in rows:
            with self.subTest(sql):
                self.assertEqual(self.ask(sql)["rows"], wanted)

    def test_limits_of_rows(self):
        some = self.ask("SELECT n FROM books ORDER BY n", limit=5)
        self.assertEqual((len(some["rows"]), some["more"]), (5, True))
        exactly = self.ask("SELECT n FROM books", limit=20)
        self.assertEqual((len(exactly["rows"]), exactly["more"]), (20, False))

    def test_it_only_reads_and_only_what_a_reader_may(self):
        changes = self.api.get(SPACE)["changes"]
        for sql in ("DELETE FROM lanyard_records", "DROP VIEW books", "CREATE TABLE x(y)",
                    "CREATE TEMP TABLE x(y)", "INSERT INTO books VALUES (1)",
                    "UPDATE lanyard_records SET value = 'x'", "ATTACH 'x.db' AS x", "VACUUM",
                    "VACUUM INTO '/tmp/x'", "PRAGMA query_only=OFF", "PRAGMA user_version",
                    "BEGIN", "SELECT 1; SELECT 2", "SELECT 1; DROP VIEW books", "", "  -- nothing",
                    "SELECT * FROM lanyard_grants", "SELECT * FROM lanyard_logs",
                    "SELECT dots FROM lanyard_records", "SELECT * FROM lanyard_records",
                    "SELECT * FROM sqlite_schema", "SELECT sql FROM sqlite_master",
                    "SELECT * FROM (SELECT * FROM lanyard_log)",
                    "WITH books AS (SELECT * FROM lanyard_trash) SELECT * FROM books",
                    "SELECT (SELECT body FROM lanyard_log LIMIT 1)",
                    "SELECT * FROM pragma_database_list", "SELECT * FROM dbstat",
                    "SELECT load_extension('x')", "SELECT * FROM nowhere", "SELEC 1",
                    "SELECT fts3_tokenizer('simple')", "SELECT readfile('/etc/passwd')"):
            with self.subTest(sql):
                self.refused(sql)
        self.refused("SELECT ?")
        self.refused("SELECT 1", values=[1])
        self.refused("SELECT ?", values=[{"a": 1}])
        self.refused("SELECT 1", timeLimitMs=6000)
        self.refused("SELECT 1", limit=0)
        self.assertEqual(self.api.get(SPACE)["changes"], changes)
        self.assertEqual(self.ask("SELECT count(*) FROM books")["rows"], [[20]])

    def test_a_long_one_is_ended_and_nobody_waits_for_it(self):
        endless = ("WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM c) "
                   "SELECT count(*) FROM c")
        said = []
        asking = threading.Thread(
            target=lambda: said.append(self.refused(endless, 504, timeLimitMs=5000)))
        asking.start()
        answered = 0
        while asking.is_alive():
            self.api.get("/v1/spaces")
            answered += 1
        asking.join()
        self.assertIn("longer than 5000 ms", said[0])
        # One or two could come before it, one wait for it, and one come before its thread ends.
        self.assertGreater(answered, 4)
        self.refused("SELECT length(group_concat(hex(zeroblob(1000000)))) FROM books")

    def test_a_token_asks_only_its_spaces(self):
        self.device.ok("space", "create", "apart")
        other = self.device.api("--space", "apart", described=self.api.described)
        with self.assertRaises(ApiError) as refused:
            other.post(f"{SPACE}/sql", {"sql": "SELECT 1"})
        self.assertEqual(refused.exception.answer.status, 404)

    def test_at_the_command_line(self):
        said = self.device.ok("sql", "default", "SELECT id, n FROM books WHERE n < ? ORDER BY n",
                              "--value", "2")
        self.assertEqual([line.split() for line in said.splitlines()],
                         [["id", "n"], ["b00", "0"], ["b01", "1"]])
        said = json.loads(self.device.ok("--json", "sql", "default", "SELECT count(*) FROM books"))
        self.assertEqual((said["schema"], said["rows"]), ("lanyard.sql/1", [[20]]))
        wrong = self.device.run("sql", "default", "SELECT * FROM nowhere")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("no such table: nowhere", wrong.stderr)


class History(ApiTest):
    def test_what_was_done_to_a_record(self):
        path = record_path("h1")
        self.api.put(path, {"title": "One", "n": 1})
        self.api.ask("PATCH", path, json_body={"title": "Two", "n": None})
        ops = [{"op": "add", "collection": "tasks", "key": "h1", "value": {"visits": 2}},
               {"op": "set-add", "collection": "tasks", "key": "h1", "value": {"tags": ["a"]}},
               {"op": "put", "collection": "tasks", "key": "other", "value": {"x": 1}}]
        self.api.post(f"{SPACE}/changes", {"ops": ops})
        self.api.ask("DELETE", path)
        page = self.api.get(f"{path}/history")
        self.assertIsNone(page["cursor"])
        done = [[(op["op"], op["value"]) for op in each["ops"]] for each in page["history"]]
        self.assertEqual(done, [
            [("delete", None)],
            [("add", {"visits": 2}), ("set-add", {"tags": ["a"]})],
            [("unset", ["n"]), ("patch", {"title": "Two"})],
            [("put", {"title": "One", "n": 1})]])
        seqs = [each["change"]["seq"] for each in page["history"]]
        self.assertEqual(seqs, sorted(seqs, reverse=True))
        self.assertEqual({each["deviceName"] for each in page["history"]}, {self.device.name})

    def test_it_comes_in_pages(self):
        path = record_path("paged", "pages")
        for n in range(25):
            self.api.put(path, {"n": n})
            self.api.put(record_path(f"between-{n}", "pages"), {"n": n})
        seen, cursor = [], ""
        while cursor is not None:
            page = self.api.get(f"{path}/history?limit=4" + (f"&cursor={cursor}" if cursor else ""))
            self.assertLessEqual(len(page["history"]), 4)
            seen += [each["ops"][0]["value"]["n"] for each in page["history"]]
            cursor = page["cursor"]
        self.assertEqual(seen, list(range(24, -1, -1)))
        self.assertEqual(self.api.get(f"{record_path('never')}/history"),
                         {"history": [], "cursor": None})
        for wrong in ("x", "-1", "99999999999999999999"):
            self.assertEqual(self.api.ask("GET", f"{path}/history?cursor={wrong}").status, 400)

    def test_a_value_that_went_in_parts(self):
        path = record_path("large", "pages")
        text = "ä" * 400_000
        self.api.put(path, {"text": text})
        entry = self.api.get(f"{path}/history")["history"][0]
        self.assertEqual(entry["ops"], [{"op": "put", "value": {"text": text}}])

    def test_after_the_log_was_folded_and_started_again(self):
        path = record_path("folded", "pages")
        for n in range(3):
            self.api.put(path, {"n": n})
        for n in range(600):
            self.api.put(record_path(f"fill-{n}", "fill"), {"n": n})
        self.device.stop()
        self.device.start()
        self.api.port = self.device.info["apiPort"]
        values = [each["ops"][0]["value"]["n"]
                  for each in self.api.get(f"{path}/history")["history"]]
        self.assertEqual(values, [2, 1, 0])

    def test_another_device_is_named(self):
        other = ApiDevice("writer")
        self.addCleanup(other.close)
        other.start()
        make_known(self.device, other)
        self.device.ok("space", "create", "together")
        self.device.ok("space", "share", "together", "writer")
        mine = self.device.api("--space", "together", "--write", described=self.api.described)
        wait_until("the space comes", lambda: "together" in other.ok("space", "list"))
        theirs = other.api("--space", "together", "--write", described=self.api.described)
        path = record_path("r", "pages", "together")
        mine.put(path, {"by": "mine"})
        wait_until("the record comes", lambda: theirs.ask("GET", path).status == 200)
        theirs.put(path, {"by": "theirs"})
        wait_until("the answer comes", lambda: mine.get(path)["value"]["by"] == "theirs")
        names = [each["deviceName"] for each in mine.get(f"{path}/history")["history"]]
        self.assertEqual(names, ["writer", self.device.name])
        said = self.device.ok("data", "history", "together", "pages", "r").splitlines()
        self.assertEqual([line.split("\t")[1:] for line in said],
                         [["writer", "put", '{"by":"theirs"}'],
                          [self.device.name, "put", '{"by":"mine"}']])


class Indexes(ApiTest):
    def indexes(self, collection="cars"):
        return [each["field"] for each in
                self.api.get(f"{SPACE}/collections/{collection}/indexes")["indexes"]]

    def declare(self, field, method="PUT", collection="cars"):
        return self.api.ask(method, f"{SPACE}/collections/{collection}/indexes/{field}")

    def plan(self, collection, rest):
        """How SQLite would go about what the agent asks for a page."""
        with sqlite3.connect(f"file:{self.api.get(SPACE)['file']}?mode=ro", uri=True) as file:
            number, = file.execute("SELECT number FROM lanyard_collections WHERE name = ?",
                                   (collection,)).fetchone()
            return str(file.execute(f"EXPLAIN QUERY PLAN SELECT key FROM lanyard_records WHERE "
                                    f"collection={number} AND value IS NOT NULL {rest}").fetchall())

    def answers(self):
        path = f"{SPACE}/collections/cars/records"
        questions = ("?order=speed&limit=1000", "?order=-speed&limit=7",
                     '?where={"speed":{"ge":90}}', '?where={"speed":13}', '?where={"speed":"fast"}',
                     '?where={"speed":{"in":[1,"fast",null]}}', '?where={"speed":null}',
                     '?where={"speed":{"ne":5}}&limit=1000', '?where={"make":{"prefix":"M3"}}')
        return [self.api.get(path + question)["records"] for question in questions]

    def test_an_index_changes_nothing_but_time(self):
        self.assertEqual(self.declare("make").status, 200)  # before there is such a collection
        speeds = [n if n % 7 else "fast" for n in range(100)] + [None, 3.5, True, [1]]
        lines = "".join(json.dumps({"op": "put", "collection": "cars", "key": f"c{n:03}",
                                    "value": {"speed": speed, "make": f"M{n}"}}) + "\n"
                        for n, speed in enumerate(speeds))
        self.api.ask("POST", f"{SPACE}/changes", lines.encode(),
                     headers={"Content-Type": "application/x-ndjson"})
        before, changes = self.answers(), self.api.get(SPACE)["changes"]
        self.assertEqual(self.declare("speed").status, 200)
        self.assertEqual(self.indexes(), ["make", "speed"])
        self.assertEqual(self.answers(), before)
        self.assertEqual(self.api.get(SPACE)["changes"], changes)  # nothing that others hear of
        plan = self.plan("cars", "ORDER BY json_extract(value,'$.\"speed\"'),key LIMIT 50")
        self.assertIn("lanyard_by_", plan)
        self.assertNotIn("TEMP B-TREE", plan)
        self.device.stop()
        self.device.start()
        self.api.port = self.device.info["apiPort"]
        self.assertEqual(self.indexes(), ["make", "speed"])
        self.assertEqual(self.declare("speed", "DELETE").json, {"indexes": [{"field": "make"}]})
        self.assertEqual(self.answers(), before)
        self.assertIn("ok", self.device.ok("check", "default", "--rebuild"))

    def test_what_cannot_be_declared(self):
        for field in ("id", "a%22b", "a%5Cb", "a%0Ab"):
            self.assertEqual(self.declare(field).status, 400, field)
        for n in range(16):
            self.assertEqual(self.declare(f"f{n}", collection="many").status, 200)
        self.assertEqual(self.declare("f3", collection="many").status, 200)  # it is there
        self.assertEqual(self.declare("f16", collection="many").status, 413)
        reader = self.device.api("--space", "default", described=self.api.described)
        self.assertEqual(reader.ask("PUT", f"{SPACE}/collections/cars/indexes/x").status, 403)
        self.assertEqual(self.declare("it's", collection="odd").status, 200)
        self.api.put(record_path("o", "odd"), {"it's": 1})
        self.assertEqual(len(self.api.get(
            f"{SPACE}/collections/odd/records?order=it's")["records"]), 1)


if __name__ == "__main__":
    unittest.main()
