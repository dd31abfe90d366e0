"""How far long work has come: a silent one and a tqdm one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO


class Progress(Protocol):
    """Is told how much more was done, in the unit of its bar."""

    def __call__(self, amount: int, /) -> object:
        """Add `amount`."""


def silent(_amount: int, /) -> None:
    """Say nothing."""


@contextmanager
def bar(stream: TextIO, title: str, total: int | None, unit: str) -> Iterator[Progress]:
    """Show a bar on `stream` while the block runs, or nothing when it is no terminal.

    `unit` is "B" for bytes (scaled by 1,000) or a noun such as " messages".
    """
    if not stream.isatty():
        yield silent
        return
    from tqdm import tqdm  # 60 ms, and only wanted on a terminal

    tqdm.monitor_interval = 0  # no thread of its own
    with tqdm(
        total=total,
        desc=title,
        unit=unit,
        unit_scale=True,
        file=stream,
        leave=False,
        mininterval=0.2,
        delay=0.5,
    ) as shown:
        yield shown.update
