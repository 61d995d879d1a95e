#!/usr/bin/env python3
"""GET /metrics of two real agents: numbers that move with what happens, and nothing of what people
wrote; and the log lines of sync rounds."""

import os
import re
import signal
import unittest

from api import Api
from api_device import ApiDevice, record_path
from lanyard_process import make_known, wait_until
from web_socket import Line

# What must be found nowhere: names, and what is in a record.
SPACE, KEY, WORD = "planted-space", "planted-key", "planted-word"
NAMES = ("planted-ada", "planted-pi")

VALUE = r"[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN"
LABELS = r'\{([a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\["\\n])*")*)\}'
SAMPLE = re.compile(rf"([a-z_]+)(?:{LABELS})? ({VALUE})")
HELP = re.compile(r"# HELP ([a-z_]+) \S.*")
TYPE = re.compile(r"# TYPE ([a-z_]+) (counter|gauge|histogram)")
UNITS = {"counter": ("_total",), "histogram": ("_seconds",)}


def parsed(text):
    """The value of each sample, by its name with its labels. Every line must be a good one, and
    below the HELP and the TYPE of its metric."""
    assert text.endswith("\n"), text[-80:]
    samples, helped, kind, metric = {}, None, None, None
    for line in text.splitlines():
        if found := HELP.fullmatch(line):
            helped = found[1]
            continue
        if found := TYPE.fullmatch(line):
            metric, kind = found.groups()
            assert metric == helped and metric.startswith("lanyard_"), line
            assert metric.endswith(UNITS.get(kind, "")), line
            continue
        found = SAMPLE.fullmatch(line)
        assert found, f"not a line of this format: {line!r}"
        name, labels, value = found.groups()
        endings = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        assert name in [metric + ending for ending in endings], line
        whole = name + (f"{{{labels}}}" if labels else "")
        assert whole not in samples, f"twice: {line}"
        samples[whole] = float(value)
    return samples


def buckets(samples, histogram):
    return [value for name, value in samples.items() if name.startswith(histogram + "_bucket{")]


