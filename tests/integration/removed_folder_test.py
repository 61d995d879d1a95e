#!/usr/bin/env python3
"""A data folder that is moved or removed under a running agent: no write is acknowledged."""

import shutil
import unittest

from api_device import ApiDevice, record_path


class RemovedFolder(unittest.TestCase):
    def setUp(self):
        self.device = ApiDevice()
        self.addCleanup(self.device.close)
        self.device.start()
        self.api = self.device.api()
        self.api.put(record_path("a"), {"n": 1})
        self.api.get(record_path("a"))

    def assert_refused(self, *words):
        for answer in (self.api.ask("PUT", record_path("b"), json_body={"n": 2}),
                       self.api.ask("DELETE", record_path("a"))):
            self.assertEqual(answer.status // 100, 5, answer)
            for word in words:
                self.assertIn(word, answer.json["why"])
            self.assertTrue(answer.json["fix"])

    def test_a_removed_folder_is_noticed_at_once(self):
        # Away at once: the agent goes on to write into a folder that is just being emptied.
        going = self.device.data.rename(self.device.folder / "going")
        shutil.rmtree(going)
        self.assert_refused("moved or removed")
        degraded = self.api.get("/v1/status")["degraded"]
        self.assertIn("moved or removed", " ".join(each["why"] for each in degraded))
        for _ in range(2):  # not what was, and not as if there had never been a record
            self.assertEqual(self.api.ask("GET", record_path("a")).status // 100, 5)
        self.device.process.terminate()
        self.assertEqual(self.device.process.wait(timeout=60), 0)

    def test_a_folder_that_is_put_back_is_written_to_again(self):
        elsewhere = self.device.folder / "elsewhere"
        self.device.data.rename(elsewhere)
        self.assert_refused("moved or removed")
        elsewhere.rename(self.device.data)
        self.api.put(record_path("c"), {"n": 3})
        self.device.kill()
        self.device.start()
        self.assertEqual(self.device.api().get(record_path("a"))["value"], {"n": 1})
        self.assertEqual(self.device.api().get(record_path("c"))["value"], {"n": 3})

    def test_a_log_that_is_removed_alone_costs_nothing_that_was_acknowledged(self):
        space = self.device.json("space", "info", "default")["id"]
        self.api.put(record_path("c"), {"n": 3})
        wal = self.device.data / space[:2] / f"{space}.db-wal"
        wal.unlink()
        refused = self.api.ask("PUT", record_path("b"), json_body={"n": 2})
        self.assertEqual(refused.status // 100, 5, refused)
        self.api.put(record_path("d"), {"n": 4})  # in a new file
        self.device.kill()
        self.device.start()
        api = self.device.api()
        for key, number in (("a", 1), ("c", 3), ("d", 4)):
            self.assertEqual(api.get(record_path(key))["value"], {"n": number})


if __name__ == "__main__":
    unittest.main()
