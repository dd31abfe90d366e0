"""Runs one command and writes what it took to a handle: seconds, processor seconds, peak KiB, exit code.

A process of its own, and a small one: on Linux the peak of a child begins at the size of the process that
started it (exec keeps the high-water mark), so a large harness would hide what it measures.
"""

from __future__ import annotations

import os
import sys
import time


def main() -> None:
    """Run `argv[2:]`; write to the handle `argv[1]`."""
    start = time.perf_counter()
    child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    os.write(int(sys.argv[1]), f"{wall} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss} {code}".encode())


if __name__ == "__main__":
    main()
