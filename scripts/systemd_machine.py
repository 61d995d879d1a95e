"""A systemd that is the first process of a machine of its own: in namespaces, with the units that
it is given and no others. For scripts/check_systemd, in whose namespaces it starts."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys

from agents import wait_until

SYSTEMD = "/lib/systemd/systemd"
GROUP = pathlib.Path("/sys/fs/cgroup/machine")
# What units depend on by themselves, of which a machine has more.
TARGETS = ("sysinit", "basic", "shutdown", "network", "multi-user", "umount", "sockets", "timers",
           "paths", "slices")
# Runs as the first process: mounts what is to be the machine's own, and becomes systemd.
BEGIN = """
set -e
mount -t tmpfs machine /run
mkdir -p /run/machine/upper /run/machine/work /run/systemd/system
mount -t overlay -o lowerdir=/usr/bin,upperdir=/run/machine/upper,workdir=/run/machine/work \
    overlay /usr/bin
cp "$1" /usr/bin/lanyard
chmod 755 /usr/bin/lanyard
mount -t tmpfs -o mode=755 machine /var/lib
umount /sys/fs/cgroup  # whose root is another one
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up
exec env -i container=lanyard PATH="$PATH" SYSTEMD_UNIT_PATH="$2" \
    /lib/systemd/systemd --system --unit=multi-user.target --log-target=console --show-status=no
"""


class Machine:
    """Started with these units, by their names, and this program at /usr/bin/lanyard."""

    def __init__(self, binary: str, folder: str, units: dict[str, str]):
        self.units = pathlib.Path(folder, "units")
        self.units.mkdir()
        for target in TARGETS:
            (self.units / f"{target}.target").write_text(f"[Unit]\nDescription={target}\n")
        for name, text in units.items():
            (self.units / name).write_text(text)
        self.log = pathlib.Path(folder, "machine.log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--cgroup", "--net",
                 "--ipc", "--uts", "--mount-proc", "--", "sh", "-c", BEGIN, "sh",
                 os.path.realpath(binary), str(self.units)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=self.enter_group)
        wait_until("the first process to be there", self.first)
        wait_until("systemd to answer",
                   lambda: self.run("systemctl", "is-system-running").stdout.strip() in
                   ("running", "degraded"))

    @staticmethod
    def enter_group() -> None:
        GROUP.mkdir(exist_ok=True)
        (GROUP / "cgroup.procs").write_text(str(os.getpid()))

    def first(self) -> int:
        """Its first process, as it is seen from here; 0: not yet."""
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        return int((pathlib.Path(children).read_text().split() or ["0"])[0])

    def run(self, *command: str) -> subprocess.CompletedProcess:
        """What somebody does who is root there."""
        return subprocess.run(["nsenter", f"--target={self.first()}", "--all", "--", *command],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def end(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        for folder in sorted(GROUP.rglob("*/"), reverse=True) + [GROUP]:
            try:
                folder.rmdir()
            except OSError:
                pass  # whoever was in it is not gone yet


def missing() -> list[str]:
    return [tool for tool in ("nsenter", "unshare", "ip", SYSTEMD) if not shutil.which(tool)]


if __name__ == "__main__":
    sys.exit("systemd_machine: see scripts/check_systemd")
