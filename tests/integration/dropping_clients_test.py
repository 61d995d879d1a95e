#!/usr/bin/env python3
"""500 clients that drop at any byte and come back (dropping_clients.py)."""

import unittest

from dropping_clients import run


class DroppingClients(unittest.TestCase):
    def test_they_are_told_everything_and_what_they_write_stands_once(self):
        self.assertEqual(run(seed=1, clients=500), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
