#!/usr/bin/env python3
"""What clients send that nobody thought of here: other spellings of the same request, numbers and
documents as JavaScript writes them, conditions as RFC 9110 has them, values for counters."""

import gzip
import http.client
import json
import unittest

from api import Api
from api_device import RECORDS, ApiTest, record_path
from compat_device import PAGE, RangerplexDevice
from web_socket import Line

CHANGES = "/v1/spaces/default/changes"
#: An op of a batch, as a line.
LINE = json.dumps({"op": "put", "collection": "lines", "key": "k", "value": {"a": 1}}).encode()
BOM = b"\xef\xbb\xbf"


def nested(levels: int, container: str = "[]"):
    """So many arrays or objects in one another."""
    value: object = 1
    for _ in range(levels):
        value = [value] if container == "[]" else {"content": value}
    return value


def listed(levels: int) -> dict:
    """A document of ProseMirror's with a list of so many levels."""
    inside = [{"type": "paragraph", "content": [{"type": "text", "text": "deep"}]}]
    for _ in range(levels):
        inside = [{"type": "bulletList", "content": [{"type": "listItem", "content": inside}]}]
    return {"type": "doc", "content": inside}


class Documents(ApiTest):
    def test_a_rich_text_with_lists_in_lists_is_kept(self):
        for levels in (3, 10, 14):
            path = record_path(f"doc{levels}")
            self.api.put(path, {"doc": listed(levels)})
            self.assertEqual(self.api.get(path)["value"], {"doc": listed(levels)})

    def test_a_value_nests_64_levels_at_every_door_and_no_more(self):
        for container in ("[]", "{}"):
            for levels, is_kept in ((16, True), (17, True), (64, True), (65, False), (640, False)):
                value = {"v": nested(levels, container)}
                with self.subTest(container=container, levels=levels):
                    status = 200 if is_kept else 413
                    path = record_path(f"nested{levels}")
                    self.assertEqual(self.api.ask("PUT", path, json_body=value).status, status)
                    self.assertEqual(self.api.ask("PATCH", path, json_body=value).status, status)
                    op = {"op": "put", "collection": "tasks", "key": "batch", "value": value}
                    batch = self.api.ask("POST", CHANGES, json_body={"ops": [op]})
                    self.assertIn(batch.status, (200,) if is_kept else (400, 413))
                    lines = self.api.ask("POST", CHANGES, json.dumps(op).encode(),
                                         headers={"Content-Type": "application/x-ndjson"})
                    self.assertIn(lines.status, (200,) if is_kept else (400, 413))
                    typed = self.device.run("data", "put", "default", "tasks", "typed",
                                            json.dumps(value))
                    self.assertEqual(typed.returncode == 0, is_kept, typed.stderr)
                    if is_kept:
                        self.assertEqual(self.api.get(path)["value"], value)

    def test_whole_numbers_as_javascript_writes_them(self):
        for written, read in (("9223372036854775807", 9223372036854775807),
                              ("9223372036854775808", 2.0 ** 63),
                              ("18446744073709552000", 2.0 ** 64),
                              ("-18446744073709552000", -2.0 ** 64),
                              ("1000000000000000000000", 1e21)):
            body = b'{"n":%s}' % written.encode()
            with self.subTest(written):
                self.assertEqual(self.api.ask("PUT", record_path("n"), body).status, 200)
                got = self.api.get(record_path("n"))["value"]["n"]
                self.assertEqual((got, type(got)), (read, type(read)))
                found = self.api.get(RECORDS.format("default", "tasks") +
                                     "?where=%7B%22n%22:" + written + "%7D")
                self.assertEqual([r["key"] for r in found["records"]], ["n"])
        beyond = self.api.ask("PUT", record_path("n"), b'{"n":1000000000000000200000}')
        self.assertEqual(beyond.status, 413)