class Metrics(unittest.TestCase):
    def setUp(self):
        self.ada, self.pi = (ApiDevice(name) for name in NAMES)
        for device in (self.ada, self.pi):
            self.addCleanup(device.close)
            device.start()
        self.apis = {device: device.api("--all-spaces", "--write")
                     for device in (self.ada, self.pi)}

    def text_of(self, device):
        answer = self.apis[device].ask("GET", "/metrics")
        self.assertEqual(answer.status, 200, answer.body)
        return answer.body.decode()

    def of(self, device):
        return parsed(self.text_of(device))

    def lines(self, device, beginning):
        """What was logged that begins so, behind the time and the level."""
        said = device.output.read_text(errors="replace").splitlines()
        return [line for line in said if f" {beginning}" in line]

    def is_synced(self):
        return self.ada.run("status", "--check", "--quiet").returncode == 0

    def rounds_are_over(self, device):
        samples = self.of(device)
        ended = samples["lanyard_sync_successes_total"] + samples["lanyard_sync_failures_total"]
        return samples["lanyard_sync_rounds_total"] == ended

    def share(self):
        """A space on both, with one record."""
        self.ada.ok("space", "create", SPACE)
        self.write(KEY)
        make_known(self.ada, self.pi)
        self.ada.ok("space", "share", SPACE, NAMES[1])
        path = record_path(KEY, space=SPACE)
        wait_until("pi has the record",
                   lambda: self.apis[self.pi].ask("GET", path).status == 200)
        wait_until("all is there", self.is_synced)
        for device in (self.ada, self.pi):
            wait_until("the rounds are over", lambda: self.rounds_are_over(device))

    def write(self, key):
        self.apis[self.ada].put(record_path(key, space=SPACE), {"text": WORD})

    # ---- numbers

    def test_numbers_move_with_a_sync(self):
        before = {device: self.of(device) for device in (self.ada, self.pi)}
        self.share()
        for device, moved in ((self.ada, "lanyard_changes_written_total"),
                              (self.pi, "lanyard_changes_received_total")):
            now = self.of(device)
            for name in (moved, "lanyard_sync_rounds_total", "lanyard_sync_successes_total",
                         "lanyard_sync_received_bytes_total", "lanyard_sync_sent_bytes_total",
                         "lanyard_sync_last_success_timestamp_seconds", "lanyard_links",
                         "lanyard_sync_duration_seconds_count", "lanyard_spaces",
                         "lanyard_http_request_duration_seconds_count"):
                self.assertGreater(now[name], before[device][name], name)
            # Each that failed is told; on a machine that stands still one may.
            self.assertEqual(now["lanyard_sync_failures_total"],
                             len(self.lines(device, "sync failed")))
            self.assertEqual(now["lanyard_sync_duration_seconds_count"],
                             now["lanyard_sync_successes_total"])
        self.assertGreater(self.of(self.ada)["lanyard_changes_served_total"], 0)

    def test_a_local_write_is_timed_and_a_histogram_holds_together(self):
        samples = self.of(self.ada)
        times = "lanyard_local_write_duration_seconds"
        self.assertEqual(samples[times + "_count"], 0)
        self.apis[self.ada].put(record_path(KEY), {"text": WORD})
        samples = self.of(self.ada)
        self.assertEqual(samples[times + "_count"], 1)
        self.assertGreater(samples[times + "_sum"], 0)
        for histogram in (times, "lanyard_http_request_duration_seconds",
                          "lanyard_sync_duration_seconds"):
            counts = buckets(samples, histogram)
            self.assertEqual(counts, sorted(counts))
            self.assertEqual(counts[-1], samples[histogram + "_count"])
            self.assertIn(histogram + '_bucket{le="+Inf"}', samples)

    def test_conflicts_and_live_clients_are_counted(self):
        api, path = self.apis[self.ada], record_path(KEY)
        api.put(path, {"text": WORD})
        seen = api.get(path)["version"]
        self.assertEqual(self.of(self.ada)["lanyard_conflicts"], 0)
        for text in ("one", "another"):
            api.put(f"{path}?basedOn={seen}", {"text": text})
        self.assertEqual(self.of(self.ada)["lanyard_conflicts"], 1)
        with Line(self.ada.info["apiPort"]) as line:
            line.sign_in(api.token)
            self.assertEqual(self.of(self.ada)["lanyard_live_clients"], 1)
        wait_until("it has left", lambda: self.of(self.ada)["lanyard_live_clients"] == 0)

    def test_errors_are_counted_by_part_and_code(self):
        missing = 'lanyard_errors_total{part="api",code="LY-D004"}'
        self.assertNotIn(missing, self.of(self.ada))
        path = record_path("nothing")
        self.assertEqual(self.apis[self.ada].ask("GET", path).status, 404)
        samples = self.of(self.ada)
        self.assertEqual(samples[missing], 1)
        self.assertEqual(samples['lanyard_http_responses_total{status="404"}'], 1)

    def test_a_device_that_dies_is_an_error_of_links_and_lacks_what_is_written_then(self):
        self.share()
        pending = f'lanyard_pending_changes{{device="{self.pi.info["shortId"]}"}}'
        lost = 'lanyard_errors_total{part="links",code="LY-N001"}'
        before = self.of(self.ada)
        self.assertEqual((before["lanyard_links"], before[pending]), (1, 0))
        self.pi.kill()
        wait_until("the link is gone", lambda: self.of(self.ada)["lanyard_links"] == 0)
        self.write("another")
        after = self.of(self.ada)
        self.assertEqual(after[pending], 1)
        self.assertGreater(after[lost], before.get(lost, 0))

    def test_the_command_line_prints_the_same(self):
        def names(text):
            return {name for name in parsed(text)
                    if not name.startswith(("lanyard_http_responses", "lanyard_errors"))}

        self.assertEqual(names(self.ada.ok("metrics")), names(self.text_of(self.ada)))

    # ---- who may

    def test_it_wants_a_token_and_the_probes_want_none(self):
        stranger = Api(self.ada.info["apiPort"])
        for path in ("/healthz", "/readyz"):
            self.assertEqual(stranger.ask("GET", path).status, 200)
        self.assertEqual(stranger.ask("GET", "/metrics").status, 401)
        stranger.token = "lanyard_" + "x" * 43
        self.assertEqual(stranger.ask("GET", "/metrics").status, 401)

    def test_a_token_sees_its_own_spaces_and_those_devices(self):
        self.share()
        self.ada.ok("space", "create", "mine")
        mine = self.ada.api("--space", "mine")
        samples = parsed(mine.ask("GET", "/metrics").body.decode())
        self.assertEqual((samples["lanyard_spaces"], samples["lanyard_devices"]), (1, 0))
        self.assertNotIn(self.pi.info["shortId"], str(samples))
        self.assertGreater(self.of(self.ada)["lanyard_spaces"], 1)

    def test_it_can_be_switched_off(self):
        self.ada.ok("config", "set", "metrics.enabled", "false")
        self.ada.stop()
        self.ada.start()
        api = self.ada.api()
        self.assertEqual(api.ask("GET", "/metrics").status, 404)
        self.assertEqual(Api(self.ada.info["apiPort"]).ask("GET", "/metrics").status, 401)
        self.assertEqual(api.ask("GET", "/healthz").status, 200)

    # ---- what is said of it

    def test_nothing_of_what_people_wrote_is_shown_or_logged(self):
        self.share()
        self.apis[self.ada].post("/v1/sync?waitMs=10000")
        for device in (self.ada, self.pi):
            log = device.output.read_text(errors="replace")
            self.assertIn("sync completed", log)
            for text in (self.text_of(device), log):
                self.assertNotIn("planted", text)

    def test_a_round_is_logged_and_a_live_change_is_not(self):
        self.share()
        pi = re.escape(self.pi.info["shortId"])
        before = len(self.lines(self.ada, "sync "))
        for number in range(20):
            self.write(f"live-{number}")
        wait_until("all is there", self.is_synced)
        # A link that was made again meanwhile begins with a round of its own.
        self.assertEqual([line for line in self.lines(self.ada, "sync ")[before:]
                          if "sync started" in line and not line.endswith(": linked")], [])
        self.apis[self.ada].post("/v1/sync?waitMs=60000")
        wait_until("the round is over", lambda: self.rounds_are_over(self.ada))
        said = self.lines(self.ada, "sync ")[before:]
        (asked,) = [number for number, line in enumerate(said) if line.endswith(": asked")]
        started, completed = said[asked:asked + 2]
        self.assertRegex(started, rf" info sync started with device {pi}: asked$")
        self.assertRegex(completed, rf" info sync completed with device {pi}: spaces=0 "
                         r"changes_received=0 records_received=0 changes_sent=0 "
                         r"bytes_received=[1-9]\d* bytes_sent=[1-9]\d* ms=\d+$")

    def test_what_came_while_a_device_was_away_stands_in_both_lines(self):
        self.share()
        self.pi.stop()
        for number in range(5):
            self.write(f"meanwhile-{number}")
        before = {device: len(self.lines(device, "sync completed"))
                  for device in (self.ada, self.pi)}
        self.pi.start()
        self.pi.ok("devices", "add", self.ada.info["id"], "--at",
                   f"127.0.0.1:{self.ada.info['syncPort']}")
        for device, what in ((self.pi, r"spaces=1 changes_received=5 records_received=5 "),
                             (self.ada, r"spaces=1 .* changes_sent=5 ")):
            line = wait_until("the round is over", lambda: self.lines(
                device, "sync completed")[before[device]:])[0]
            self.assertRegex(line, what)

    def test_a_round_that_a_dying_device_ends_has_failed(self):
        self.share()
        before = self.of(self.ada)
        # It cannot answer any more, so that the round cannot end before the device does.
        os.kill(self.pi.process.pid, signal.SIGSTOP)
        self.apis[self.ada].post("/v1/sync?waitMs=0")
        wait_until("the round has begun",
                   lambda: self.lines(self.ada, "sync started")[-1].endswith(": asked") and
                   not self.rounds_are_over(self.ada))
        self.pi.kill()
        line = wait_until("it failed", lambda: self.lines(self.ada, "sync failed"))[0]
        self.assertRegex(line, r" warning sync failed with device "
                         rf"{re.escape(self.pi.info['shortId'])}: ms=\d+ error=LY-N001 \(.+\)$")
        after = self.of(self.ada)
        self.assertEqual(after["lanyard_sync_failures_total"],
                         before["lanyard_sync_failures_total"] + 1)
        self.assertEqual(after['lanyard_errors_total{part="sync",code="LY-N001"}'], 1)


if __name__ == "__main__":
    unittest.main()
