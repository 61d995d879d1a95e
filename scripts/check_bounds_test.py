#!/usr/bin/env python3
"""The check of the table of bounds finds what is out of order."""

import unittest

import check_bounds

LIMITS = "inline constexpr std::size_t kThingsMax = 3;\n"
PLACE = {"room/a.cpp": "if (n > limits::kThingsMax) return;", check_bounds.LIMITS: LIMITS}
ROW = "| `kThingsMax` | things | `room/a.cpp` | `tests/a.cpp` |\n"
OTHER = {**PLACE, "room/b.hpp": "  static constexpr std::size_t kOthersMax = 5;\n"}
OTHER_ROW = "| `kOthersMax` | others | `room/b.cpp` | `tests/a.cpp` |\n"


class CheckBounds(unittest.TestCase):
    def found(self, limits=LIMITS, table=ROW, files=None, there=("tests/a.cpp",), exceptions=None):
        return check_bounds.findings(limits, table, PLACE if files is None else files,
                                     lambda path: path in there, exceptions or {})

    def said(self, tests):
        return self.found(table=ROW.replace("`tests/a.cpp`", tests))

    def test_what_is_in_order_has_no_findings(self):
        self.assertEqual(self.found(), [])
        self.assertEqual(self.said("`tests/a.cpp`, at it and above"), [])
        self.assertEqual(self.said("none: a wait of an hour"), [])

    def test_a_constant_without_user_or_row(self):
        self.assertIn("used nowhere", self.found(files={check_bounds.LIMITS: LIMITS})[0])
        self.assertIn("has no row", self.found(table="")[0])
        self.assertEqual(len(self.found(limits=LIMITS + LIMITS.replace("Things", "Others"))), 2)

    def test_a_row_that_names_what_is_not_there(self):
        self.assertIn("does not stand in", self.found(table=ROW + ROW.replace("Things", "No"))[0])
        self.assertIn("which is not there", self.found(there=())[0])
        self.assertIn("enforced nowhere",
                      self.found(table=ROW.replace("`room/a.cpp`", "nowhere"))[0])

    def test_a_row_without_a_test_says_why(self):
        for nothing in ("none", "none: ", "none: so", "tried by hand", " "):
            with self.subTest(nothing):
                self.assertIn("nothing says why", self.said(nothing)[0])

    def test_a_bound_that_stands_anywhere_has_a_row_or_is_an_exception(self):
        for kind in ("  static constexpr std::size_t kOthersMax = 5;",
                     "constexpr auto kOthersMax = std::chrono::seconds(5);",
                     "constexpr std::chrono::seconds kOthersMax{5};",
                     "inline constexpr int kOthersPerSecond = 5;",
                     "constexpr std::size_t kOtherBytes = 5;"):
            with self.subTest(kind):
                found = self.found(files={**PLACE, "room/b.hpp": kind + "\n"})
                self.assertEqual(len(found), 1)
                self.assertIn("has no row", found[0])
        row = OTHER_ROW.replace("b.cpp", "b.hpp")
        self.assertEqual(self.found(files=OTHER, table=ROW + row), [])
        self.assertEqual(self.found(files=OTHER, exceptions={"why": ["room/b: kOthersMax"]}), [])
        self.assertEqual(self.found(files={**PLACE, "room/b.hpp": "constexpr int kOther = 1;\n"}),
                         [])

    def test_a_row_of_another_file_is_no_row_of_this_one(self):
        row = OTHER_ROW.replace("room/b.cpp", "room/a.cpp")
        files = {**OTHER, "room/a.cpp": "kThingsMax kOthersMax"}
        self.assertIn("room/b: kOthersMax has no row", self.found(files=files, table=ROW + row)[0])

    def test_an_exception_that_is_none(self):
        gone = self.found(exceptions={"why": ["room/b: kOthersMax"]})
        self.assertIn("is not there or has a row", gone[0])
        both = self.found(files=OTHER, table=ROW + OTHER_ROW.replace("b.cpp", "b.hpp"),
                          exceptions={"why": ["room/b: kOthersMax"]})
        self.assertIn("is not there or has a row", both[0])


if __name__ == "__main__":
    unittest.main()
