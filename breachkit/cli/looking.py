"""Looking through the queues for what is to be purged, once or again and again."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING

from breachkit.files import Found
from breachkit.progress import bar
from breachkit.purge.choose import Chooser
from breachkit.purge.choose import Chosen
from breachkit.purge.choose import walk_queues
from breachkit.purge.plan import Tally
from breachkit.records import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from breachkit.cli.aside import Yard
    from breachkit.purge.plan import Plan
    from breachkit.purge.plan import Wanted
    from breachkit.purge.watch import Watch
    from breachkit.reading.gather import Books
    from breachkit.records import Message
    from breachkit.servers import QueueFolder


@dataclass(slots=True)
class Look:
    """Looks through the queues for what is wanted, again and again if asked."""

    yard: Yard
    wanted: Wanted
    books: Books
    tally: Tally = field(default_factory=Tally)
    chosen: list[Message] = field(default_factory=list)
    """The messages taken, where `keep` asks for them (`--explain`)."""
    keep: bool = False
    watch: Watch | None = None
    _folders: dict[str, QueueFolder] = field(default_factory=dict)

    def once(self) -> Plan:
        """Make the plan."""
        chooser = self._chooser()
        with bar(sys.stderr, "queue", None, " messages") as progress:
            for found in self._walk():
                progress(1)
                self.books.files += 1
                self.books.found_messages += 1
                if self.watch is not None and isinstance(found, Found):
                    self.watch.judged(found)
                self._take(chooser.judge(found) if isinstance(found, Found) else found)
                self.books.bytes += found.size if isinstance(found, Found) else 0
        self.tally.messages = self.books.messages
        return self.tally.plan(self.wanted)

    def again(self, most: int) -> list[Chosen]:
        """Look for messages that arrived since; no more than `most` are taken."""
        chooser = self._chooser()
        taken: list[Chosen] = []
        for found in self.watch.ripe(self._walk(), time.time()) if self.watch is not None else ():
            self.books.files += 1
            self.books.found_messages += 1
            self.books.bytes += found.size
            judged = chooser.judge(found)
            self._take(judged)
            taken += [judged] if isinstance(judged, Chosen) else []
            if len(taken) == most:
                break
        self.tally.messages = self.books.messages
        return taken

    def _walk(self) -> Iterator[Found | Skipped]:
        return walk_queues([queue.path for queue in self.yard.queues], self.yard.root)

    def _chooser(self) -> Chooser:
        self._folders = {os.fspath(folder.path): folder for folder in self.yard.folders}
        return Chooser(self.wanted, self._read, self.yard.root)

    def _read(self, found: Found) -> Message | Skipped:
        above = os.path.dirname(found.path)  # noqa: PTH120  once for each message
        while above not in self._folders:
            above = os.path.dirname(above)  # noqa: PTH120
        where = self.yard.where
        return where.server.read_message(found, self._folders[above], self.yard.root, where.zone)

    def _take(self, judged: Chosen | Skipped | None) -> None:
        if isinstance(judged, Skipped):
            self.books.skip(judged)
            return
        self.books.messages += 1
        if judged is not None:
            self.tally.add(judged.hit, judged.message)
            if self.keep:
                self.chosen.append(judged.message)