class Conditions(ApiTest):
    """RFC 9110, 13.1 and 13.2."""

    def setUp(self):
        self.path = record_path("conditions")
        self.api.put(self.path, {"a": 1})
        self.old = self.tag()
        self.api.put(self.path, {"a": 2})
        self.now = self.tag()
        self.gone = record_path("not there")

    def tag(self) -> str:
        return self.api.ask("GET", self.path).headers["etag"]

    def status(self, method, path, name, value) -> int:
        body = {"a": 3} if method in ("PUT", "PATCH") else None
        answer = self.api.ask(method, path, json_body=body, headers={name: value})
        if path == self.path and method in ("GET", "HEAD"):
            self.assertEqual(answer.headers["etag"], self.tag())
        return answer.status

    def test_if_match(self):
        rows = (("{now}", True), ("*", True), ('"x", {now}', True), ('{now} ,,"x"', True),
                ("{old}", False), ('"x"', False), ("W/{now}", False), ('"x", {old}', False),
                ('""', False), ('"', False))
        for row, fits in rows:
            for method in ("GET", "HEAD", "PATCH", "PUT", "DELETE"):
                self.setUp()
                value = row.format(now=self.now, old=self.old)
                with self.subTest(row=row, method=method):
                    self.assertEqual(self.status(method, self.path, "If-Match", value),
                                     200 if fits else 412)
        for method in ("PUT", "PATCH"):
            self.assertEqual(self.status(method, self.gone, "If-Match", "*"), 412)

    def test_the_tag_of_a_write_is_that_of_its_record(self):
        written = self.api.ask("PUT", self.path, json_body={"a": 4}).headers["etag"]
        self.assertEqual(self.status("GET", self.path, "If-None-Match", written), 304)
        self.assertEqual(self.status("GET", self.path, "If-Match", written), 200)
        self.api.put(self.path, {"a": 5})
        self.assertEqual(self.status("GET", self.path, "If-None-Match", written), 200)
        self.assertEqual(self.status("GET", self.path, "If-Match", written), 412)

    def test_if_none_match(self):
        self.assertEqual(self.status("GET", self.path, "If-None-Match", self.now), 304)
        self.assertEqual(self.status("HEAD", self.path, "If-None-Match", f"W/{self.now}"), 304)
        self.assertEqual(self.status("GET", self.path, "If-None-Match", f'"x", {self.now}'), 304)
        self.assertEqual(self.status("GET", self.path, "If-None-Match", "*"), 304)
        self.assertEqual(self.status("GET", self.path, "If-None-Match", self.old), 200)
        self.assertEqual(self.status("GET", self.gone, "If-None-Match", "*"), 404)
        for method in ("PUT", "PATCH"):
            for value in (self.now, f"W/{self.now}", "*", f'"x", {self.now}'):
                self.assertEqual(self.status(method, self.path, "If-None-Match", value), 412)
        self.assertEqual(self.status("PUT", self.path, "If-None-Match", self.old), 200)
        self.assertEqual(self.status("PUT", record_path("new"), "If-None-Match", "*"), 200)
        self.assertEqual(self.status("PUT", record_path("new"), "If-None-Match", "*"), 412)


