#!/usr/bin/env python3
"""What must not leave a device: secrets in what rangerplex clients post, and members kept local."""

import unittest

from compat_device import RangerplexDevice, TwoDevices
from lanyard_process import wait_until
from rangerplex_client import chat, message

SECRET = "sk-not-for-the-peer-0123456789"
SETTINGS = {"theme": "dark", "openaiApiKey": SECRET + "-a", "maxTokens": 5,
            "providers": [{"name": "x", "api_key": SECRET + "-b", "url": "u"},
                          {"apiToken": SECRET + "-c"}]}
USERS = [{"username": "ann", "password": SECRET + "-d", "created_at": 1}]


def files_with(folder, text):
    return [path for path in folder.rglob("*")
            if path.is_file() and text.encode() in path.read_bytes()]


class Secrets(TwoDevices):
    device = RangerplexDevice
    options = ("--keep-local", "theme")

    def test_secrets_stay_where_they_were_posted(self):
        ann, bob = self.ann.client(), self.bob.client()
        ann.post_setting("settings_ann", SETTINGS)
        ann.post_setting("openai_api_key", SECRET + "-e")
        ann.post_setting("users", USERS)
        ann.post_chat(chat(1, message("m1", stats={"inputTokens": 5})))
        self.assertEqual(ann.settings(), {"settings_ann": SETTINGS, "users": USERS,
                                          "openai_api_key": SECRET + "-e"})
        wait_until("bob has the chat", lambda: bob.chats() != [])
        wait_until("bob has the rest", lambda: bob.settings() == {
            "settings_ann": {"maxTokens": 5, "providers": [{"name": "x", "url": "u"}, {}]},
            "users": [{"username": "ann", "created_at": 1}]})
        self.ann.stop()
        self.bob.stop()
        self.assertEqual(files_with(self.bob.folder, SECRET), [])
        self.assertEqual([path.name for path in files_with(self.ann.folder, SECRET)],
                         ["compat.sqlite"])

    def test_each_device_has_its_own(self):
        ann, bob = self.ann.client(), self.bob.client()
        ann.post_setting("settings_ann", {"theme": "dark", "shared": 1, "apiKey": "of ann"})
        wait_until("bob has it", lambda: bob.settings() == {"settings_ann": {"shared": 1}})
        bob.post_setting("settings_ann", {"theme": "light", "shared": 2, "apiKey": "of bob"})
        wait_until("ann has it", lambda: ann.settings() == {
            "settings_ann": {"theme": "dark", "shared": 2, "apiKey": "of ann"}})
        self.assertEqual(bob.settings(), {
            "settings_ann": {"theme": "light", "shared": 2, "apiKey": "of bob"}})
        before = self.ann.json("space", "info", "talks", "--no-hash")
        ann.post_setting("settings_ann", ann.settings()["settings_ann"])
        ann.post_setting("settings_ann", {"theme": "grey", "shared": 2, "apiKey": "new"})
        self.assertEqual(self.ann.json("space", "info", "talks", "--no-hash"), before)
        self.assertEqual(ann.settings()["settings_ann"],
                         {"theme": "grey", "shared": 2, "apiKey": "new"})

    def test_an_import_keeps_what_its_file_has_left_out(self):
        ann = self.ann.client()
        ann.post_setting("settings_ann", {"a": 1, "apiKey": SECRET})
        whole = ann.export()
        self.assertEqual(whole["settings"]["settings_ann"]["apiKey"], SECRET)
        whole["settings"]["settings_ann"]["apiKey"] = "***"
        whole["users"] = USERS
        ann.import_all(whole)
        self.assertEqual(ann.settings(), {"settings_ann": {"a": 1, "apiKey": SECRET}})
        self.assertEqual(ann.export()["users"], USERS)
        self.assertIn("ann", self.ann.ok("data", "get", "talks", "users", "ann"))
        self.assertNotIn(SECRET, self.ann.ok("data", "get", "talks", "users", "ann"))
        ann.clear()
        self.assertEqual(ann.settings(), {})


if __name__ == "__main__":
    unittest.main()
