#!/usr/bin/env python3
"""The local API of a real agent: records, changes, conflicts, spaces; as openapi.json has it."""

import json
import unittest
from urllib.parse import quote

from api import Api
from api_device import RECORDS, ApiDevice, ApiTest, record_path
from lanyard_process import make_known, wait_until


class Records(ApiTest):
    def test_a_record_is_put_read_patched_and_deleted(self):
        path = record_path("t1")
        put = self.api.ask("PUT", path, json_body={"title": "Buy milk", "n": 1})
        self.assertEqual(put.status, 200)
        self.assertEqual(put.json["value"], {"title": "Buy milk", "n": 1})
        self.assertEqual(put.headers["etag"], f'"{put.json["version"]}"')
        got = self.api.ask("GET", path)
        self.assertEqual(got.json["value"], {"n": 1, "title": "Buy milk"})
        self.assertEqual(got.headers["etag"], f'"{got.json["version"]}"')
        patched = self.api.call("PATCH", path, {"n": None, "done": True})
        self.assertEqual(patched["value"], {"title": "Buy milk", "done": True})
        merged = self.api.call("PATCH", path, {"done": False},
                               headers={"Content-Type": "application/merge-patch+json"})
        self.assertEqual(merged["value"]["done"], False)
        gone = self.api.call("DELETE", path)
        self.assertIsNone(gone["value"])
        self.assertEqual(self.api.ask("GET", path).status, 404)

    def test_names_and_keys_may_be_anything_that_a_url_can_say(self):
        for key in ("a/b", "a b", "ä€😀", "..%2f", "%", "?x=1", "#", "a" * 512, "-", "\u202e"):
            with self.subTest(key=key):
                stored = self.api.put(record_path(key, "odd keys/ä".replace("/", "%2F")
                                                  .replace(" ", "%20").replace("ä", "%C3%A4")),
                                      {"k": 1})
                self.assertEqual(stored["key"], key)
        self.assertEqual(self.api.ask("PUT", record_path("a" * 513), json_body={}).status, 413)

    def test_a_writer_that_had_read_less_leaves_what_it_never_saw(self):
        path = record_path("based")
        first = self.api.put(path, {"a": 1})
        self.api.call("PATCH", path, {"a": 2})
        self.api.put(f"{path}?basedOn={first['version']}", {"a": 3})
        inbox = self.api.get("/v1/spaces/default/conflicts")["conflicts"]
        mine = [each for each in inbox if each["key"] == "based"]
        self.assertEqual(sorted(s["value"] for s in mine[0]["siblings"]), [2, 3])
        self.assertEqual([s["shown"] for s in mine[0]["siblings"]], [True, False])
        one = self.api.get(f"/v1/spaces/default/conflicts/{mine[0]['id']}")
        base = one.pop("base")
        self.assertEqual(one, mine[0])
        self.assertEqual((base["value"], base["device"]), (1, one["siblings"][0]["device"]))

    def test_a_delete_with_unseen_edits_changes_nothing(self):
        path = record_path("kept")
        first = self.api.put(path, {"a": 1})
        self.api.put(path, {"a": 2})
        refused = self.api.ask("DELETE", f"{path}?basedOn={first['version']}")
        self.assertEqual(refused.status, 409)
        self.assertEqual(refused.headers["etag"], self.api.ask("GET", path).headers["etag"])
        self.assertEqual(self.api.get(path)["value"], {"a": 2})
        self.api.call("DELETE", f"{path}?basedOn={refused.headers['etag'].strip(chr(34))}")

    def test_a_write_on_the_condition_of_a_version(self):
        path = record_path("condition")
        only_new = {"If-None-Match": "*"}
        first = self.api.ask("PUT", path, json_body={"a": 1}, headers=only_new)
        self.assertEqual(first.status, 200)
        taken = self.api.ask("PUT", path, json_body={"a": 0}, headers=only_new)
        self.assertEqual(taken.status, 412)
        match = {"If-Match": first.headers["etag"]}
        second = self.api.ask("PUT", path, json_body={"a": 2}, headers=match)
        self.assertEqual(second.status, 200)
        for method, body in (("PUT", {"a": 3}), ("PATCH", {"a": 3}), ("DELETE", None)):
            refused = self.api.ask(method, path, json_body=body, headers=match)
            self.assertEqual(refused.status, 412)
            self.assertEqual(refused.headers["etag"], self.api.ask("GET", path).headers["etag"])
        self.assertEqual(self.api.get(path)["value"], {"a": 2})
        gone = self.api.ask("DELETE", path, headers={"If-Match": second.headers["etag"]})
        self.assertEqual(gone.status, 200)

    def test_a_patch_merges_at_any_depth(self):
        path = record_path("deep")
        self.api.put(path, {"settings": {"theme": "dark", "size": 3, "x": {"y": 1}}, "n": 1})
        patched = self.api.call("PATCH", path, {"settings": {"size": None, "x": {"z": 2}}})
        self.assertEqual(patched["value"],
                         {"settings": {"theme": "dark", "x": {"y": 1, "z": 2}}, "n": 1})

    def test_one_mutation_is_written_once(self):
        change = {"mutationId": "m1", "ops": [
            {"op": "add", "collection": "m", "key": "k", "value": {"n": 5}}]}
        first = self.api.post("/v1/spaces/default/changes", change)
        again = self.api.post("/v1/spaces/default/changes", change)
        self.assertEqual((first["repeated"], again["repeated"]), (False, True))
        self.assertEqual(first["change"], again["change"])
        self.assertEqual(self.api.get(record_path("k", "m"))["value"], {"n": 5})
        other = {"mutationId": "m1", "ops": [
            {"op": "add", "collection": "m", "key": "k", "value": {"n": 6}}]}
        self.assertEqual(self.api.ask("POST", "/v1/spaces/default/changes",
                                      json_body=other).status, 409)
        self.device.kill()
        self.device.start()
        type(self).api.port = self.device.info["apiPort"]
        self.assertTrue(self.api.post("/v1/spaces/default/changes", change)["repeated"])
        elsewhere = self.device.api("--space", "default", "--write")
        self.assertEqual(self.api.get(record_path("k", "m"))["value"], {"n": 5})
        self.assertTrue(elsewhere.post("/v1/spaces/default/changes", change)["repeated"])
        for bad in ("", "x" * 257):
            self.assertEqual(self.api.ask("POST", "/v1/spaces/default/changes",
                                          json_body={**change, "mutationId": bad}).status, 400)

    def test_queries_pages_counts_and_lines(self):
        ops = [{"op": "put", "collection": "q", "key": f"k{i:03}",
                "value": {"chatId": f"c{i % 3}", "at": i}} for i in range(250)]
        done = self.api.post("/v1/spaces/default/changes", {"ops": ops})
        self.assertEqual((done["applied"], done["repeated"]), (250, False))
        base = RECORDS.format("default", "q")
        where = quote(json.dumps({"chatId": "c1", "at": {"gt": 100}}))
        page = self.api.get(f"{base}?where={where}&order=-at&limit=10")
        self.assertEqual([r["value"]["at"] for r in page["records"]],
                         [i for i in range(249, 100, -1) if i % 3 == 1][:10])
        keys, cursor = [], ""
        while cursor is not None:
            page = self.api.get(f"{base}?limit=99&cursor={cursor}")
            keys += [r["key"] for r in page["records"]]
            cursor = page["cursor"]
        self.assertEqual(keys, [f"k{i:03}" for i in range(250)])
        count = self.api.get(f"/v1/spaces/default/collections/q/count?where={where}")
        self.assertEqual(count, {"count": len([i for i in range(101, 250) if i % 3 == 1])})
        before = self.api.get("/v1/status")["lastExportMs"]
        lines = self.api.ask("GET", base, headers={"Accept": "application/x-ndjson"}).lines
        wait_until("the export is remembered",
                   lambda: self.api.get("/v1/status")["lastExportMs"] > before)
        self.assertEqual([r["key"] for r in lines], keys)
        some = self.api.ask("GET", f"{base}?limit=7", headers={"Accept": "application/x-ndjson"})
        self.assertEqual(len(some.lines), 7)

    def test_every_op_in_one_change(self):
        ops = [{"op": "put", "collection": "o", "key": "a", "value": {"n": 1, "x": [1]}},
               {"op": "patch", "collection": "o", "key": "a", "value": {"x": None, "y": 2}},
               {"op": "add", "collection": "o", "key": "count", "value": {"seen": 5}},
               {"op": "set-add", "collection": "o", "key": "set", "value": {"tags": ["b", "a"]}},
               {"op": "set-remove", "collection": "o", "key": "set", "value": {"tags": ["b"]}},
               {"op": "put", "collection": "o", "key": "gone", "value": {}},
               {"op": "delete", "collection": "o", "key": "gone"}]
        self.api.post("/v1/spaces/default/changes", {"ops": ops})
        self.assertEqual(self.api.get(record_path("a", "o"))["value"], {"n": 1, "y": 2})
        self.assertEqual(self.api.get(record_path("count", "o"))["value"], {"seen": 5})
        self.assertEqual(self.api.get(record_path("set", "o"))["value"], {"tags": ["a"]})
        self.assertEqual(self.api.ask("GET", record_path("gone", "o")).status, 404)

    def test_a_change_is_all_or_nothing(self):
        ops = [{"op": "put", "collection": "all", "key": "a", "value": {}},
               {"op": "delete", "collection": "all", "key": "never-was"}]
        self.assertEqual(self.api.ask("POST", "/v1/spaces/default/changes",
                                      json_body={"ops": ops}).status, 404)
        self.assertEqual(self.api.ask("GET", record_path("a", "all")).status, 404)

    def test_what_the_api_writes_the_command_line_reads_and_the_other_way(self):
        self.api.put(record_path("from-api"), {"by": "api"})
        self.assertEqual(json.loads(self.device.ok("data", "get", "default", "tasks", "from-api",
                                                   "--json"))["value"], {"by": "api"})
        self.device.ok("data", "put", "default", "tasks", "from-cli", '{"by":"cli"}')
        self.assertEqual(self.api.get(record_path("from-cli"))["value"], {"by": "cli"})


