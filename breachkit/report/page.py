"""A page of text for a terminal: paragraphs and tables that fold rather than hide.

Every text is cleaned here, so that no renderer can forget it.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from typing import TYPE_CHECKING

from breachkit.report.words import clean, place
from breachkit.shells import notes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from breachkit.records import Locus

PLAIN_WIDTH = 100
"""Columns of a page that is not written to a terminal: it is the same on every machine."""

NARROWEST = 40

NARROW = 76
FEW = 3
"""Columns of a terminal below which a table of more than so many columns is stacked."""

NUMBERS = {
    *("accounts", "busiest hour", "bytes", "elsewhere", "failed", "here"),
    *("in", "messages", "recipients", "senders", "sessions", "share"),
}
"""Columns of numbers: they stand at the right, and are never folded."""


class Page:
    """Collects the text of one report."""

    def __init__(self, width: int | None = None) -> None:
        from rich.console import Console

        is_terminal = sys.stdout.isatty()
        columns = width or (shutil.get_terminal_size().columns if is_terminal else PLAIN_WIDTH)
        self._stream = io.StringIO()
        self._console = Console(
            file=self._stream,
            width=max(columns, NARROWEST),
            force_terminal=is_terminal and not os.environ.get("NO_COLOR"),
            no_color=bool(os.environ.get("NO_COLOR")) or not is_terminal,
            color_system="standard" if is_terminal else None,
            markup=False,
            highlight=False,
            emoji=False,
            legacy_windows=False,
        )

    def say(self, text: str = "", *, style: str = "", indent: int = 0) -> None:
        """Add a paragraph, folded at blanks."""
        from rich.padding import Padding
        from rich.text import Text

        self._console.print(Padding(Text(clean(text), style=style, overflow="fold"), (0, 0, 0, indent)))

    def literal(self, text: str, *, indent: int = 0) -> None:
        """Add one line as it is, never folded: a command to copy."""
        self._stream.write(" " * indent + clean(text) + "\n")

    def commands(self, lines: Sequence[str], *, title: str = "Next", indent: int = 2) -> None:
        """Add a heading and lines to copy, and what to type for the stand-ins in them; nothing without a line."""
        if not lines:
            return
        self.heading(title)
        for line in lines:
            self.literal(line, indent=indent)
        for note in notes(lines):
            self.say(note, indent=indent)

    def heading(self, text: str) -> None:
        """Add a heading after an empty line."""
        self.say()
        self.say(text, style="bold")

    def table(self, columns: Collection[str], rows: Iterable[Sequence[str]], *, indent: int = 2) -> None:
        """Add a table; cells fold where the terminal is narrow."""
        if self._console.width < NARROW and len(columns) > FEW:
            for row in rows:
                self._stack(columns, row, indent)
            return
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
        for name in columns:
            is_number = name in NUMBERS
            table.add_column(name, justify="right" if is_number else "left", overflow="fold", no_wrap=is_number)
        for row in rows:
            table.add_row(*(Text(clean(cell)) for cell in row))
        self._console.print(Padding(table, (0, 0, 0, indent)))

    def _stack(self, columns: Collection[str], row: Sequence[str], indent: int) -> None:
        """Add a row as a line of its own and one of what belongs to it: an address must stay whole to be copied."""
        first, *rest = row
        named = zip([*columns][1:], rest, strict=True)
        self.literal(first, indent=indent)
        self.say(", ".join(f"{name} {cell}".strip() for name, cell in named if cell), indent=indent + 2)

    def more(self, number: int, *, indent: int = 2) -> None:
        """Say how many more rows JSON has; nothing where there is none."""
        if number > 0:
            self.say(f"… {number:,} more with --format json", indent=indent)

    def places(self, evidence: Sequence[Locus], *, indent: int) -> None:
        """Add where a claim can be looked up."""
        self.say("see " + ", ".join(place(locus) for locus in evidence), style="dim", indent=indent)

    def text(self) -> str:
        """Return the page; blanks at the ends of lines are dropped."""
        return "\n".join(line.rstrip() for line in self._stream.getvalue().split("\n"))
