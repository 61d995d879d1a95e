"""What all parts of scripts/bench share: lines of JSON, spreads, the machine's limits, processes.

    report(measurement="live", p50_ms=1.2)    one JSON line
    percentile(times, 99)                     of what was measured, never between two of it
    Limits(options, folder, corpus)           the programs of this folder, in the same run
"""
from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
from typing import NamedTuple

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Goal(NamedTuple):
    """One line of the end: what was reached, and what docs/GOALS.md wants."""
    what: str
    n: int
    reached: float
    sign: str
    wanted: float
    # What an earlier build reached, measured as docs/GOALS.md says.
    before: float | str | None = None

    def report(self) -> None:
        met = self.reached >= self.wanted if self.sign == ">=" else self.reached <= self.wanted
        earlier = {} if self.before is None else {"before": self.before}
        report(goal=self.what, n=self.n, reached=round(self.reached, 3),
               wanted=f"{self.sign} {self.wanted}", met=met, **earlier)


def report(**figures) -> dict:
    print(json.dumps(figures), flush=True)
    return figures


def percentile(values: list[float], percent: float) -> float:
    """The smallest of the values that `percent` of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100).__trunc__() - 1)]


def spread(name: str, seconds: list[float], *percents: int) -> dict[str, float]:
    """{"visible_p50_ms": ..} and so on."""
    return {f"{name}_p{percent}_ms": round(percentile(seconds, percent) * 1000, 3)
            for percent in percents}


class Limits:
    """What this machine can do at best, now."""

    def __init__(self, options: argparse.Namespace, folder: pathlib.Path, corpus: pathlib.Path):
        self.program = options.binary_folder / "bench/bench_limits"
        self.folder, self.corpus = folder, corpus
        self.cpu_us: dict[str, float] = {}

    def now(self, *names: str) -> dict[str, float]:
        """Per second. What they cost a processor, in microseconds each, is kept in `cpu_us`."""
        done = subprocess.run([self.program, self.corpus, self.folder, *names], check=True,
                              capture_output=True, text=True)
        print(done.stdout, end="", flush=True)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.cpu_us.update({line["limit"]: line["cpu_us"] for line in lines})
        return {line["limit"]: line["per_s"] for line in lines}

    def beside(self, names: tuple[str, ...], measure) -> tuple[object, dict[str, float]]:
        """Between two looks at the limits: a disk or a machine has better and worse minutes."""
        before = self.now(*names)
        result = measure()
        after = self.now(*names)
        return result, {name: (before[name] + after[name]) / 2 for name in names}


# ---- processes


def memory_kib(pid: int, what: str) -> int:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1])
    raise SystemExit(f"bench: the kernel does not tell {what}")


def reset_peak(pid: int) -> None:
    """VmHWM begins anew, at what the process has now (proc(5), clear_refs)."""
    try:
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
    except PermissionError:
        raise SystemExit("bench: an agent's peak of memory begins anew for root alone")


def children(pid: int) -> list[int]:
    """Processes that it has started: an agent's discovery is one."""
    return [int(word) for word in
            pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def thread_cpu_us(pid: int) -> dict[str, float]:
    """What each thread of the process has had of the processors, in microseconds, by its name."""
    used: dict[str, float] = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        on_cpu_ns = int((task / "schedstat").read_text().split()[0])
        used[name] = used.get(name, 0.0) + on_cpu_ns / 1000
    return used


def cpu_seconds(pids: list[int]) -> float:
    """What the processes have had of the processors since they began."""
    ticks = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])  # utime and stime of proc(5)
    return ticks / TICKS_PER_S