class Bulk(ApiTest):
    def send(self, lines, **headers):
        return self.api.ask("POST", "/v1/spaces/default/changes", "".join(lines).encode(),
                            headers={"Content-Type": "application/x-ndjson", **headers})

    @staticmethod
    def line(collection, key, **value):
        return json.dumps({"op": "put", "collection": collection, "key": key,
                           "value": value}) + "\n"

    def test_lines_are_committed_and_the_last_is_acknowledged(self):
        done = self.send(self.line("many", f"k{i}", n=i) for i in range(2500)).json
        self.assertEqual(done["applied"], 2500)
        self.assertEqual(self.api.get("/v1/spaces/default/collections/many/count"),
                         {"count": 2500})

    def test_progress_is_told_where_it_is_wanted(self):
        heard = self.send((self.line("progress", f"k{i}") for i in range(2500)),
                          Accept="application/x-ndjson").lines
        self.assertEqual([each["applied"] for each in heard], [1000, 2000, 2500])

    def test_a_bad_line_ends_it_and_says_which_and_what_is_stored(self):
        lines = [self.line("bad", f"k{i}") for i in range(1500)]
        lines[1200] = '{"op":"nonsense"}\n'
        refused = self.send(lines)
        self.assertEqual(refused.status, 400)
        self.assertIn("line 1201", refused.json["why"])
        self.assertIn("up to line 1000", refused.json["fix"])
        self.assertEqual(self.api.get("/v1/spaces/default/collections/bad/count"), {"count": 1000})

    def test_lines_of_any_length_are_committed_by_what_a_change_holds(self):
        lengths = {"1 KB": [1040] * 2500, "9 KB": [9000] * 300, "250 KB": [250_000] * 12,
                   "a mix": [10 ** (n % 6) * 2 for n in range(700)]}
        for name, sizes in lengths.items():
            with self.subTest(name):
                heard = self.send([self.line(f"long {name}", f"k{n}", text="x" * size)
                                   for n, size in enumerate(sizes)],
                                  Accept="application/x-ndjson").lines
                applied = [each["applied"] for each in heard]
                self.assertEqual((applied[-1], applied), (len(sizes), sorted(set(applied))))
                self.assertLessEqual(applied[0], 1000)
                self.assertEqual(self.api.get(f"/v1/spaces/default/collections/long%20{name}/count"
                                              .replace(" ", "%20")), {"count": len(sizes)})

    def test_patches_that_come_to_more_than_a_change_with_what_is_there(self):
        """And each stands once where they are sent again."""
        large = {"text": "y" * 200_000}
        self.send([self.line("grown", f"k{n}", value=large) for n in range(20)])
        lines = [json.dumps({"op": op, "collection": "grown", "key": f"k{n}",
                             "value": value}) + "\n"
                 for n in range(20) for op, value in (("patch", {"value": {"n": n}}),
                                                      ("add", {"visits": 1}))]
        path = "/v1/spaces/default/changes?mutationId=grown"
        for is_repeated in (False, True):
            answer = self.api.ask("POST", path, "".join(lines).encode(),
                                  headers={"Content-Type": "application/x-ndjson"})
            self.assertEqual((answer.status, answer.json.get("applied"),
                              answer.json.get("repeated")), (200, 40, is_repeated))
        for n in (0, 19):
            self.assertEqual(self.api.get(record_path(f"k{n}", "grown"))["value"],
                             {"value": {**large, "n": n}, "visits": 1})

    def test_the_line_of_an_op_that_cannot_be_written_is_named(self):
        lines = [self.line("named", f"k{n}") for n in range(50)]
        lines[30] = '{"op":"delete","collection":"named","key":"never"}\n'
        refused = self.send(lines)
        self.assertEqual(refused.status, 404)
        self.assertIn("line 31:", refused.json["why"])
        self.assertIn("up to line 30 ", refused.json["fix"])
        self.assertEqual(self.api.get("/v1/spaces/default/collections/named/count"), {"count": 30})
        too_large = self.send([self.line("named", "a"), self.line("named", "b", **{"x" * 257: 1})])
        self.assertEqual(too_large.status, 413)
        self.assertIn("line 2:", too_large.json["why"])

    def test_lines_that_are_sent_again_are_written_once(self):
        lines = [json.dumps({"op": "add", "collection": "again", "key": f"k{i}",
                             "value": {"n": 1}}) + "\n" for i in range(1500)]
        path = "/v1/spaces/default/changes?mutationId=import-7"
        heard = [self.api.ask("POST", path, "".join(part).encode(),
                              headers={"Content-Type": "application/x-ndjson"}).json
                 for part in (lines[:1000], lines, lines)]
        self.assertEqual([each["repeated"] for each in heard], [False, False, True])
        self.assertEqual(self.api.get(record_path("k999", "again"))["value"], {"n": 1})
        self.assertEqual(self.api.get(record_path("k1499", "again"))["value"], {"n": 1})

    def test_odd_ends_of_lines(self):
        body = self.line("ends", "a").replace("\n", "\r\n") + "\n  \n" + self.line("ends", "b")[:-1]
        self.assertEqual(self.send([body]).json["applied"], 2)
        self.assertEqual(self.send(["\n\n"]).status, 400)
        self.assertEqual(self.send(["x" * (8 * 1024 * 1024 + 200_000)]).status, 413)

    def test_without_the_right_nothing_is_taken(self):
        reader = self.device.api("--space", "default")
        refused = reader.ask("POST", "/v1/spaces/default/changes", self.line("r", "k").encode(),
                             headers={"Content-Type": "application/x-ndjson"})
        self.assertEqual(refused.status, 403)


