"""Where servers are run: namespaces of one test, in which they live at their usual places and nothing can leave.

The test is run again by a pytest of its own, as root, under `unshare`: its network is a loopback of its own, its mounts
are seen by nobody else, and no process outlives it.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

PACKAGES = "BREACHKIT_TEST_SERVERS"
"""The environment names the folder that `fetch` filled. Once it is named, nothing that is missing is skipped."""
_INSIDE = "BREACHKIT_TEST_INSIDE"
_PROGRAMS = ("usr/sbin/postfix", "usr/sbin/exim4", "usr/sbin/dovecot")
_SETTINGS = ("postfix", "exim4", "dovecot")
"""Folders of /etc that the packages bring."""
_USERS = ("postfix", "postdrop", "dovecot", "dovenull", "Debian-exim", "mailboxes")
FIRST_ID = 5000
"""User and group ids of the servers, from here on; no user of the machine is made."""
_SECONDS = 900


def is_inside() -> bool:
    """Tell whether this process is in the namespaces."""
    return _INSIDE in os.environ


def missing() -> str | None:
    """Say why no server can be run here; None: one can."""
    if not (named := os.environ.get(PACKAGES)):
        return f"no servers here: {PACKAGES} names no folder of tests.servers.live.fetch"
    if gone := [program for program in _PROGRAMS if not Path(named, program).exists()]:
        return f"not in {named}: {', '.join(gone)}"
    if shutil.which("unshare") is None:
        return "no unshare here (util-linux)"
    probe = [*_as_root(), "unshare", "--net", "--mount", "true"]
    tried = subprocess.run(probe, check=False, capture_output=True, text=True)
    return f"no namespaces here, or not as this user: {tried.stderr.strip()}" if tried.returncode else None


def run_inside(node: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one test in namespaces of its own; its temporary files lie in a folder."""
    line = [*_as_root(), "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    line += [sys.executable, "-m", "pytest", "-q", "-rP", "-p", "no:cacheprovider", f"--basetemp={folder}", node]
    environment = {**os.environ, _INSIDE: "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        line,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        cwd=Path(__file__).parents[3],
    )


def _as_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo", "--non-interactive", "--preserve-env"]


def user_id(name: str) -> int:
    """Return the id of a server's user in the namespaces, which is its group's too."""
    return FIRST_ID + _USERS.index(name)


def set_up(folder: Path) -> None:
    """Give these namespaces their loopback, the programs of the packages, and places of their own below a folder."""
    packages = Path(os.environ[PACKAGES]).resolve()
    users = "".join(f"{name}:x:{user_id(name)}:{user_id(name)}::/nonexistent:/usr/sbin/nologin\n" for name in _USERS)
    groups = "".join(f"{name}:x:{user_id(name)}:\n" for name in _USERS)
    files = {
        "resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n",
        "hosts": "127.0.0.1 localhost\n",
        "passwd": users + Path("/etc/passwd").read_text("utf-8"),
        "group": groups + Path("/etc/group").read_text("utf-8"),
    }
    for name in _SETTINGS:
        shutil.copytree(packages / "etc" / name, folder / "etc" / name)
    for name, text in files.items():
        (folder / "etc" / name).write_text(text, encoding="utf-8")
    _raise_loopback()
    _mount("-t", "tmpfs", "tmpfs", "/dev/shm")  # libfaketime leaves two files there for each process
    for ours in (packages / "usr", folder / "etc"):
        _mount("-t", "overlay", "overlay", "-o", f"lowerdir={ours}:/{ours.name}", f"/{ours.name}")
    for place in (*(f"etc/{name}" for name in _SETTINGS), "var/log", "var/spool"):
        (folder / place).mkdir(parents=True, exist_ok=True)
        _mount("--bind", str(folder / place), f"/{place}")  # an overlay of two folders cannot be written


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


def _raise_loopback() -> None:
    """Set the loopback up, as `ip link set lo up` does (netdevice(7)); all of 127.0.0.0/8 is there then."""
    import fcntl
    import socket

    up_and_running, set_flags = 0x41, 0x8914
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        fcntl.ioctl(probe, set_flags, struct.pack("16sH22x", b"lo", up_and_running))
