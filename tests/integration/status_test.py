#!/usr/bin/env python3
"""What `lanyard status` says, of however many spaces, and of what is not as it should be."""

import unittest

from api_device import ApiDevice
from lanyard_process import make_known, wait_until


class ManySpaces(unittest.TestCase):
    def test_sums_are_of_all_spaces_and_only_the_list_is_cut(self):
        ada, pi = ApiDevice("ada"), ApiDevice("pi")
        for device in (ada, pi):
            self.addCleanup(device.close)
            device.start()
        make_known(ada, pi)
        names = [f"space-{number:03}" for number in range(204)]  # and default
        with ada.connect() as control:
            control.call_all([("space.create", {"name": name}) for name in names])
            control.call_all([("space.share", {"space": names[-1], "device": "pi"})])
        ada.ok("data", "put", names[-1], "tasks", "t1", '{"title":"zero"}')
        wait_until("pi has it", lambda: pi.run("data", "get", names[-1], "tasks", "t1").stdout)
        wait_until("pi has said so", lambda: ada.json("status")["notYetThere"] == 0)
        self.assertEqual(ada.run("status", "--check").returncode, 0)
        pi.stop()
        ada.ok("data", "patch", names[-1], "tasks", "t1", '{"title":"from ada"}')
        status = ada.json("status")
        self.assertEqual((status["notYetThere"], len(status["spaces"]), status["moreSpaces"]),
                         (1, 200, 5))
        self.assertIn(names[-1], [each["name"] for each in status["spaces"]])
        self.assertEqual(ada.run("status", "--check").returncode, 7)
        self.assertRegex(ada.ok("metrics"), r'lanyard_pending_changes\{device="[^"]+"\} 1\n')
        ada.stop()
        pi.start()
        pi.ok("data", "patch", names[-1], "tasks", "t1", '{"title":"from pi"}')
        ada.start()
        # Before its files are opened, too.
        self.assertEqual(ada.json("status")["notYetThere"], 1)
        pi.ok("devices", "add", ada.info["id"], "--at", f"127.0.0.1:{ada.info['syncPort']}")
        wait_until("there is a conflict", lambda: ada.json("status")["conflicts"] == 1)
        self.assertIn("lanyard_conflicts 1\n", ada.ok("metrics"))
        api = ada.api("--space", names[-1])
        seen = wait_until("the other has all", lambda: (
            lambda said: said["notYetThere"] == 0 and said)(api.get("/v1/status")))
        self.assertEqual([(each["name"], each["conflicts"]) for each in seen["spaces"]],
                         [(names[-1], 1)])
        self.assertEqual(seen["spaces"][0]["records"], 1)


if __name__ == "__main__":
    unittest.main()
