#!/usr/bin/env python3
"""An inbox with thousands of conflicts, and a conflict of very many values."""

import json
import unittest

from api_device import ApiTest, record_path

CONFLICTS = "/v1/spaces/default/conflicts"
MANY = 2500


class LargeInbox(ApiTest):
    def take(self, ops):
        for first in range(0, len(ops), 1000):
            lines = "\n".join(json.dumps(op) for op in ops[first:first + 1000]).encode()
            answer = self.api.ask("POST", "/v1/spaces/default/changes", lines,
                                  headers={"Content-Type": "application/x-ndjson"})
            self.assertEqual(answer.status, 200, answer.body)

    def test_all_conflicts_are_settled_at_once(self):
        for value in ("first", "second"):
            self.take([{"op": "put", "collection": "many", "key": f"k{n:04}", "basedOn": "0",
                        "value": {"text": f"{value} {n}"}} for n in range(MANY)])
        some = self.api.get(f"{CONFLICTS}?limit=100")
        self.assertEqual((len(some["conflicts"]), some["more"]), (100, True))
        listed = self.device.ok("conflicts", "list")
        self.assertEqual(listed.count("many/k"), 100)
        self.assertIn("There are more than these", listed)
        every = self.api.get(f"{CONFLICTS}?limit={MANY}")
        self.assertEqual((len(every["conflicts"]), every["more"]), (MANY, False))

        # One that cannot be resolved so: nothing is written.
        refused = self.api.ask("POST", CONFLICTS, json_body={"all": True, "use": 3})
        self.assertEqual(refused.status, 400)
        self.assertEqual(len(self.api.get(f"{CONFLICTS}?limit={MANY}")["conflicts"]), MANY)

        done = self.api.post(CONFLICTS, {"all": True, "resolve": "local"})["resolved"]
        self.assertEqual(len(done), MANY)
        self.assertEqual(len({each["id"] for each in done}), MANY)
        self.assertEqual(self.api.get(CONFLICTS), {"conflicts": [], "more": False})
        shown = {each["value"] for each in done}
        self.assertIn(self.api.get(record_path("k2499", "many"))["value"]["text"], shown)

    def test_a_conflict_of_hundreds_of_values_is_resolved_and_undone(self):
        values = [f"value {n:04}" for n in range(300)]
        # A transaction each: ops of one transaction have seen each other.
        for value in values:
            self.api.put(record_path("k", "crowd") + "?basedOn=0", {"text": value})
        inbox = [c for c in self.api.get(CONFLICTS)["conflicts"] if c["collection"] == "crowd"]
        self.assertEqual(sorted(s["value"] for s in inbox[0]["siblings"]), values)
        at = f"{CONFLICTS}/{inbox[0]['id']}"
        self.api.post(at, {"use": 1})
        self.assertEqual([c for c in self.api.get(CONFLICTS)["conflicts"]
                          if c["collection"] == "crowd"], [])
        self.assertEqual(sorted(self.api.post(f"{at}/undo")["siblings"]), values)
        inbox = [c for c in self.api.get(CONFLICTS)["conflicts"] if c["collection"] == "crowd"]
        self.assertEqual(sorted(s["value"] for s in inbox[0]["siblings"]), values)
        self.api.post(at, {"use": 300})


if __name__ == "__main__":
    unittest.main()
