"""Which sessions belong to a message, an account, an address or a sender, and which deliveries followed them?"""

from __future__ import annotations

import ipaddress
import re
from array import array
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from breachkit.records import AuthAttempt, Delivery, Transaction
from breachkit.spelling import plain_address, spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from breachkit.detect.names import Directory
    from breachkit.logs.kinds import Event
    from breachkit.records import DeliveryOutcome, Outcome, Session, SessionKind, SessionOutcome

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
    try:
        client_ip = str(ipaddress.ip_address(word.strip("[]")))
    except ValueError:
        client_ip = None
    account = directory.resolve(word).account
    usernames, aliases = directory.names_of(account)
    names = {spelled(word), account, *usernames, *aliases} if client_ip is None else set()
    word = word.strip().lower()
    named = _FILE.fullmatch(word)
    return Target(word, frozenset({word, named[1] if named else word}), client_ip, frozenset(names))


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
