"""Which sessions belong to a message, an account, an address or a sender, and which deliveries followed them?

They are found in the logs, and read again line by line.
"""

from __future__ import annotations

import functools
import re
from array import array
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from breachkit.detect.names import Directory
from breachkit.errors import BreachkitError
from breachkit.evidence import gather
from breachkit.evidence.messages import file_of, message_at
from breachkit.logs.facts import Sought
from breachkit.records import AuthAttempt, Delivery, Transaction
from breachkit.spelling import ip_of, plain_address, spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from breachkit.evidence.where import Where
    from breachkit.logs.facts import LogFacts, TranscriptLine
    from breachkit.logs.kinds import Event
    from breachkit.records import DeliveryOutcome, Locus, Message, Outcome, Session, SessionKind, SessionOutcome

MOST_JOINS = 10_000
"""Texts that are looked for at once: a finder of a million takes more memory than all else."""

_FILE = re.compile(r"(?:.*[/\\])?([^/\\@]*\d[^/\\@.]*)(?:\.[a-z$]{1,4}){1,2}")
"""The name of a queued file whose name is an id, with a folder or without."""


class Target(NamedTuple):
    """What is looked for: one word that may be a message id, an account, an address or a declared sender."""

    word: str
    """In lower case."""
    ids: frozenset[str]
    """The ids that it may be, in lower case: people retype them, and name the file of a message that is gone by now."""
    client_ip: str | None
    names: frozenset[str]
    """Every user name that means the account."""

    def is_met(self, session: Session) -> bool:
        """Tell whether a session itself is what is looked for."""
        if self.client_ip is not None:
            return session.client_ip == self.client_ip
        return bool(session.kept.is_one or session.kept.is_named)

    def is_id(self, queue_id: str) -> bool:
        """Tell whether an id is the one that is looked for."""
        return queue_id.lower() in self.ids

    def is_name(self, user: str, directory: Directory) -> bool:
        """Tell whether a user name, as typed, means the account that is looked for."""
        return bool(self.names) and not self.names.isdisjoint((spelled(user), directory.resolve(user).account))


def parse_target(word: str, directory: Directory) -> Target:
    """Read the word that the user typed, or pasted with brackets around it."""
    word = plain_address(word) or word
    address = ip_of(word.strip("[]"))
    account = directory.resolve(word).account
    usernames, aliases = directory.names_of(account)
    names = {spelled(word), account, *usernames, *aliases} if address is None else set()
    word = word.strip().lower()
    named = _FILE.fullmatch(word)
    return Target(
        word,
        frozenset({word, named[1] if named else word}),
        None if address is None else str(address),
        frozenset(names),
    )


