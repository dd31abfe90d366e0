"""What a purge that finds nothing was meant to find: names and texts that stand in the evidence, near those typed."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from difflib import get_close_matches
from heapq import nsmallest
from typing import TYPE_CHECKING, NamedTuple

from breachkit.errors import BreachkitError
from breachkit.evidence import gather
from breachkit.evidence.queued import queue_pieces
from breachkit.files import in_walk_order, read_head
from breachkit.report.words import clean, count
from breachkit.text.message import decoded_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from breachkit.evidence.where import Where
    from breachkit.purge.plan import Plan
    from breachkit.purge.reach import Reach
    from breachkit.purge.store import Queues

SHOWN = 3
"""Names that are offered for one that is unknown."""
MOST_NAMES = 20_000
"""Known names that one is compared with: a millisecond for each fifty."""
MOST_MESSAGES = 2000
SECONDS = 2.0
"""Messages of the queue, and seconds, that the search for a near text may take."""
MOST_BYTES = 1 << 18
LONGEST = 200
"""Characters of a STRING that are looked for with slips of the pen in them."""
LONGEST_SHOWN = 60
LETTERS_PER_SLIP = 5


def refuse_unknown(where: Where, plan: Plan) -> None:
    """Refuse a name that stands nowhere in queue, quarantine and export.

    Raises BreachkitError.
    """
    wanted = plan.wanted
    met = {name for rows in (plan.auth_users, plan.mail_froms) for name, _ in rows if name is not None}
    accounts = [name for name in wanted.accounts if name not in met]
    # one that is alone and hits something may stand in the message's own From, which the plan does not count
    is_hit = plan.planned and len(wanted.senders) == 1
    senders = [] if is_hit else [name for name in wanted.senders if name not in met]
    if not accounts and not senders:
        return
    messages = gather.read_messages(where, gather.Books(), quarantined=True)
    rows = gather.read_accounts(where, gather.Books()) if accounts else []
    known = {name for row in rows for name in (row.address, *row.aliases, *row.usernames)}
    known |= {message.auth_user for message in messages if message.auth_user is not None}
    _refuse("--account", accounts, known)
    declared = {name for one in messages for name in (one.mail_from, one.header_from) if name is not None}
    domains = {"@" + name.rpartition("@")[2] for name in declared}
    _refuse("--from", senders, declared | domains)


def _refuse(option: str, names: Iterable[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            near = ", ".join(_nearest(name, known))
            what = "the nearest: " + near if near else "'breachkit scan' lists those that do"
            raise BreachkitError(
                f"nothing was moved: {option} '{name}' stands in no message of queue or quarantine, and in no export of"
                f" accounts; {what}"
            )


def _nearest(name: str, known: set[str]) -> list[str]:
    """List the known names that are most like one: those of the same local part first."""
    local = {*re.split(r"[@%/\\]", name)} - {""}
    same = sorted(one for one in known if one.partition("@")[0] in local and one != name)
    few = sorted(known)[:MOST_NAMES]
    return list(dict.fromkeys([*same, *get_close_matches(name, few, SHOWN)]))[:SHOWN]


class _Near(NamedTuple):
    """What was found in some messages."""

    looked_at: int
    exact: int
    """Messages that hold the text as it was typed: another predicate has left them out."""
    in_other_case: int
    spellings: Counter[str]


def text_hints(reach: Reach, plan: Plan) -> Iterator[str]:
    """Say what each STRING of a plan of nothing would find if it were spelled otherwise; one line each."""
    texts = plan.wanted.texts
    if plan.planned or texts.is_regex:
        return
    for string in dict.fromkeys(texts.strings):
        near = _look_for(reach, string, texts.ignore_case)
        seen = f"of the {count(near.looked_at, 'message')} looked at"
        said = f"'{_short(string)}'"
        if near.exact:
            yield f"{near.exact:,} {seen} hold {said}, but not all else that was asked for"
        elif near.in_other_case and not texts.ignore_case:
            yield f"no message holds {said} as it is typed; with -i {near.in_other_case:,} {seen} do"
        elif near.spellings:
            spelling, number = near.spellings.most_common(1)[0]
            yield f"no message holds {said}; the nearest in the queue is '{_short(spelling)}' ({number:,} {seen})"


def _look_for(reach: Reach, string: str, ignore_case: bool) -> _Near:
    import regex

    end = time.monotonic() + SECONDS
    low = string.lower()
    slips = min(3, len(string) // LETTERS_PER_SLIP)
    words = r"\s+".join(map(regex.escape, string.split()))
    near = regex.compile(rf"(?b)(?:{words}){{e<={slips}}}" if len(string) <= LONGEST else words, regex.IGNORECASE)
    looked_at = exact = in_other_case = 0
    spellings: Counter[str] = Counter()
    for files in _first_messages(reach.queues):
        if time.monotonic() > end:
            break
        looked_at += 1
        texts = list(_texts(files, reach.queues.rules.text_of))
        exact += any(string in text for text in texts)
        in_other_case += any(low in text.lower() for text in texts)
        if not exact and (ignore_case or not in_other_case):
            spellings.update(_spelled(near, texts, end))
    return _Near(looked_at, exact, in_other_case, spellings)


def _first_messages(queues: Queues) -> list[list[str]]:
    """List the files of the first messages in the order of a walk."""
    pieces = queue_pieces([place.path for place in queues.places], queues.rules, None, [])
    found = ([piece.folder + os.sep + name for name in files] for piece in pieces for files in piece.messages)
    return nsmallest(MOST_MESSAGES, found, key=lambda files: in_walk_order(files[0]))


def _texts(files: Sequence[str], text_of: Callable[[Sequence[bytes]], bytes] | None) -> Sequence[str]:
    try:
        raws = [read_head(path, MOST_BYTES) for path in files]
    except OSError:
        return ()  # counted by the search itself
    raw = text_of(raws) if text_of else raws[0]
    return *(one.decode("utf-8", "replace") for one in raws), *decoded_texts(raw)


def _spelled(near: object, texts: Sequence[str], end: float) -> set[str]:
    found = set()
    for text in texts:
        try:
            hit = near.search(text, timeout=max(0.001, end - time.monotonic()))  # type: ignore[attr-defined]
        except TimeoutError:
            break
        if hit:
            found.add(hit[0].strip())
    return found


def _short(text: str) -> str:
    one_line = clean(" ".join(text.split()))
    return one_line if len(one_line) <= LONGEST_SHOWN else one_line[: LONGEST_SHOWN - 1] + "…"
