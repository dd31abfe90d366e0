"""One clock for a story and its servers: libfaketime reads an offset from a file at each call.

It only moves forward. A jump of hours takes no time, so two days of logs are made in a minute. What the kernel stamps
on files stays the time of the machine.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

KEPT = "TZ LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC NO_FAKE_STAT"
"""What servers that clean their environment must hand on to their children."""


class Clock:
    """The machine's time and an offset of whole seconds that stands in a file."""

    def __init__(self, path: Path, begin: datetime) -> None:
        self._path = path
        self._offset = -(1 << 40)
        self.jump(begin)

    def now(self) -> datetime:
        """Return the time as the servers see it."""
        return datetime.fromtimestamp(time.time() + self._offset, UTC)

    def jump(self, moment: datetime) -> None:
        """Go to a moment, unless it has passed."""
        wanted = int(moment.timestamp() - time.time())
        if wanted > self._offset:
            self._offset = wanted
            fresh = self._path.with_suffix(".new")
            fresh.write_text(f"{wanted:+d}\n", encoding="ascii")
            fresh.chmod(0o644)
            fresh.replace(self._path)

    def environment(self, *, fake_monotonic: bool) -> dict[str, str]:
        """Return what a server needs in its environment to live in this time."""
        (library,) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
        return {
            "LD_PRELOAD": os.fspath(library),
            "FAKETIME_TIMESTAMP_FILE": os.fspath(self._path),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": str(int(not fake_monotonic)),
            "NO_FAKE_STAT": "1",
        }
