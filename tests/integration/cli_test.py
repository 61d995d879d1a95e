#!/usr/bin/env python3
"""The command line without an agent, or with one: exit codes, errors, output, pipes, signals."""

import json
import os
import signal
import subprocess
import unittest

from lanyard_process import PROGRAM, Device, wait_until


class WithoutAgent(unittest.TestCase):
    def setUp(self):
        self.device = Device()
        self.addCleanup(self.device.close)

    def expect(self, code, *words, stderr="", environment=None):
        done = self.device.run(*words, environment=environment)
        self.assertEqual(done.returncode, code, f"{words}: {done.stdout}{done.stderr}")
        self.assertIn(stderr, done.stderr)
        return done

    def test_every_verb_says_that_no_agent_runs(self):
        for words in (
            ["status"], ["devices", "list"], ["devices", "add", "x"], ["space", "list"],
            ["space", "create", "s"], ["space", "info", "s"], ["data", "get", "s", "c", "k"],
            ["data", "put", "s", "c", "k", "{}"], ["data", "query", "s", "c"],
            ["data", "watch", "s", "c"], ["conflicts", "list"], ["ping", "pi"],
            ["devices", "forget", "x", "--yes"], ["space", "leave", "x", "--yes"],
            ["token", "list"], ["token", "create", "--app", "x", "--all-spaces"],
            ["token", "revoke", "x", "--yes"],
        ):
            done = self.expect(3, *words, stderr="(LY-A003)")
            self.assertIn("lanyard up", done.stderr)
            self.assertRegex(done.stderr, r"\ACould not .*\.\n  Why: .*\n  Fix: .*\n  \(LY-")

    def test_errors_are_json_where_json_is_asked_for(self):
        done = self.expect(3, "status", "--json")
        error = json.loads(done.stderr)
        self.assertEqual((error["schema"], error["code"], error["exit"]),
                         ("lanyard.error/1", "LY-A003", 3))
        self.assertEqual(done.stdout, "")

    def test_help_and_version(self):
        done = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertLess(done.stdout.index("Examples:"), done.stdout.index("Usage:"))
        version = self.device.json("version")
        self.assertEqual(version["schema"], "lanyard.version/1")

    def test_destructive_commands_name_what_is_lost_and_want_yes(self):
        for words in (["devices", "forget", "pi"], ["space", "leave", "notes"]):
            done = self.expect(2, *words)
            self.assertIn("--yes", done.stderr)
            self.assertIn("changes", done.stderr.lower())

    def test_config_verbs(self):
        self.device.ok("config", "set", "sync.port", "7999")
        self.assertEqual(self.device.ok("config", "get", "sync.port"), "7999\n")
        listed = self.device.json("config", "list")
        ports = [key for key in listed["keys"] if key["key"] == "sync.port"]
        self.assertEqual(ports[0]["value"], 7999)
        self.assertIn("config.toml:2", ports[0]["from"])
        self.device.ok("config", "check")
        self.assertIn(".config/lanyard/config.toml", self.device.ok("config", "path"))
        self.expect(9, "config", "set", "sync.port", "x")
        self.expect(9, "config", "get", "sync.prot", stderr="sync.port")

    def test_a_bad_import_needs_no_agent_to_be_refused(self):
        file = self.device.folder / "export.json"
        for text, detail in (
            ("", "empty"), ("{", "line 1, column"), ('{"version":"4.3.8","chats":[]}', "4.3.8"),
            ('{"version":"2.2.0","chats":[{"title":"x"}]}', "chats[0]"),
        ):
            file.write_text(text)
            done = self.device.run("import", str(file))
            self.assertIn(done.returncode, (1, 10))
            self.assertIn(detail, done.stderr)
        self.expect(4, "import", "/nothing/here")
        self.expect(1, "import", "/dev/zero", stderr="not a regular file")



