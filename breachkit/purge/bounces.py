"""Bounces in the queue and what they are of, told by the ids in the server's logs; never by what is quoted in them."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from breachkit.errors import BreachkitError
from breachkit.evidence import gather
from breachkit.logs.kinds import TimeOfDay
from breachkit.micros import micros_of
from breachkit.purge.search import TextSearch
from breachkit.records import NULL_SENDER, Skipped

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import tzinfo

    from breachkit.evidence.where import Where
    from breachkit.logs.kinds import LogFile, LogKind
    from breachkit.purge.plan import Predicates
    from breachkit.purge.reach import Reach
    from breachkit.records import Message

NEAR = timedelta(minutes=2)
"""Between the time of a bounce and the line that names it: a short id of Postfix comes again within days."""
LONGEST_WAY = timedelta(days=10)
"""Between a message and its bounce; servers give up after 4 or 5 days."""

_Stamp = float | TimeOfDay


def find_caused(reach: Reach, wanted: Predicates, planned: Collection[str], books: gather.Books) -> list[Message]:
    """Find the queued bounces of messages that are wanted: planned ones, and such as were purged before.

    Where an account alone is asked for, it is all that it sent by the logs: most of that has left the queue.

    Args:
        reach: the queues.
        wanted: which messages.
        planned: those that are to be moved, by the absolute path of the first file of each; none is returned again.
        books: get what could not be read of the logs.

    Raises BreachkitError where nothing tells which message a bounce is of.
    """
    where, line = reach.where, reach.queues.rules.bounce_line
    if line is None or not gather.smtp_logs(where):
        why = f"{reach.title} does not log it" if line is None else "there are no logs; name them with --logs"
        raise BreachkitError(f"nothing was moved: nothing tells which message a bounce is of: {why}")
    messages = gather.read_messages(where, gather.Books(), quarantined=True)
    is_wanted = _judge_of(where, wanted)
    causes: dict[str, list[datetime]] = {}
    queued = []
    for message in messages:
        is_planned = os.path.abspath(message.files[0]) in planned  # links stay
        if not (message.quarantined or is_planned):
            queued.append(message)
        if message.queue_id is not None and (is_planned or (message.quarantined and is_wanted(message))):
            causes.setdefault(message.queue_id, []).append(message.ts)
    if wanted.kinds() == ["account"]:
        facts = gather.read_smtp(where, gather.Books(), gather.run_fingerprints(), (), by_hour=False)
        for _, user, _, sent in facts.sends:
            if sent.queue_id is not None and user is not None and user.lower() in wanted.accounts:
                causes.setdefault(sent.queue_id, []).append(sent.ts)
    return _find_bounces(where, line, queued, causes, books)


def _judge_of(where: Where, wanted: Predicates) -> Callable[[Message], bool]:
    searches = [TextSearch(texts, where.queue.text_of) for texts in wanted.searched()]

    def is_wanted(message: Message) -> bool:
        ts = micros_of(message.ts) if message.is_dated else None
        return wanted.takes(message, ts) and all(search.holds(message.files) for search in searches)

    return is_wanted


def _find_bounces(
    where: Where,
    line: re.Pattern[bytes],
    messages: Sequence[Message],
    causes: Mapping[str, Collection[datetime]],
    books: gather.Books,
) -> list[Message]:
    """Find the bounces among queued messages that some messages caused.

    Args:
        where: the logs.
        line: the text of a line that names a bounce and its cause, see `servers.Queue.bounce_line`.
        messages: of the queue.
        causes: when each of the messages in question was taken in, by its id; an id may come again.
        books: get what could not be read.
    """
    for skipped in where.skipped:
        books.skip(skipped)
    bounces = {one.queue_id: one for one in messages if one.mail_from == NULL_SENDER and one.queue_id is not None}
    found: dict[str, Message] = {}
    for log in gather.smtp_logs(where):
        for queue_id, cause, stamp in _read_notices(log, line, where.zone, books):
            bounce = bounces.get(queue_id)
            if bounce is None or not _is_near(stamp, bounce.ts, where.zone):
                continue
            if any(-NEAR <= bounce.ts - taken <= LONGEST_WAY for taken in causes.get(cause, ())):
                found[queue_id] = bounce
    return list(found.values())


def _read_notices(
    log: LogFile, line: re.Pattern[bytes], zone: tzinfo, books: gather.Books
) -> Iterator[tuple[str, str, _Stamp]]:
    """Yield bounce, cause and stamp of each line that names them."""
    from breachkit.logs.lines import blocks_of  # numpy

    for block in blocks_of(log):
        if isinstance(block, Skipped):
            books.skip(block)
            continue
        for hit in line.finditer(block.text):  # most logs have few such lines
            begin = block.text.rfind(b"\n", 0, hit.start()) + 1
            end = block.text.find(b"\n", hit.start())
            told = _read_notice(block.text[begin : end if end >= 0 else None].rstrip(b"\r"), line, log.kind, zone)
            if told is not None:
                yield told


def _read_notice(text: bytes, line: re.Pattern[bytes], kind: LogKind, zone: tzinfo) -> tuple[str, str, _Stamp] | None:
    """Read a line, from its left: what a stranger wrote stands further to the right in some other line."""
    split = kind.split(text, zone)
    if split is None or split.stamp is None or not split.key:
        return None
    found = line.match(split.text)
    return (found["bounce"].decode(), found["cause"].decode(), split.stamp) if found else None


def _is_near(stamp: _Stamp, ts: datetime, zone: tzinfo) -> bool:
    """Tell whether a stamp is of about the time of a message; one without a year is of the year that is nearest."""
    if isinstance(stamp, float):
        return abs(ts.timestamp() - stamp) <= NEAR.total_seconds()
    local = ts.astimezone(zone)
    for year in (local.year, local.year + 1, local.year - 1):
        try:
            hour, minute, second = map(int, stamp.time.split(b":"))
            moment = datetime(year, stamp.month, stamp.day, hour, minute, second, tzinfo=zone)
        except ValueError:
            continue  # the 29th of February, or a line that says no day
        if abs(moment - local) <= NEAR:
            return True
    return False
