"""A yes from a person, and a stop by one."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import typer

from breachkit.errors import BreachkitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


def can_ask() -> bool:
    """Tell whether a person can answer."""
    return sys.stdin is not None and sys.stdin.isatty()


def ask(question: str, verb: str) -> None:
    """Ask for a yes; `verb` is what would be done ("moved"). Raises BreachkitError."""
    with _answered(verb):
        if typer.confirm(question, err=True):
            return
    raise _declined(verb)


def ask_for(word: str, question: str, verb: str) -> None:
    """Ask for a word to be typed, where a yes is too quick. Raises BreachkitError."""
    with _answered(verb):
        if typer.prompt(question, err=True, default="", show_default=False).strip() == word:
            return
    raise _declined(verb)


@contextmanager
def _answered(verb: str) -> Iterator[None]:
    if not can_ask():
        raise BreachkitError(f"nothing was {verb}: there is no terminal to ask on; add --yes once the plan is right")
    try:
        yield
    except (typer.Abort, KeyboardInterrupt, EOFError):
        typer.echo(err=True)
        raise _declined(verb) from None


def _declined(verb: str) -> BreachkitError:
    return BreachkitError(f"nothing was {verb}: you did not say yes; run it again when the plan is right")


def stopped(moved: int, planned: int, verb: str, following: str, journals: Iterable[str]) -> BreachkitError:
    """Say after Ctrl-C that the batch in hand was finished and the rest left."""
    for_the_notes = "".join(f"; {journal}" for journal in journals)
    return BreachkitError(
        f"stopped: {moved:,} of {planned:,} messages were {verb} and journalled, the others left alone{for_the_notes};"
        f" next: {following}"
    )


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C (and SIGTERM) set a flag while the block runs, so that the batch in hand is finished."""
    caught: list[int] = []
    before: dict[signal.Signals, Any] = {}
    for name in (signal.SIGINT, signal.SIGTERM):
        with suppress(ValueError):  # not in the main thread
            before[name] = signal.signal(name, lambda number, _frame: caught.append(number))
    try:
        yield lambda: bool(caught)
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
