"""How JSON objects are written, and the parts that all of them share (the contract is additive and golden-tested)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from breachkit.records import Locus
from breachkit.report.words import escape_json, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import tzinfo


KEPT_EXAMPLES = 3
SHARE_DIGITS = 4
TOP_SENDERS = 20
"""Declared senders that are listed."""

Json = dict[str, Any]


def plain(value: Any) -> Any:
    """Turn records into objects of the contract, and tuples into lists, through all of a document."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if hasattr(value, "_asdict"):
        return plain(_object(value))
    return [plain(part) for part in value] if isinstance(value, list | tuple) else value


def _object(record: Any) -> Json:
    """Write a record by the names of its fields, a place as the contract has it. Raises TypeError for anything else."""
    if isinstance(record, Locus):
        return {"path": record.shown, "offset": record.offset, "line": record.line}
    if hasattr(record, "_asdict"):
        written: Json = record._asdict()
        return written
    raise TypeError(type(record))


def dated(record: Any, zone: tzinfo, *without: str) -> Json:
    """Write a record by the names of its fields, its times spelled in a zone; some fields may be left out."""
    names = record._fields if hasattr(record, "_fields") else [field.name for field in fields(record)]
    parts = {name: getattr(record, name) for name in names if name not in without}
    return {name: stamp(part, zone) if isinstance(part, datetime) else part for name, part in parts.items()}


def skipped_json(skipped: Mapping[str, tuple[int, tuple[Locus, ...]]]) -> list[Json]:
    """Write what could not be read: a row for each reason, examples as places, never as text."""
    rows = sorted(skipped.items(), key=lambda pair: (-pair[1][0], pair[0]))
    return [
        {"reason": reason, "count": number, "examples": examples[:KEPT_EXAMPLES]} for reason, (number, examples) in rows
    ]


def share(number: float) -> float:
    """Round a share to the digits of the contract."""
    return round(number, SHARE_DIGITS)


def counted_json(key: str, rows: Iterable[tuple[Any, int]]) -> list[Json]:
    """Write names under a key, each with its number of messages."""
    return [{key: name, "messages": number} for name, number in rows]


def senders_json(rows: Sequence[tuple[str | None, int]], total: int) -> list[Json]:
    """Write the declared senders of most messages, each with its share of all."""
    return [{"mail_from": name, "messages": n, "share": share(n / total)} for name, n in rows[:TOP_SENDERS]]


def dump(document: Json | str) -> str:
    """Write one JSON object, with the records in it; what a terminal would obey or hide is escaped.

    So are the lone surrogates of odd names.
    """
    import orjson

    as_ever = orjson.OPT_INDENT_2 | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
    try:
        return escape_json(orjson.dumps(document, _object, as_ever | orjson.OPT_APPEND_NEWLINE).decode())
    except TypeError:  # what it does not take: a lone surrogate, a number of more than 64 bits
        return escape_json(json.dumps(plain(document), indent=2, ensure_ascii=False)) + "\n"


def dump_line(document: Json) -> str:
    """Write one JSON object on a line, without its end."""
    return escape_json(json.dumps(document, ensure_ascii=False))


def dump_rows(document: Json, key: str, rows: Iterable[Json | str | Iterator[str]]) -> Iterator[str]:
    """Write one JSON object piece by piece: `dump`, with a long list under one of its keys.

    Args:
        document: the object, with an empty list under the key.
        key: of the object itself.
        rows: made when they are written, so that there is one at a time; the pieces of one that is too long for that.
    """
    # no text has a line end of its own in JSON, so that only a key of the object itself stands so
    opening = f'\n  "{key}": ['
    before, found, behind = dump(document).partition(opening + "]")
    yield before + opening
    separator = end = ""
    for row in rows:
        yield separator
        held = "\n"
        for piece in row if isinstance(row, Iterator) else (dump(row),):
            text = held + piece
            held = "\n" * text.endswith("\n")
            yield text.removesuffix("\n").replace("\n", "\n    ")
        separator, end = ",", "\n  "
    yield end + found.removeprefix(opening) + behind
