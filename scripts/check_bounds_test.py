#!/usr/bin/env python3
"""The check of the table of bounds finds what is out of order."""

import unittest

import check_bounds

LIMITS = "inline constexpr std::size_t kThingsMax = 3;\n"
PLACE = {"room/a.cpp": "if (n > limits::kThingsMax) return;", check_bounds.LIMITS: LIMITS}
ROW = "| `kThingsMax` | things | `room/a.cpp` | `tests/a.cpp` |\n"


class CheckBounds(unittest.TestCase):
    def found(self, limits=LIMITS, table=ROW, files=None, there=("tests/a.cpp",)):
        return check_bounds.findings(limits, table, PLACE if files is None else files,
                                     lambda path: path in there)

    def test_what_is_in_order_has_no_findings(self):
        self.assertEqual(self.found(), [])
        self.assertEqual(self.found(table=ROW.replace("`tests/a.cpp`", "none")), [])

    def test_a_constant_without_user_or_row(self):
        self.assertIn("used nowhere", self.found(files={check_bounds.LIMITS: LIMITS})[0])
        self.assertIn("has no row", self.found(table="")[0])
        self.assertEqual(len(self.found(limits=LIMITS + LIMITS.replace("Things", "Others"))), 2)

    def test_a_row_that_names_what_is_not_there(self):
        self.assertIn("does not stand in", self.found(table=ROW + ROW.replace("Things", "No"))[0])
        self.assertIn("which is not there", self.found(there=())[0])
        self.assertIn("enforced nowhere",
                      self.found(table=ROW.replace("`room/a.cpp`", "nowhere"))[0])


if __name__ == "__main__":
    unittest.main()
