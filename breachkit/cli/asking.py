"""A yes from a person, and a stop by one."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import typer

from breachkit.errors import DeclinedError, NobodyToAskError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def can_ask() -> bool:
    """Tell whether a person can answer."""
    return sys.stdin is not None and sys.stdin.isatty()


def ask(question: str, verb: str) -> None:
    """Ask for a yes; `verb` is what would be done ("moved"). Raises NobodyToAskError, DeclinedError."""
    if not can_ask():
        raise NobodyToAskError(verb)
    with _declined_by_abort(verb):
        if typer.confirm(question, err=True):
            return
    raise DeclinedError(verb)


def ask_for(word: str, question: str, verb: str) -> None:
    """Ask for a word to be typed, where a yes is too quick. Raises NobodyToAskError, DeclinedError."""
    if not can_ask():
        raise NobodyToAskError(verb)
    with _declined_by_abort(verb):
        if typer.prompt(question, err=True, default="", show_default=False).strip() == word:
            return
    raise DeclinedError(verb)


@contextmanager
def _declined_by_abort(verb: str) -> Iterator[None]:
    try:
        yield
    except (typer.Abort, KeyboardInterrupt, EOFError):
        typer.echo(err=True)
        raise DeclinedError(verb) from None


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