class Spellings(ApiTest):
    def test_a_compressed_body_is_refused_with_its_coding(self):
        body = gzip.compress(b'{"a":1}')
        for coding in ("gzip", "br", "deflate", "zstd"):
            answer = self.api.ask("PUT", record_path("zip"), body,
                                  headers={"Content-Encoding": coding})
            self.assertEqual((answer.status, coding in answer.json["why"]), (415, True))
        plain = self.api.ask("PUT", record_path("zip"), b'{"a":1}',
                             headers={"Content-Encoding": "Identity"})
        self.assertEqual(plain.status, 200)

    def test_lines_go_by_three_names(self):
        for name in ("application/x-ndjson", "application/ndjson", "application/jsonl",
                     "Application/NDJSON; charset=utf-8"):
            sent = self.api.ask("POST", CHANGES, LINE + b"\n", headers={"Content-Type": name})
            self.assertEqual((sent.status, sent.json["applied"]), (200, 1), name)
            told = self.api.ask("GET", RECORDS.format("default", "lines"),
                                headers={"Accept": name + ", */*;q=0.1"})
            self.assertEqual(told.headers["content-type"], name.split(";")[0].lower())
            self.assertEqual([line["key"] for line in told.lines], ["k"])

    def test_a_bearer_in_any_case(self):
        for scheme in ("Bearer", "bearer", "BEARER", "Bearer "):
            token = {"Authorization": f"{scheme} {self.api.token}"}
            self.assertEqual(self.api.ask("GET", "/v1/spaces", headers=token).status, 200)
        for wrong in ("Basic", "Bearerx", ""):
            token = {"Authorization": f"{wrong} {self.api.token}"}
            self.assertEqual(self.api.ask("GET", "/v1/spaces", headers=token).status, 401)

    def test_a_request_that_takes_no_body_takes_an_empty_one(self):
        for body in (None, b"", b"{}", b" {\r\n} ", b"null", BOM + b"{}"):
            self.assertEqual(self.api.ask("POST", "/v1/sync", body).status, 200, body)
        answer = self.api.ask("POST", "/v1/sync", b'{"waitMs":1}')
        self.assertEqual(answer.status, 400)
        self.assertIn("address", answer.json["fix"])

    def test_a_byte_order_mark_is_passed_over_at_every_door(self):
        path = record_path("mark")
        self.assertEqual(self.api.ask("PUT", path, BOM + b'{"a":1}').status, 200)
        self.assertEqual(self.api.ask("PATCH", path, BOM + b'{"b":1}').status, 200)
        batch = BOM + b'{"ops":[' + LINE + b"]}"
        self.assertEqual(self.api.ask("POST", CHANGES, batch).status, 200)
        lines = {"Content-Type": "application/ndjson"}
        self.assertEqual(self.api.ask("POST", CHANGES, BOM + LINE, headers=lines).status, 200)
        with Line(self.api.port) as line:
            line.text("\ufeff" + json.dumps({"type": "auth", "token": self.api.token}))
            line.heard("status")
        self.device.ok("data", "put", "default", "tasks", "mark", '\ufeff{"a":2}')
        self.assertEqual(self.api.get(path)["value"], {"a": 2})

    def test_a_web_socket_with_a_bad_token_is_told_about_tokens(self):
        for token in ("nonsense", "lanyard_" + "A" * 43):
            with Line(self.api.port) as line:
                line.text({"type": "auth", "token": token})
                error = line.heard("error")
                self.assertEqual((error["code"], error["title"]), ("LY-W005", "This needs a token"))
                self.assertIn("lanyard token create", error["fix"])

    def test_headers_of_traces_pass_the_preflight(self):
        self.device.api("--space", "default", origin=PAGE)
        link = http.client.HTTPConnection("127.0.0.1", self.api.port, timeout=60)
        self.addCleanup(link.close)
        link.request("OPTIONS", record_path("x"), headers={
            "Origin": PAGE, "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "traceparent"})
        allowed = {each.strip().lower() for each in
                   link.getresponse().headers["Access-Control-Allow-Headers"].split(",")}
        self.assertLessEqual({"traceparent", "tracestate", "baggage", "sentry-trace",
                              "x-requested-with", "authorization", "content-type"}, allowed)


class Origins(ApiTest):
    SHELLS = ("tauri://localhost", "capacitor://localhost", "app://obsidian.md", "app://.",
              "chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb",
              "vscode-webview://1qh3ab9c0-d", "capacitor://")

    def test_a_shell_or_an_extension_asks_and_is_allowed_exactly(self):
        for origin in self.SHELLS:
            with self.subTest(origin):
                page = Api(self.api.port, described=self.api.described, origin=origin)
                asked = page.post("/v1/apps/requests", {"app": "Shell", "spaces": ["default"]})
                self.device.ok("apps", "allow", asked["request"], "--yes")
                secret = {"Authorization": f"Bearer {asked['secret']}"}
                page.token = page.ask("GET", f"/v1/apps/requests/{asked['request']}",
                                      headers=secret).json["token"]
                answer = page.ask("GET", RECORDS.format("default", "tasks"),
                                  headers={"Sec-Fetch-Site": "none"})
                self.assertEqual(answer.status, 200)
                self.assertEqual(answer.headers["access-control-allow-origin"], origin)
                for near in (origin + "x", origin.upper(), "null"):
                    page.origin = near
                    self.assertEqual(page.ask("GET", "/v1/spaces").status, 403, near)

    def test_what_any_file_or_page_can_have_is_no_origin(self):
        for origin in ("null", "file://", "data://x", "blob://x", "about://blank",
                       "tauri:localhost", "tauri://localhost/", "tauri://a b",
                       "TAURI://localhost"):
            page = Api(self.api.port, described=self.api.described, origin=origin)
            answer = page.ask("POST", "/v1/apps/requests",
                              json_body={"app": "File", "spaces": ["default"]})
            self.assertEqual(answer.status, 403, origin)

    def test_a_page_of_a_file_is_told_what_to_do_instead(self):
        page = Api(self.api.port, described=self.api.described, origin="null")
        answer = page.ask("POST", "/v1/apps/requests",
                          json_body={"app": "File", "spaces": ["default"]})
        self.assertIn("opened from a file", answer.json["why"])
        self.assertIn("http.server", answer.json["fix"])
        self.assertNotIn("apps/requests", answer.json["fix"])


class Kinds(ApiTest):
    """Counters and sets, and clients that know values alone."""

    def setUp(self):
        self.path = record_path("kinds")
        self.api.ask("DELETE", self.path)
        self.change("put", {"title": "t"})
        self.change("add", {"n": 5})
        self.change("set-add", {"tags": ["a", "b"]})

    def change(self, op, value, **more):
        return self.api.post(CHANGES, {"ops": [{"op": op, "collection": "tasks", "key": "kinds",
                                                "value": value, **more}]})

    def value(self):
        return self.api.get(self.path)["value"]

    def check_kinds(self, n: int, tags: list):
        """Shown so, without a conflict, and still a counter and a set."""
        self.assertEqual((self.value()["n"], self.value()["tags"]), (n, tags))
        self.assertEqual(self.api.get("/v1/spaces/default/conflicts")["conflicts"], [])
        self.change("add", {"n": 1})
        self.change("set-add", {"tags": ["z"]})
        self.assertEqual((self.value()["n"], self.value()["tags"]), (n + 1, [*tags, "z"]))

    def test_a_patch_of_a_counter_is_an_add_of_the_difference(self):
        answer = self.api.call("PATCH", self.path, {"n": 9})
        self.assertEqual(answer["value"]["n"], 9)
        self.check_kinds(9, ["a", "b"])

    def test_a_patch_of_a_set_adds_and_removes_what_differs(self):
        answer = self.api.call("PATCH", self.path, {"tags": ["b", "c", "c"], "title": "u"})
        self.assertEqual(answer["value"], {"n": 5, "tags": ["b", "c"], "title": "u"})
        self.check_kinds(5, ["b", "c"])

    def test_a_put_of_what_was_read_changes_nothing(self):
        read = self.api.get(self.path)
        answer = self.api.put(f"{self.path}?basedOn={read['version']}", read["value"])
        self.assertEqual(answer["value"], read["value"])
        self.check_kinds(5, ["a", "b"])

    def test_a_put_leaves_those_that_it_does_not_name(self):
        answer = self.api.put(self.path, {"title": "new"})
        self.assertEqual(answer["value"], {"n": 5, "tags": ["a", "b"], "title": "new"})
        self.check_kinds(5, ["a", "b"])

    def test_a_put_sets_them(self):
        self.api.put(self.path, {"n": -1, "tags": ["q"]})
        self.check_kinds(-1, ["q"])

    def test_null_empties_a_set(self):
        self.assertNotIn("tags", self.api.call("PATCH", self.path, {"tags": None})["value"])

    def test_what_neither_can_be_is_refused_and_nothing_is_written(self):
        before = self.api.get(self.path)
        for body in ({"n": "nine"}, {"n": 9.5}, {"n": None}, {"n": [1]}, {"tags": "a"},
                     {"tags": {"a": 1}}, {"title": "u", "n": True}):
            answer = self.api.ask("PATCH", self.path, json_body=body)
            self.assertEqual(answer.status, 400, body)
            self.assertRegex(answer.json["why"], "is a (counter|set)")
        self.assertEqual(self.api.get(self.path), before)

    def test_a_difference_to_what_has_changed_since_is_refused(self):
        read = self.api.get(self.path)["version"]
        self.change("add", {"n": 2})
        answer = self.api.ask("PATCH", f"{self.path}?basedOn={read}", json_body={"n": 9})
        self.assertEqual(answer.status, 409)
        self.assertIn("counted on", answer.json["why"])
        self.check_kinds(7, ["a", "b"])

    def test_several_ops_of_one_change(self):
        read = self.api.get(self.path)["version"]
        ops = [{"op": "patch", "value": {"n": 9, "title": None}},
               {"op": "patch", "value": {"n": 12}}, {"op": "add", "value": {"n": 1}}]
        place = {"collection": "tasks", "key": "kinds", "basedOn": read}
        self.api.post(CHANGES, {"ops": [{**each, **place} for each in ops]})
        self.check_kinds(13, ["a", "b"])


class Imports(unittest.TestCase):
    def test_a_large_number_does_not_refuse_an_import(self):
        device = RangerplexDevice()
        self.addCleanup(device.close)
        device.start()
        device.enable()
        client = device.client()
        body = (b'\xef\xbb\xbf{"chats":[{"id":"c","title":"t","createdAt":1,"updatedAt":2,'
                b'"seed":18446744073709552000,"messages":[{"id":"m","text":"x",'
                b'"n":9223372036854775808}]}]}')
        self.assertEqual(client.ask("POST", "/api/import", body)[0], 200)
        chat = client.chat("c")
        self.assertEqual((chat["seed"], chat["messages"][0]["n"]), (2.0 ** 64, 2.0 ** 63))


if __name__ == "__main__":
    unittest.main(verbosity=2)