class WithAgent(unittest.TestCase):
    def setUp(self):
        self.device = Device("ada")
        self.addCleanup(self.device.close)
        self.device.start()

    def leave_on_a_terminal(self, *answers):
        return self.device.run_on_a_terminal("space", "leave", "notes", answers=answers)

    def test_leaving_a_space_asks_whether_to_keep_its_copy(self):
        device = self.device
        device.ok("space", "create", "notes")
        self.assertIn("nothing was changed", self.leave_on_a_terminal("n")[1])
        code, said = self.leave_on_a_terminal("y", "n")
        self.assertEqual(code, 6, said)
        self.assertIn("on no other device", said)
        self.assertIn("--even-if-alone", said)
        device.ok("data", "put", "notes", "tasks", "t1", "{}")  # nothing has changed
        code, said = self.leave_on_a_terminal("y", "")
        self.assertEqual(code, 0, said)
        self.assertIn("its file stays", said)
        self.assertTrue(device.json("space", "list")["spaces"][-1]["left"])

    def test_a_copy_that_is_alone_is_removed_only_on_demand(self):
        device = self.device
        space = device.json("space", "create", "notes")["id"]
        files = set(device.data.glob("**/*"))
        refused = device.run("space", "leave", "notes", "--remove-copy", "--yes")
        self.assertIn("on no other device", refused.stderr)
        self.assertEqual(set(device.data.glob("**/*")), files)
        device.ok("space", "leave", "notes", "--remove-copy", "--even-if-alone", "--yes")
        self.assertNotIn(space, [each["id"] for each in device.json("space", "list")["spaces"]])
        self.assertEqual([path for path in device.data.glob("**/*") if space in path.name], [])
        self.assertNotEqual(device.json("space", "create", "notes")["id"], space)

    def test_records_from_argument_file_and_standard_input(self):
        device = self.device
        device.ok("space", "create", "notes")
        device.ok("data", "put", "notes", "tasks", "t1", '{"title": "Buy milk", "n": 1}')
        file = device.folder / "value.json"
        file.write_text('{\n "title": "From a file"\n}')
        device.ok("data", "put", "notes", "tasks", "t2", f"@{file}")
        device.ok("data", "put", "notes", "tasks", "t3", stdin='{"title":"From a pipe"}')
        device.ok("data", "patch", "notes", "tasks", "t1", '{"done": true, "n": null}')
        record = device.json("data", "get", "notes", "tasks", "t1")
        self.assertEqual(record["value"], {"title": "Buy milk", "done": True})
        self.assertEqual(device.ok("data", "get", "notes", "tasks", "t1"),
                         '{"done":true,"title":"Buy milk"}\n')
        found = device.ok("data", "query", "notes", "tasks", "--order", "-title", "--json")
        self.assertEqual([json.loads(line)["key"] for line in found.splitlines()],
                         ["t3", "t2", "t1"])
        found = device.ok("data", "query", "notes", "tasks", "--where", '{"done":true}')
        self.assertEqual(found, 't1\t{"done":true,"title":"Buy milk"}\n')
        device.ok("data", "delete", "notes", "tasks", "t1")
        self.assertEqual(device.run("data", "get", "notes", "tasks", "t1").returncode, 4)
        restored = device.json("data", "restore", "notes", "tasks", "t1")
        record = device.json("data", "get", "notes", "tasks", "t1")
        self.assertEqual(record["value"]["done"], True)
        self.assertEqual(restored["version"], record["version"])
        device.ok("data", "patch", "notes", "tasks", "t1", '{"title":"Buy tea"}', "--based-on",
                  restored["version"])
        self.assertEqual(device.json("status")["conflicts"], 0)

    def test_a_write_that_has_not_seen_an_edit_leaves_it_in_the_inbox(self):
        device = self.device
        device.ok("space", "create", "notes")
        first = device.json("data", "put", "notes", "tasks", "t1", '{"title":"one"}')
        device.ok("data", "put", "notes", "tasks", "t1", '{"title":"two"}', "--based-on",
                  first["version"])
        device.ok("data", "patch", "notes", "tasks", "t1", '{"title":"three"}', "--based-on",
                  first["version"])
        conflicts = device.json("conflicts", "list")["conflicts"]
        self.assertEqual(len(conflicts), 1)
        values = {sibling["value"] for sibling in conflicts[0]["siblings"]}
        self.assertEqual(values, {"two", "three"})
        self.assertEqual(device.run("status", "--check").returncode, 7)
        shown = device.ok("conflicts", "show", conflicts[0]["id"])
        self.assertIn('"two"', shown)
        self.assertIn('before  "one"', shown)
        device.ok("conflicts", "resolve", conflicts[0]["id"], "--value", '"both"')
        self.assertEqual(device.json("conflicts", "list")["conflicts"], [])
        self.assertEqual(device.json("data", "get", "notes", "tasks", "t1")["value"],
                         {"title": "both"})
        self.assertEqual(device.run("status", "--check").returncode, 0)

    def test_a_resolution_is_taken_back_and_what_came_since_stays(self):
        device = self.device
        device.ok("space", "create", "notes")
        first = device.json("data", "put", "notes", "tasks", "t1", '{"title":"one"}')
        for title in ("two", "three"):
            device.ok("data", "patch", "notes", "tasks", "t1", f'{{"title":"{title}"}}',
                      "--based-on", first["version"])
        before = device.json("conflicts", "list")["conflicts"]
        name, values = before[0]["id"], [s["value"] for s in before[0]["siblings"]]
        self.assertEqual(device.run("conflicts", "undo", name).returncode, 4)
        device.ok("conflicts", "resolve", name, "--value", '"both"')
        settled = device.json("data", "get", "notes", "tasks", "t1")
        device.stop()
        device.start()
        self.assertIn('2 values of "title" again', device.ok("conflicts", "undo", name[:8]))
        after = device.json("conflicts", "list")["conflicts"]
        self.assertEqual([[s["value"] for s in c["siblings"]] for c in after], [values])
        self.assertEqual(device.run("conflicts", "undo", name).returncode, 4)
        device.ok("conflicts", "resolve", name, "--use", "2")
        stands = device.json("data", "get", "notes", "tasks", "t1")
        self.assertNotEqual(stands["version"], settled["version"])
        device.ok("data", "patch", "notes", "tasks", "t1", '{"title":"since"}')
        device.ok("conflicts", "undo", name)
        after = device.json("conflicts", "list")["conflicts"]
        self.assertEqual([sorted(s["value"] for s in c["siblings"]) for c in after],
                         [["since", "three", "two"]])

    def test_text_from_elsewhere_is_escaped(self):
        device = self.device
        device.ok("space", "create", "notes")
        device.call("data.put", space="notes", collection="tasks", key="evil\x1b[2J\u202e",
                    value={"title": "x"})
        found = device.ok("data", "query", "notes", "tasks")
        self.assertIn("evil\\x1b[2J\\u{202e}", found)
        self.assertNotIn("\x1b", found)

    def test_watching_shows_changes_and_ends_with_ctrl_c(self):
        device = self.device
        device.ok("space", "create", "notes")
        watch = subprocess.Popen(device.arguments("data", "watch", "notes", "tasks", "--json"),
                                 stdout=subprocess.PIPE, env=device.environment, text=True)
        self.addCleanup(watch.stdout.close)
        keys = iter(range(1000))

        def seen():
            device.ok("data", "put", "notes", "tasks", f"t{next(keys)}", '{"n":1}')
            return os.get_blocking(watch.stdout.fileno()) and select_line(watch)

        line = wait_until("the watcher shows a change", seen)
        self.assertEqual(json.loads(line)["value"], {"n": 1})
        watch.send_signal(signal.SIGINT)
        self.assertEqual(watch.wait(30), 130)

    def test_an_import_twice_writes_nothing_new_and_checks_out(self):
        device = self.device
        file = device.folder / "export.json"
        chats = [
            {"id": f"c{i}", "title": f"Chat {i}", "updatedAt": i, "isStarred": False,
             "messages": [{"id": f"c{i}-m{j}", "sender": "user", "text": "x" * 50}
                          for j in range(5)]}
            for i in range(400)
        ]
        file.write_text(json.dumps({"version": "2.2.0", "exportedAt": 1, "chats": chats,
                                    "settings": {"theme": "dark", "settings_a": {"k": None}}}))
        dry = device.json("import", str(file), "--dry-run", "--space", self.new_space())
        self.assertEqual((dry["added"], dry["messages"]), (2402, 2000))
        first = device.json("import", str(file), "--space", "imported")
        self.assertEqual((first["added"], first["changed"], first["same"]), (2402, 0, 0))
        before = device.json("space", "info", "imported")
        again = device.json("import", str(file), "--space", "imported")
        self.assertEqual((again["added"], again["changed"], again["same"]), (0, 0, 2402))
        self.assertEqual(device.json("space", "info", "imported"), before)
        self.assertEqual(before["records"], 2402 + self.own_records)
        chats[7]["title"] = "Other"
        file.write_text(json.dumps({"version": "2.2.0", "chats": chats}))
        third = device.json("import", str(file), "--space", "imported")
        self.assertEqual((third["added"], third["changed"], third["same"]), (0, 1, 2399))
        broken = file.read_text()[:-100]
        before = device.json("space", "info", "imported")
        file.write_text(broken)
        self.assertEqual(device.run("import", str(file), "--space", "imported").returncode, 1)
        self.assertEqual(device.json("space", "info", "imported"), before)
        checked = device.json("check", "imported", "--rebuild")
        self.assertEqual((checked["findings"], checked["rebuilt"]), ([], True))

    def new_space(self):
        self.device.ok("space", "create", "imported")
        # The record with the space's name.
        self.own_records = self.device.json("space", "info", "imported")["records"]
        return "imported"

    def test_status_as_table_and_as_json(self):
        device = self.device
        device.ok("space", "create", "notes")
        status = device.json("status")
        self.assertEqual(status["schema"], "lanyard.status/1")
        self.assertEqual([space["name"] for space in status["spaces"]], ["default", "notes"])
        shown = device.ok("status")
        self.assertIn("ada  up ", shown)
        self.assertIn("SPACE", shown)


def select_line(process):
    """A line if there is one now."""
    import select

    ready, _, _ = select.select([process.stdout], [], [], 0.2)
    return process.stdout.readline() if ready else None


if __name__ == "__main__":
    unittest.main()
