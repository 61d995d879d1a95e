#!/usr/bin/env python3
"""The README's tour of the API, typed line by line; that it visits every path there is; and that
what it names is there."""

import os
import pathlib
import re
import subprocess
import unittest

from api import Api
from lanyard_process import PROGRAM, Device

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"


def tour() -> list[str]:
    section = README.read_text().split("## The local API\n")[1].split("\n## ")[0]
    return [line for line in section.split("```")[1].splitlines() if line]


class Tour(unittest.TestCase):
    def test_each_line_does_what_it_says(self):
        device = Device()
        self.addCleanup(device.close)
        device.start()
        port = device.info["apiPort"]
        # `lanyard` is this build's, and speaks to this agent; the agent has a port of its own.
        typed = [f'lanyard() {{ "{PROGRAM}" "$@" --data-dir "{device.data}"; }}', "set -e"]
        for number, line in enumerate(tour()):
            typed += [line.replace(":7760", f":{port}"), f'echo "line {number} is done"']
        done = subprocess.run(["bash", "-c", "\n".join(typed)], env=device.environment,
                              capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for number, line in enumerate(tour()):
            self.assertIn(f"line {number} is done", done.stdout, line)
        self.assertIn('"value":{"crop":"beans","row":2}', done.stdout)
        self.assertNotIn("LY-A001", done.stdout)
        described = Api(port).described.document["paths"]
        visited = {self.path_of(line) for line in tour() if "$API/" in line}
        self.assertEqual(set(described) - visited, set())
        print(f"report: {len(tour())} lines of the README, {len(described)} paths")

    @staticmethod
    def path_of(line: str) -> str:
        path = re.search(r"\$API(/[^ \"?]*)", line)[1]
        path = re.sub(r"^/v1/spaces/garden", "/v1/spaces/{space}", path)
        path = re.sub(r"/collections/beds", "/collections/{collection}", path)
        path = re.sub(r"/records/b\d", "/records/{key}", path)
        path = re.sub(r"/indexes/row", "/indexes/{field}", path)
        path = re.sub(r"/requests/\$REQUEST", "/requests/{id}", path)
        path = re.sub(r"/tokens/planner", "/tokens/{id}", path)
        return re.sub(r"/conflicts/\$ID", "/conflicts/{id}", path)


class Named(unittest.TestCase):
    def test_every_script_and_page_that_is_named_is_there(self):
        text = README.read_text()
        scripts = set(re.findall(r"scripts/\w+", text))
        self.assertIn("scripts/uninstall", scripts)
        for script in scripts:
            self.assertTrue(os.access(README.parent / script, os.X_OK), script)
        for page in re.findall(r"\]\(((?!http)[^)#]+)\)", text):
            self.assertTrue((README.parent / page).exists(), page)


if __name__ == "__main__":
    unittest.main(verbosity=2)
