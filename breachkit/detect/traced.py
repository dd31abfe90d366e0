"""The sessions that a person looks for, found in the logs and read again line by line."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from breachkit.detect.names import Directory
from breachkit.detect.tracing import MOST_JOINS, Outline, find_followers, joins_of, parse_target
from breachkit.errors import BreachkitError
from breachkit.evidence import gather
from breachkit.evidence.messages import file_of, message_at
from breachkit.logs.facts import Sought
from breachkit.spelling import spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from breachkit.detect.tracing import Target
    from breachkit.evidence.where import Where
    from breachkit.logs.facts import LogFacts, TranscriptLine
    from breachkit.records import Locus, Message, Session


class TracedSession(NamedTuple):
    """One session with what is said of it and its lines."""

    session: Session
    lines: tuple[TranscriptLine, ...]
    auth_user: str | None


class Chosen(NamedTuple):
    """The sessions asked for, in order: each server session, then the client sessions that followed it."""

    sessions: list[Session]
    facts: LogFacts
    directory: Directory
    is_known: Callable[[str], bool]
    """Whether a user name is one of an account that is known: exported, or seen to come in, or asked for."""


def choose_sessions(where: Where, typed: str, books: gather.Books) -> Chosen:
    """Find the sessions of a message id, an account, an address, a declared sender or a file of the queue.

    Raises BreachkitError, also where there are none.
    """
    word = _word_of(where, typed)
    if not gather.smtp_logs(where):
        raise BreachkitError(
            f"no SMTP logs found in {where.layout.root or '.'}: looked for {where.looked_for};"
            " name them with --logs DIR"
        )
    directory = Directory(gather.read_accounts(where, books))
    target = parse_target(word, directory)
    is_meant = functools.partial(target.is_name, directory=directory)
    facts = gather.read_smtp(where, books, gather.run_fingerprints(), (), by_hour=False)
    keep = functools.partial(Outline, target.is_id, is_meant, target.word)
    found = (
        session
        for sought in _sought(target, facts, is_meant)
        for session in gather.find_sessions(where, sought, keep, "sessions")
    )
    chosen = {session.source: session for session in found if target.is_met(session)}
    if not chosen and "@" in target.word:
        chosen = _sessions_of_sender(where, target.word, keep)
    if not chosen:
        raise BreachkitError(
            f"no session of '{word}' in the logs ({_reach(facts, where)}); check the id, or name more logs with --logs"
        )
    joins = joins_of(chosen.values())
    others: Iterable[Session] = ()
    if joins is None or joins:
        others = gather.find_sessions(where, Sought(texts=joins or frozenset(), is_client=True), keep, "deliveries")
    clients = (session for session in others if session.kind == "client")
    won = {spelled(word), *map(spelled, facts.attempts.users("success"))}
    seen = Directory((), won)
    return Chosen(
        [session for group in find_followers(chosen.values(), clients) for session in group],
        facts,
        directory,
        lambda name: spelled(name) in won or seen.is_known(name) or directory.is_known(name),
    )


def read_chosen(
    where: Where,
    sessions: Sequence[Session],
    directory: Directory,
    is_known: Callable[[str], bool],
    *,
    show_passwords: bool = False,
) -> list[TracedSession]:
    """Read the lines of some sessions; names that are not known are masked."""
    wanted = frozenset(session.source for session in sessions)
    read = gather.read_transcripts(where, wanted, is_known, show_passwords=show_passwords)
    lines = {session.source: found for session, found in read}
    return [TracedSession(one, lines.get(one.source, ()), one.kept.auth_user(directory)) for one in sessions]


def _word_of(where: Where, typed: str) -> str:
    """Return the id of the message in a file of the queue, else what was typed. Raises BreachkitError."""
    path = file_of(where, typed)
    if path is None:
        return typed
    queue_id = message_at(where, path).queue_id
    if queue_id is None:
        raise BreachkitError(f"{typed} names no message id in its head; trace its account or its sender instead")
    return queue_id


def _sought(target: Target, facts: LogFacts, is_meant: Callable[[str], bool]) -> Iterator[Sought]:
    """Spell what is wanted for the readers of logs: an address, else an account, a message id, or both."""
    if target.client_ip is not None:
        yield Sought(client_ip=target.client_ip)
        return
    begins = facts.attempts.begins_of(is_meant)
    if begins:
        yield Sought(places=frozenset(begins))
    if target.word and "@" not in target.word:
        yield Sought(texts=target.ids)


def _sessions_of_sender(where: Where, sender: str, keep: Callable[[], Outline]) -> dict[Locus, Session]:
    """Find the sessions of a declared sender.

    Postfix names it in the lines of each message alone: there the id tells which session brought the message in. Short
    ids come again, so it is the last one before; where there is none in the logs, the lines of the message are shown.
    """
    chosen: dict[Locus, Session] = {}
    carriers: list[Session] = []
    for session in gather.find_sessions(where, Sought(texts=frozenset({sender})), keep, "senders"):
        if session.kept.is_sender:
            chosen[session.source] = session
        elif session.kept.is_carrier and session.kept.message_ids:
            carriers.append(session)
    named = {queue_id for session in chosen.values() for queue_id in session.kept.message_ids}
    wanted = {queue_id for session in carriers for queue_id in session.kept.message_ids} - named
    brought: dict[str, list[Session]] = {}
    ids = sorted(wanted)
    keep_ids = functools.partial(Outline, wanted.__contains__, lambda _user: False, None)
    for at in range(0, len(ids), MOST_JOINS):
        sought = Sought(texts=frozenset(ids[at : at + MOST_JOINS]))
        for session in gather.find_sessions(where, sought, keep_ids, "sessions"):
            for queue_id in wanted.intersection(session.kept.message_ids if session.kept.is_one else ()):
                brought.setdefault(queue_id, []).append(session)
    for carrier in carriers:
        for queue_id in wanted.intersection(carrier.kept.message_ids):
            earlier = (session for session in brought.get(queue_id, ()) if session.start <= carrier.start)
            session = max(earlier, key=lambda session: session.start, default=carrier)
            chosen[session.source] = session
    return chosen


def _reach(facts: LogFacts, where: Where) -> str:
    if facts.first is None or facts.last is None:
        return "no line of them could be read"
    first, last = (ts.astimezone(where.zone).strftime("%Y-%m-%d %H:%M") for ts in (facts.first, facts.last))
    return f"they reach from {first} to {last}"


def session_of(where: Where, message: Message, books: gather.Books) -> tuple[TracedSession | None, LogFacts | None]:
    """Find the session in which a message came in: of several with its id the one nearest in time.

    Where there is none, the facts of the logs say why: they do not reach so far, or cannot be read.
    """
    logs, queue_id = gather.smtp_logs(where), message.queue_id or ""
    keep = functools.partial(Outline, queue_id.__eq__, lambda _user: False, None)
    sought = Sought(texts=frozenset({queue_id}))
    found = [session for session in gather.find_sessions(where, sought, keep, "session") if session.kept.is_one]
    if not found:
        try:
            return None, gather.read_smtp(where, books, gather.run_fingerprints(), (), by_hour=False)
        except BreachkitError as error:
            books.notes.append(str(error))
            return None, None
    books.files += len(logs)
    books.bytes += sum(log.size for log in logs)
    for skipped in where.skipped:
        books.skip(skipped)
    session = min(found, key=lambda session: abs(session.end - message.ts))
    directory = Directory(gather.read_accounts(where, books))
    # the account of the message is a known name, beside the names that the evidence knows
    seen = Directory((), {*session.kept.won, *filter(None, [message.auth_user])})
    (traced,) = read_chosen(
        where, [session], directory, lambda name: seen.is_known(spelled(name)) or directory.is_known(name)
    )
    return traced, None


def reveal(where: Where, sources: dict[Locus, str]) -> dict[str, list[str]]:
    """Decode again the passwords of the sessions that begin at the given places, by account.

    Only for a terminal whose user asked: nothing else in breachkit holds a password in clear.
    """
    found: dict[str, dict[str, None]] = {}
    for session, lines in gather.read_transcripts(where, frozenset(sources), lambda _name: True, show_passwords=True):
        secrets = (line.secret for line in lines if line.secret is not None)
        found.setdefault(sources[session.source], {}).update(dict.fromkeys(secrets))
    return {account: list(secrets) for account, secrets in found.items()}
