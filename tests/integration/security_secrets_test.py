#!/usr/bin/env python3
"""What must not leave a device: secrets in what rangerplex clients post, and members kept local."""

import json
import unittest

from compat_device import RangerplexDevice, TwoDevices
from costs import AttackTest
from lanyard_process import wait_until
from rangerplex_client import chat, message

SECRET = "sk-not-for-the-peer-0123456789"
SETTINGS = {"theme": "dark", "openaiApiKey": SECRET + "-a", "maxTokens": 5,
            "providers": [{"name": "x", "api_key": SECRET + "-b", "url": "u"},
                          {"apiToken": SECRET + "-c"}]}
# As programs and people call them.
NAMES = ("openai_key anthropicKey GEMINI_KEY groq-key x-api-key apikey api_keys sshKey licenseKey "
         "encryption_key signingKey accessKeyId AWS_SECRET_ACCESS_KEY secret clientSecret "
         "client_secret webhookSecret password passwd pwd dbPwd passphrase passcode "
         "token idToken id_token bearer accessToken refresh_token csrfToken hfToken botToken "
         "Authorization authorization authHeader cookie Cookie cookies sessionCookie jwt mnemonic "
         "seedPhrase seed_phrase recoveryPhrase recoveryCodes backup_codes privateKey private_key "
         "dsn SENTRY_DSN connectionString connection_string credentials serviceAccount totp otp "
         "webhookUrl pincode cvv").split()
# Under names that say nothing.
TEXTS = ["sk-proj-4f9Q2kLmN8pRsT1uVwXyZ0aB", "ghp_0123456789abcdefghijABCDEFGHIJ456789",
         "AKIAIOSFODNN7EXAMPLE", "xoxb-1234567890-abcdefghij",
         "postgres://ann:hunter2@db.local:5432/app", "Bearer 0123456789abcdef",
         "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
         "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----"]
USERS = [{"username": "ann", "password": SECRET + "-d", "created_at": 1}]


def files_with(folder, text):
    return [path for path in folder.rglob("*")
            if path.is_file() and text.encode() in path.read_bytes()]


class Secrets(AttackTest, TwoDevices):
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

    def test_what_looks_like_a_secret_stays_whatever_it_is_called(self):
        ann, bob = self.ann.client(), self.bob.client()
        named = {name: f"{SECRET}-{number}" for number, name in enumerate(NAMES)}
        shaped = {f"text {number}": text for number, text in enumerate(TEXTS)}
        within = {"headers": [{"name": "apiKey", "value": SECRET + "-v", "on": True}],
                  "entries": [["openai_key", SECRET + "-w"], ["theme", "dark"]],
                  "store": json.dumps({"state": {"apiKey": SECRET + "-x", "theme": "dark"}})}
        harmless = {"sortKey": "name", "cacheKey": "v1", "maxTokens": "4096", "author": "ann",
                    "home": "https://example.org:8080/?page=2", "hint": "Basic settings",
                    "locale": "sk-SK", "version": "550e8400-e29b-41d4-a716-446655440000"}
        posted = {"named": named, "shaped": shaped, "within": within, "harmless": harmless,
                  "pasted": TEXTS[0]}
        for key, value in posted.items():
            ann.post_setting(key, value)
        self.assertEqual(ann.settings(), posted)
        wait_until("bob has the last of them", lambda: "harmless" in bob.settings())
        self.assertEqual(bob.settings(), {
            "named": {}, "shaped": {}, "harmless": harmless,
            "within": {"headers": [{"name": "apiKey", "on": True}],
                       "entries": [["openai_key", None], ["theme", "dark"]]}})
        kept = self.ann.ok("compat", "kept")
        for place in ("openai_key", "text 0", 'headers["apiKey"].value', "all of it"):
            self.assertIn(place, kept)
        self.assertNotIn(SECRET, kept)
        self.assertNotIn("hunter2", kept)
        self.assertEqual(len(self.ann.json("compat", "kept")["kept"]), len(NAMES) + len(TEXTS) + 4)
        self.assertIn("Nothing is kept here", self.bob.ok("compat", "kept"))
        self.ann.stop()
        self.bob.stop()
        for text in (SECRET, *TEXTS):
            self.assertEqual(files_with(self.bob.folder, text), [])

    def test_a_setting_is_given_back_as_it_was_posted_last(self):
        ann = self.ann.client()
        for value in ("hello", TEXTS[4], "again", TEXTS[0], "bye", TEXTS[1]):
            ann.post_setting("note", value)
            self.assertEqual(ann.settings(), {"note": value})
            self.assertEqual(ann.export()["settings"], {"note": value})

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
