"""What an attack costs an agent, beside the bytes that the attacker sent.

    cost = Cost(device)              from here on
    ...
    cost.report("64 bodies", sent)   prints it as JSON, and returns the figures
"""

import json
import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def resident_peak(pid: int) -> int:
    """Bytes: the largest resident size since the process began."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"process {pid} has no memory")


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def disk_bytes(folder: Path) -> int:
    """What the files take, not how long they are."""
    total = 0
    for each in folder.rglob("*"):
        try:
            total += each.stat().st_blocks * 512
        except FileNotFoundError:
            pass  # the agent has removed it
    return total


class Cost:
    def __init__(self, device):
        self.device = device
        self.pid = device.call("agent.info")["agent"]["pid"]
        self.before = self.now()

    def now(self) -> dict:
        return {"peakBytes": resident_peak(self.pid), "diskBytes": disk_bytes(self.device.data),
                "cpuSeconds": processor_seconds(self.pid)}

    def report(self, scene: str, sent: int) -> dict:
        cost = {name: round(value - self.before[name], 2) for name, value in self.now().items()}
        print(json.dumps({"scene": scene, "bytesIn": sent, **cost}), flush=True)
        return cost