class Outline:
    """What a trace keeps of one session: no more than is said of it, for it may have a million tries and messages."""

    def __init__(self, is_id: Callable[[str], bool], is_meant: Callable[[str], bool], sender: str | None) -> None:
        """Begin, with what tells the id and the user names that are looked for, and the declared sender that may be."""
        self._is_id, self._is_meant, self._sender = is_id, is_meant, sender
        self.is_named = self.is_one = self.is_sender = self.is_carrier = False
        """Whether it has a try of the account, the message, or a message under the sender that is looked for, or
        carried such a message on."""
        self.won: dict[str, None] = {}
        """The user names that came in, the last one last."""
        self._last: Outcome | None = None
        self._has_won = self._is_accepted = self._is_offered = False
        self._deliveries: frozenset[DeliveryOutcome] = frozenset()
        self.message_ids: dict[str, None] = {}
        """The messages it brought in, or carried on where the log names them, each once."""
        self.joins: dict[str, None] = {}
        """Texts one of which each client session holds that carried on a message; not all if there are `MOST_JOINS`."""
        self.keys, self.delivered_keys = array("q"), array("q")
        """Hashes of what a message and its deliveries have in common: its id, or its sender and a recipient."""

    def take(self, event: Event) -> None:
        """Take an event of the session."""
        if isinstance(event, AuthAttempt):
            user, self._last = event.user, event.outcome
            self.is_named = self.is_named or (user is not None and self._is_meant(user))
            self._has_won = self._has_won or event.outcome == "success"
            if event.outcome == "success" and user is not None:
                self.won.pop(user, None)
                self.won[user] = None
        elif isinstance(event, Transaction):
            self._send(event)
        elif isinstance(event, Delivery):
            self._deliveries |= {event.outcome}
            self.is_carrier = self.is_carrier or event.mail_from == self._sender
            self._name(event.queue_id)
            for key in ((event.queue_id, None), (event.mail_from, event.rcpt_to)):
                self.delivered_keys.append(hash(key))

    def _send(self, sent: Transaction) -> None:
        self._is_offered = True
        self._is_accepted = self._is_accepted or sent.accepted
        self.is_sender = self.is_sender or sent.mail_from == self._sender
        self._name(sent.queue_id)
        is_one = sent.queue_id is not None and self._is_id(sent.queue_id)
        if is_one and not self.is_one:  # who looks for one message is not shown where the others went
            self.is_one, self.joins, self.keys = True, {}, array("q")
        if not sent.accepted or is_one != self.is_one:
            return
        named = [(sent.queue_id, (sent.queue_id, None))] if sent.queue_id is not None else []
        for text, key in [*named, *((rcpt_to, (sent.mail_from, rcpt_to)) for rcpt_to in sent.rcpt_to)]:
            self.keys.append(hash(key))
            if text and len(self.joins) < MOST_JOINS:
                self.joins[text] = None

    def _name(self, queue_id: str | None) -> None:
        if queue_id is not None:
            self.message_ids[queue_id] = None

    def auth_user(self, directory: Directory) -> str | None:
        """Name the account that it last authenticated as."""
        return directory.resolve([*self.won][-1]).account if self.won else None

    def outcome(self, kind: SessionKind) -> SessionOutcome:
        """Say in one word how it ended."""
        if kind == "client":
            return next((end for end in ("delivered", "failed", "deferred") if end in self._deliveries), "open")
        if self._is_accepted:
            return "accepted"
        if self._last == "failure":
            return "auth-failed"
        if self._is_offered:
            return "rejected"
        return "accepted" if self._has_won else "open"


def joins_of(chosen: Iterable[Session]) -> frozenset[str] | None:
    """List the texts of which each client session that carried on a message of the chosen ones holds one.

    None where they are too many to look for: then any client session may be one.
    """
    joins: set[str] = set()
    for session in chosen:
        joins.update(session.kept.joins)
        if len(joins) >= MOST_JOINS:
            return None
    return frozenset(joins)


def find_followers(chosen: Iterable[Session], clients: Iterable[Session]) -> list[list[Session]]:
    """Find the client sessions that carried the messages of each chosen session on.

    They join by message id where a client session names one, else by sender and recipient, after the
    session began. Each client session follows the latest session that it can.
    """
    servers = sorted(chosen, key=lambda session: (session.start, session.source))
    keys = np.concatenate([np.zeros(0, np.int64), *(np.frombuffer(one.kept.keys, np.int64) for one in servers)])
    order = np.argsort(keys, kind="stable")
    keys, places = keys[order], np.repeat(np.arange(len(servers)), [len(one.kept.keys) for one in servers])[order]
    taken = {session.source for session in servers}
    found = []
    for client in clients:
        wanted = np.frombuffer(client.kept.delivered_keys, np.int64)
        ends = zip(np.searchsorted(keys, wanted), np.searchsorted(keys, wanted, "right"), strict=True)
        reached = {place for begin, end in ends for place in places[begin:end].tolist()}
        earlier = [place for place in reached if servers[place].start <= client.start]
        if earlier and client.source not in taken:
            found.append((max(earlier), client))
    followers: list[list[Session]] = [[] for _ in servers]
    for place, client in sorted(found, key=lambda pair: (pair[1].start, pair[1].source)):
        followers[place].append(client)
    return [[server, *followed] for server, followed in zip(servers, followers, strict=True)]


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
