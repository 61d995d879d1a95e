#!/usr/bin/env python3
"""A space whose disk failed once goes on in a new file: every door shows what is acknowledged."""

import errno
import os
import unittest

from api import ApiError
from api_device import ApiDevice, record_path
from bad_input import SANITIZED
from web_socket import Line

TASKS = "/v1/spaces/default/collections/tasks"


class RescuedSpace(unittest.TestCase):
    def setUp(self):
        self.device = ApiDevice()
        self.addCleanup(self.device.close)
        self.device.state.mkdir(mode=0o700)
        self.told = self.device.state / "told"  # where the agent may read
        self.device.environment |= {"LD_PRELOAD": os.environ["LANYARD_FAILING_DISK"],
                                    "FAILING_DISK": str(self.told)}
        if SANITIZED:
            options = self.device.environment.get("ASAN_OPTIONS", "")
            self.device.environment["ASAN_OPTIONS"] = f"{options}:verify_asan_link_order=0"
        self.device.start()
        self.api = self.device.api()

    def live(self):
        line = Line(self.device.info["apiPort"])
        self.addCleanup(line.close)
        line.sign_in(self.api.token)
        line.text({"type": "subscribe", "id": "s", "space": "default", "collection": "tasks"})
        return line

    def test_every_door_shows_what_was_acknowledged_after_one_sync_failed(self):
        self.api.put(record_path("k"), {"n": 1})
        live = self.live()
        self.read_everywhere()  # every door has the file open
        self.told.write_text(f"sync {errno.EIO} 1")
        with self.assertRaises(ApiError) as refused:
            self.api.put(record_path("k"), {"n": 2})
        self.assertEqual(refused.exception.answer.status, 503)
        self.api.put(record_path("k"), {"n": 3})
        self.api.put(record_path("new"), {"n": 4})
        self.assertEqual(self.read_everywhere(), {
            "get": {"n": 3}, "get new": {"n": 4}, "count": 2, "sql": [["k", 3], ["new", 4]],
            "list": {"k": {"n": 3}, "new": {"n": 4}}, "socket": {"n": 3},
            "history": {"n": 3}, "snapshot": {"k": {"n": 3}, "new": {"n": 4}}})
        told = {}
        while told.get("new") != {"n": 4}:
            record = live.heard("change")["record"]
            told[record["key"]] = record["value"]
        self.assertEqual(told["k"], {"n": 3})
        broken = [file.name for file in self.device.data.glob("??/*.broken")]
        self.assertEqual(len(broken), 1, "the file that failed is kept")

    def read_everywhere(self):
        get = self.api.ask("GET", record_path("new"))
        rows = self.api.get(f"{TASKS}/records")["records"]
        live = self.live()
        shown = live.heard("snapshot")["records"]
        live.close()
        return {
            "get": self.api.get(record_path("k"))["value"],
            "get new": get.json.get("value"),
            "count": self.api.get(f"{TASKS}/count")["count"],
            "sql": self.api.post("/v1/spaces/default/sql",
                                 {"sql": "SELECT id, n FROM tasks ORDER BY id"})["rows"],
            "list": {row["key"]: row["value"] for row in rows},
            "socket": self.device.call("data.get", space="default", collection="tasks",
                                       key="k")["value"],
            "history": self.api.get(record_path("k") + "/history")["history"][0]["ops"][0]["value"],
            "snapshot": {row["record"]["key"]: row["record"]["value"] for row in shown},
        }


if __name__ == "__main__":
    unittest.main()
