#!/usr/bin/env python3
"""What a release is compiled and linked with, looked for in what comes out: a small program that is
made with the same flags, and the real one where it was built so."""

import os
import platform
import shlex
import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCE = r"""
#include <cstdio>
#include <cstdlib>
#include <cstring>
int main(int count, char** words) {
  const std::size_t size = std::strlen(words[0]) * static_cast<std::size_t>(count);
  char large[100000];
  std::strcpy(large, words[0]);
  std::puts(large);
  char* const allocated = static_cast<char*>(std::malloc(size));
  std::strcpy(allocated, words[0]);
  std::puts(allocated);
}
"""
IS_X86 = platform.machine() in ("x86_64", "i686")


def said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout


class Hardening(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lanyard-it-")
        self.addCleanup(folder.cleanup)
        self.object, self.program = Path(folder.name, "sample.o"), Path(folder.name, "sample")
        source = Path(folder.name, "sample.cpp")
        source.write_text(SOURCE)
        compiler, flags = os.environ["COMPILER"], shlex.split(os.environ["HARDENING"])
        said(compiler, "-O2", *flags, "-c", str(source), "-o", str(self.object))
        said(compiler, *shlex.split(os.environ["HARDENING_LINK"]), str(self.object), "-o",
             str(self.program))

    def programs(self):
        """The sample, and the real one if this is a build for people."""
        real = [os.environ["LANYARD"]] if os.environ["BUILD_TYPE"] == "Release" else []
        return [str(self.program), *real]

    def test_nothing_lies_at_a_known_place_and_tables_of_calls_are_read_only(self):
        for program in self.programs():
            with self.subTest(program):
                self.assertRegex(said("readelf", "-dW", program), r"Flags: .*\bNOW\b.*\bPIE\b")
                segments = said("readelf", "-lW", program)
                self.assertIn("GNU_RELRO", segments)
                self.assertRegex(segments, r"GNU_STACK .* RW +0x")

    def test_stacks_and_copies_are_checked(self):
        for program in self.programs():
            with self.subTest(program):
                called = said("readelf", "-W", "--dyn-syms", program)
                self.assertIn("__stack_chk_fail", called)
                self.assertRegex(called, r"__\w+cpy_chk")

    def test_copies_into_what_was_allocated_are_checked_too(self):
        """FORTIFY 2 knows the first buffer's size and checks one copy, 3 the second's too."""
        calls = said("objdump", "-dr", str(self.object)).count("__strcpy_chk")
        calls += said("objdump", "-dr", str(self.object)).count("__memcpy_chk")
        self.assertGreaterEqual(calls, 2)

    @unittest.skipUnless(IS_X86, "of x86")
    def test_large_frames_are_probed_and_jumps_land_where_they_may(self):
        """A page at a time, so that none skips the guard page of the stack. The linker keeps the
        mark of the second only if all that it links has it, which Debian's own files have not."""
        code = said("objdump", "-d", str(self.object))
        self.assertRegex(code, r"or[ql]? +\$0x0,(0x0)?\(%rsp\)|movq? +\$0x0,(0x0)?\(%rsp\)")
        self.assertRegex(said("readelf", "-nW", str(self.object)), r"IBT, SHSTK")
        self.assertIn("endbr", code)


if __name__ == "__main__":
    unittest.main()