class Tokens(ApiTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.device.ok("space", "create", "secret")

    def test_what_a_token_does_not_name_is_not_there_for_it(self):
        absent = self.api.ask("GET", "/v1/spaces/no-such-space")
        hidden = self.api.ask("GET", "/v1/spaces/secret")
        self.assertEqual((absent.status, hidden.status), (404, 404))
        self.assertEqual(absent.body.replace(b"no-such-space", b"secret"), hidden.body)
        self.assertEqual([s["name"] for s in self.api.get("/v1/spaces")["spaces"]], ["default"])
        self.assertEqual([s["name"] for s in self.api.get("/v1/status")["spaces"]], ["default"])
        self.assertEqual(self.api.ask("POST", "/v1/spaces", json_body={"name": "x"}).status, 403)

    def test_a_reader_reads(self):
        reader = self.device.api("--space", "default")
        self.api.put(record_path("shown"), {"a": 1})
        self.assertEqual(reader.get(record_path("shown"))["value"], {"a": 1})
        for method, body in (("PUT", {}), ("PATCH", {}), ("DELETE", None)):
            self.assertEqual(reader.ask(method, record_path("shown"), json_body=body).status, 403)
        self.assertEqual(self.api.get(record_path("shown"))["value"], {"a": 1})

    def test_a_revoked_token_is_refused_at_once(self):
        once = self.device.api("--space", "default")
        once.get("/v1/spaces")
        ids = json.loads(self.device.ok("token", "list", "--json"))["tokens"]
        self.device.ok("token", "revoke", ids[-1]["id"], "--yes")
        self.assertEqual(once.ask("GET", "/v1/spaces").status, 401)

    def test_a_token_of_a_page_is_good_for_that_page_alone(self):
        page = self.device.api("--space", "default", origin="http://app.test:5173")
        heard = page.ask("GET", "/v1/spaces")
        self.assertEqual(heard.headers["access-control-allow-origin"], "http://app.test:5173")
        for origin, status in ((None, 401), ("http://other.test", 403), ("null", 403)):
            stolen = Api(page.port, page.token, described=page.described, origin=origin)
            self.assertEqual(stolen.ask("GET", "/v1/spaces").status, status)
        script = Api(self.api.port, self.api.token, described=page.described,
                     origin="http://app.test:5173")
        self.assertEqual(script.ask("GET", "/v1/spaces").status, 401)

    def test_managing_spaces(self):
        manager = self.device.api("--manage", "--all-spaces", "--write")
        made = manager.call("POST", "/v1/spaces", {"name": "made"})
        self.assertEqual(made["name"], "made")
        self.assertEqual(manager.ask("POST", "/v1/spaces", json_body={"name": "made"}).status, 409)
        manager.put(record_path("k", "c", "made"), {"a": 1})
        self.assertEqual(manager.get("/v1/spaces/made?hash=true")["records"], 1)
        self.device.ok("space", "create", "by-cli")
        manager.put(record_path("k", "c", "by-cli"), {"a": 1})
        self.assertEqual(manager.ask("DELETE", "/v1/spaces/default").status, 403)
        manager.call("DELETE", "/v1/spaces/made?copy=remove-even-if-alone")
        self.assertEqual(manager.ask("GET", record_path("k", "c", "made")).status, 404)
        manager.call("POST", "/v1/spaces", {"name": "made"})
        self.assertEqual(manager.ask("GET", record_path("k", "c", "made")).status, 404)


class TwoDevices(unittest.TestCase):
    def setUp(self):
        self.devices = [ApiDevice("laptop"), ApiDevice("desktop")]
        for device in self.devices:
            self.addCleanup(device.close)
            device.start()

    def test_edits_made_apart_are_both_there_afterwards(self):
        laptop, desktop = self.devices
        laptop.ok("space", "create", "notes")
        make_known(laptop, desktop)
        laptop.ok("space", "share", "notes", "desktop")
        apis = []
        for device in self.devices:
            wait_until("the space is here",
                       lambda device=device: "notes" in device.ok("space", "list"))
            apis.append(device.api("--space", "notes", "--write"))
        here, there = apis
        path = record_path("n1", "notes", "notes")
        here.put(path, {"text": "first"})
        wait_until("it is there", lambda: there.ask("GET", path).status == 200)
        desktop.stop()
        here.call("PATCH", path, {"text": "laptop"})
        here.put(record_path("n2", "notes", "notes"), {"text": "only here"})
        laptop.stop()
        desktop.start()
        there.port = desktop.info["apiPort"]
        there.call("PATCH", path, {"text": "desktop"})
        laptop.start()
        here.port = laptop.info["apiPort"]
        make_known(laptop, desktop)  # ports are others after a start
        for api in (here, there):
            wait_until("both edits are there", lambda api=api: [
                sorted(s["value"] for s in c["siblings"])
                for c in api.get("/v1/spaces/notes/conflicts")["conflicts"]] ==
                [["desktop", "laptop"]])
            self.assertEqual(api.get(record_path("n2", "notes", "notes"))["value"],
                             {"text": "only here"})
            inbox = api.get("/v1/spaces/notes/conflicts")["conflicts"]
            base = api.get(f"/v1/spaces/notes/conflicts/{inbox[0]['id']}")["base"]
            self.assertEqual((base["value"], base["deviceName"]), ("first", "laptop"))
        report = here.post("/v1/sync?waitMs=60000")
        self.assertTrue(report["inStep"])
        self.assertEqual([(d["name"], d["linked"], d["notYetThere"]) for d in report["devices"]],
                         [("desktop", True, 0)])
        # Who wrote nothing since, too.
        self.assertTrue(there.post("/v1/sync?waitMs=60000")["inStep"])
        done = here.post("/v1/spaces/notes/conflicts", {"all": True, "resolve": "remote"})
        self.assertEqual([each["value"] for each in done["resolved"]], ["desktop"])
        for api in (here, there):
            wait_until("settled", lambda api=api:
                       api.get("/v1/spaces/notes/conflicts") ==
                       {"conflicts": [], "more": False})
            self.assertEqual(api.get(path)["value"], {"text": "desktop"})
        undo = f"/v1/spaces/notes/conflicts/{done['resolved'][0]['id']}/undo"
        self.assertEqual(there.ask("POST", undo).status, 404)  # it was not resolved there
        self.assertEqual(sorted(here.post(undo)["siblings"]), ["desktop", "laptop"])
        for api in (here, there):
            wait_until("both are siblings again", lambda api=api: [
                sorted(s["value"] for s in c["siblings"])
                for c in api.get("/v1/spaces/notes/conflicts")["conflicts"]] ==
                [["desktop", "laptop"]])
        self.assertEqual(here.ask("POST", undo).status, 404)


if __name__ == "__main__":
    unittest.main(verbosity=2)
