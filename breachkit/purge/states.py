"""What a journal says of each message: the lines of a run, folded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from breachkit.errors import JournalBrokenError
from breachkit.purge.chain import NEW
from breachkit.purge.disk import Fingerprint
from breachkit.purge.journal import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from breachkit.purge.chain import End

State = Literal["intended", "moved", "left", "restoring", "restored", "dropped"]


class Entry(NamedTuple):
    """One message of a run."""

    number: int
    home: str
    """As spelled in the journal: not to be believed."""
    fingerprint: Fingerprint
    state: State


@dataclass(slots=True)
class History:
    """A run as its journal tells it."""

    end: End = NEW
    began: str = ""
    wanted: list[str] = field(default_factory=list)
    is_ended: bool = False
    entries: dict[int, Entry] = field(default_factory=dict)

    def set_state(self, numbers: Iterable[int], state: State) -> None:
        """Give entries a new state."""
        for number in numbers:
            self.entries[number] = Entry(*self.entries[number][:3], state)

    def count(self, *states: State) -> int:
        """Count the entries in any of the states."""
        return sum(entry.state in states for entry in self.entries.values())


def read_history(path: str) -> History:
    """Tell from a journal what became of each message, without keeping its lines.

    Raises:
        JournalBrokenError: the chain is broken, or a line names a message that no intent began.
        OSError.
    """
    history = History()
    reading = Reading(path)
    for line in reading:
        try:
            _FOLDS[line.kind](history, line.fields)
        except (KeyError, TypeError, ValueError, IndexError):
            raise JournalBrokenError(path, line.number, "it does not fit the lines before it") from None
    history.end = reading.end
    return history


def _run(history: History, fields: dict[str, object]) -> None:
    history.began = str(fields["began"])
    history.wanted = [str(word) for word in _listed(fields["wanted"])]


def _intent(history: History, fields: dict[str, object]) -> None:
    number = _number(fields["id"])
    if number in history.entries or number < 1:
        raise KeyError(number)
    known = Fingerprint._make(map(fields.__getitem__, Fingerprint._fields))
    history.entries[number] = Entry(number, str(fields["home"]), known, "intended")


def _done(history: History, fields: dict[str, object]) -> None:
    history.set_state(_numbers(fields["moved"]), "moved")
    history.set_state((_number(_listed(row)[0]) for row in _listed(fields["left"])), "left")


def _replaced(history: History, fields: dict[str, object]) -> None:
    entry = history.entries[_number(fields["id"])]
    changed: dict[str, Any] = {name: fields[name] for name in ("size", "mtime_ns", "device", "inode", "sha256")}
    history.entries[entry.number] = entry._replace(fingerprint=entry.fingerprint._replace(**changed))


def _end(history: History, _fields: dict[str, object]) -> None:
    history.is_ended = True


def _ignore(_history: History, _fields: dict[str, object]) -> None:
    """Lines that say nothing of a message in the quarantine."""


def _restoring(history: History, fields: dict[str, object]) -> None:
    history.set_state(_numbers(fields["ids"]), "restoring")


def _restored(history: History, fields: dict[str, object]) -> None:
    history.set_state(_numbers(fields["ids"]), "restored")


def _dropped(history: History, fields: dict[str, object]) -> None:
    history.set_state(_numbers(fields["ids"]), "dropped")


_FOLDS = {
    "run": _run,
    "intent": _intent,
    "left": _ignore,
    "done": _done,
    "replaced": _replaced,
    "end": _end,
    "restoring": _restoring,
    "restored": _restored,
    "dropped": _dropped,
}


def _listed(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _numbers(value: object) -> Iterator[int]:
    return map(_number, _listed(value))


def _number(value: object) -> int:
    if type(value) is not int:
        raise TypeError(value)
    return value
