#!/usr/bin/env python3
"""The control socket of a real agent: bad input, many writers, pipelines, batches."""

import json
import os
import socket
import threading
import unittest

from lanyard_process import ControlError, Device


class ControlSocket(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.device = Device()
        cls.addClassCleanup(cls.device.close)
        cls.device.start()
        cls.device.ok("space", "create", "s")

    def write(self, control, key, **more):
        return control.call("data.put", space="s", collection="c", key=key, value={"n": 1}, **more)

    def test_only_its_owner_may_open_it(self):
        mode = os.stat(self.device.data / "agent.sock").st_mode
        self.assertEqual(mode & 0o777, 0o600)

    def test_garbage_gets_typed_errors_and_harms_nobody(self):
        rows = [b"hello", b"{", b"[]", b"{}", b'{"id":1}', b'{"id":1,"method":"no.such"}',
                b'{"id":1,"method":"data.put"}', b'{"id":1,"method":"data.put","params":[]}',
                b'{"id":1,"method":"data.put","params":{"space":5}}', b"\xff\xfe\x00", b"null",
                b'{"id":1,"method":"data.get","params":{"space":"s","collection":"c","key":""}}',
                b'{"id":1,"method":"data.query","params":{"space":"s","collection":"c","limit":0}}',
                b'{"id":1,"method":"data.query","params":{"space":"s","collection":"c",'
                b'"where":{"a":{"like":1}}}}',
                b'{"id":1,"method":"data.query","params":{"space":"s","collection":"c",'
                b'"cursor":"x"}}',
                b'{"id":1,"method":"data.put","params":{"space":"s","collection":"","key":"k",'
                b'"value":{}}}',
                b'{"id":1,"method":"data.put","params":{"space":"s","collection":"c","key":"k",'
                b'"value":{},"basedOn":"not a version"}}',
                b'{"id":1,"method":"data.batch","params":{"space":"s","ops":[]}}',
                b'{"id":1,"method":"data.batch","params":{"space":"s","ops":[1]}}',
                b'{"id":1,"method":"device.add","params":{"id":"short"}}',
                b'{"id":1,"method":"conflict.resolve","params":{"id":"c-00000000"}}']
        with self.device.connect() as control:
            for row in rows:
                control.socket.sendall(row + b"\n")
                answer = control.receive()
                self.assertIn("error", answer, row)
                self.assertRegex(answer["error"]["code"], r"^LY-[A-Z]\d{3}$")
                self.assertGreater(answer["error"]["exit"], 0)
            self.write(control, "after-garbage")

    def test_a_patch_merges_objects_unless_it_is_told_not_to(self):
        with self.device.connect() as control:
            name = {"space": "s", "collection": "c", "key": "deep"}
            control.call("data.put", **name, value={"s": {"theme": "light", "size": 12}, "n": 1})
            control.call("data.patch", **name, value={"s": {"theme": "dark", "size": None}})
            value = control.call("data.get", **name)["value"]
            self.assertEqual(value, {"s": {"theme": "dark"}, "n": 1})
            patch = {"op": "patch", "collection": "c", "key": "deep", "value": {"s": {"a": 1}}}
            control.call("data.batch", space="s", ops=[patch, {**patch, "value": {"n": None}}])
            value = control.call("data.get", **name)["value"]
            self.assertEqual(value, {"s": {"theme": "dark", "a": 1}})
            control.call("data.batch", space="s", ops=[{**patch, "deep": False}])
            self.assertEqual(control.call("data.get", **name)["value"], {"s": {"a": 1}})
        self.device.ok("data", "patch", "s", "c", "deep", '{"s":{"b":{"c":null}}}')
        record = self.device.json("data", "get", "s", "c", "deep")
        self.assertEqual(record["value"], {"s": {"a": 1, "b": {}}})

    def test_lines_beyond_8_mib_and_half_lines(self):
        with self.device.connect() as control:
            control.socket.sendall(b"x" * (8 * 1024 * 1024 + 1) + b"\n")
            self.assertEqual(control.receive()["error"]["code"], "LY-D003")
            self.write(control, "after-a-long-line")
            control.socket.sendall(b'{"id":1,"method":"agent.info"')
            control.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(control.lines.read(), b"")

    def test_what_is_answered_is_there_to_read(self):
        with self.device.connect() as control:
            for i in range(50):
                written = self.write(control, f"k{i}")
                read = control.call("data.get", space="s", collection="c", key=f"k{i}")
                self.assertEqual((read["value"], read["version"]), ({"n": 1}, written["version"]))

    def test_a_pipeline_of_requests_and_sixteen_writers(self):
        with self.device.connect() as control:
            sent = {control.send("data.put", space="s", collection="pipe", key=f"k{i}",
                                 value={"n": i}) for i in range(1000)}
            answered = {control.receive()["id"] for _ in range(1000)}
            self.assertEqual(sent, answered)
        failures = []

        def work(writer):
            try:
                with self.device.connect() as control:
                    for i in range(50):
                        control.call("data.put", space="s", collection="many",
                                     key=f"w{writer}-{i}", value={"n": i})
            except (OSError, ControlError) as error:
                failures.append(error)

        writers = [threading.Thread(target=work, args=(i,)) for i in range(16)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        self.assertEqual(failures, [])
        counted = self.device.call("data.count", space="s", collection="many")
        self.assertEqual(counted, {"count": 800})

    def test_a_batch_is_all_or_nothing(self):
        ops = [{"op": "put", "collection": "b", "key": f"k{i}", "value": {"n": i}}
               for i in range(1000)]
        with self.device.connect() as control:
            done = control.call("data.batch", space="s", ops=ops, versions=True)
            self.assertEqual((done["applied"], len(done["versions"])), (1000, 1000))
            bad = [{"op": "put", "collection": "b", "key": "new", "value": {}},
                   {"op": "put", "collection": "b", "key": "x" * 513, "value": {}}]
            with self.assertRaises(ControlError):
                control.call("data.batch", space="s", ops=bad)
            with self.assertRaises(ControlError):
                control.call("data.get", space="s", collection="b", key="new")
            control.call("data.batch", space="s", ops=[
                {"op": "add", "collection": "b", "key": "count", "value": {"n": 3}},
                {"op": "add", "collection": "b", "key": "count", "value": {"n": 4}},
                {"op": "set-add", "collection": "b", "key": "count", "value": {"s": ["b", "a"]}}])
            read = control.call("data.get", space="s", collection="b", key="count")
            self.assertEqual(read["value"], {"n": 7, "s": ["a", "b"]})

    def test_pages_have_cursors(self):
        ops = [{"op": "put", "collection": "p", "key": f"k{i:03}", "value": {"n": i % 10}}
               for i in range(250)]
        with self.device.connect() as control:
            control.call("data.batch", space="s", ops=ops)
            keys, cursor = [], None
            while True:
                page = control.call("data.query", space="s", collection="p", limit=100,
                                    cursor=cursor)
                keys += [record["key"] for record in page["records"]]
                if (cursor := page["cursor"]) is None:
                    break
            self.assertEqual(keys, [op["key"] for op in ops])
            found = control.call("data.query", space="s", collection="p", limit=5,
                                 where={"n": {"ge": 8}}, order="-n")
            self.assertEqual([record["value"]["n"] for record in found["records"]], [9] * 5)

    def test_a_client_that_never_reads_does_not_hold_up_others(self):
        with self.device.connect() as lazy, self.device.connect() as control:
            lazy.socket.setblocking(False)
            request = json.dumps({"id": 1, "method": "agent.info", "params": {}}).encode() + b"\n"
            try:
                for _ in range(200_000):
                    lazy.socket.send(request)
            except BlockingIOError:
                pass
            self.write(control, "beside-a-lazy-one")

    def test_a_stream_tells_of_each_change_and_ends_with_its_client(self):
        with self.device.connect() as watcher, self.device.connect() as control:
            watcher.send("data.watch", space="s", collection="w", where={"n": {"gt": 0}})
            self.assertEqual(watcher.receive()["progress"], {"watching": True})
            control.call("data.put", space="s", collection="w", key="no", value={"n": 0})
            control.call("data.put", space="s", collection="w", key="yes", value={"n": 1})
            self.assertEqual(watcher.receive()["progress"]["record"]["key"], "yes")
            control.call("data.delete", space="s", collection="w", key="yes")
            record = watcher.receive()["progress"]["record"]
            self.assertEqual((record["key"], record["value"]), ("yes", None))
        self.device.call("data.put", space="s", collection="w", key="later", value={"n": 1})


if __name__ == "__main__":
    unittest.main()
