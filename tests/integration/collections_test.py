#!/usr/bin/env python3
"""Which collections a space has, and what is said of one that it does not have."""

import subprocess
import unittest

from api_device import ApiTest, record_path


class Collections(ApiTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.device.ok("space", "create", "garden")
        for key in ("t1", "t2"):
            cls.device.ok("data", "put", "garden", "tasks", key, "{}")
        cls.device.ok("data", "put", "garden", "beds", "b1", "{}")
        cls.reader = cls.device.api("--space", "garden", described=cls.api.described)

    def test_they_are_listed_with_their_numbers(self):
        both = [{"name": "beds", "records": 1}, {"name": "tasks", "records": 2}]
        self.assertEqual(self.reader.get("/v1/spaces/garden/collections"), {"collections": both})
        self.assertEqual(self.device.json("data", "collections", "garden")["collections"], both)
        lines = self.device.ok("data", "collections", "garden").splitlines()
        self.assertEqual([line.split() for line in lines[1:]], [["beds", "1"], ["tasks", "2"]])
        self.assertEqual(self.reader.ask("GET", "/v1/spaces/default/collections").status, 404)

    def test_a_slip_in_a_name_is_told_and_is_no_error(self):
        for words in (("query", "garden", "taks"), ("query", "garden", "taks", "--json")):
            done = self.device.run("data", *words)
            self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
            self.assertIn('No record stands in a collection "taks" of garden. '
                          'Did you mean "tasks"?', done.stderr)
        found = self.device.run("data", "get", "garden", "taks", "t1")
        self.assertEqual(found.returncode, 4)
        self.assertIn('Did you mean "tasks"?', found.stderr)
        far = self.device.run("data", "query", "garden", "pictures")
        self.assertIn("lanyard data collections garden", far.stderr)
        # What is there, and has nothing that fits, is an answer.
        none = self.device.run("data", "query", "garden", "tasks", "--where", '{"a":1}')
        self.assertEqual((none.returncode, none.stderr), (0, ""))
        self.assertEqual(self.device.run("data", "query", "garden", "taks", "--quiet").stderr, "")

    def test_whoever_watches_a_name_with_a_slip_is_told_at_once(self):
        watch = subprocess.Popen(self.device.arguments("data", "watch", "garden", "taks"),
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                 env=self.device.environment)
        self.addCleanup(watch.wait)
        self.addCleanup(watch.kill)
        self.assertIn('Did you mean "tasks"?', watch.stderr.readline())
        watch.stderr.close()

    def test_the_collection_of_the_agents_own_is_not_an_apps(self):
        writer = self.device.api("--space", "garden", "--write", described=self.api.described)
        refused = writer.ask("PUT", record_path("info", collection="lanyard_space",
                                                space="garden"), json_body={"name": "x"})
        self.assertEqual(refused.status, 400)
        self.assertIn("Lanyard's own", refused.json["why"])


if __name__ == "__main__":
    unittest.main()
