"""Which sessions belong to a message, an account, an address or a sender, and which deliveries followed them?"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, NamedTuple

from breachkit.spelling import plain_address, spelled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from breachkit.detect.names import Directory
    from breachkit.records import Session, SessionOutcome

Key = tuple[str | None, str | None]


_FILE = re.compile(r"(?:.*[/\\])?([^/\\@]*\d[^/\\@.]*)(?:\.[a-z$]{1,4}){1,2}")
"""The name of a queued file whose name is an id, with a folder or without."""


class Wanted(NamedTuple):
    """What is looked for: one word that may be a message id, an account, an address or a declared sender."""

    word: str
    """In lower case."""
    ids: frozenset[str]
    """The ids that it may be, in lower case: people retype them, and name the file of a message that is gone by now."""
    client_ip: str | None
    names: frozenset[str]
    """Every user name that means the account."""


def parse_wanted(word: str, directory: Directory) -> Wanted:
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
    return Wanted(word, frozenset({word, named[1] if named else word}), client_ip, frozenset(names))


def is_wanted(session: Session, wanted: Wanted, directory: Directory) -> bool:
    """Tell whether a session itself is what is looked for."""
    if wanted.client_ip is not None:
        return session.client_ip == wanted.client_ip
    if any(is_id(sent.queue_id, wanted) for sent in session.transactions):
        return True
    return any(is_name(tried.user, wanted, directory) for tried in session.attempts if tried.user is not None)


def is_id(queue_id: str | None, wanted: Wanted) -> bool:
    """Tell whether an id is the one that is looked for."""
    return queue_id is not None and queue_id.lower() in wanted.ids


def is_sender(session: Session, wanted: Wanted) -> bool:
    """Tell whether somebody handed in a message under the sender that is looked for."""
    return any(sent.mail_from == wanted.word for sent in session.transactions)


def is_name(user: str, wanted: Wanted, directory: Directory) -> bool:
    """Tell whether a user name, as typed, means the account that is looked for."""
    return not wanted.names.isdisjoint((spelled(user), directory.resolve(user).account))


def joins_of(chosen: Iterable[Session], wanted: Wanted) -> frozenset[str]:
    """List the texts of which each client session that carried on a message of the chosen ones holds one."""
    keys = {key for session in chosen for key in _keys_of(session, wanted)}
    return frozenset((sender_or_id if rcpt_to is None else rcpt_to) or "" for sender_or_id, rcpt_to in keys) - {""}


def find_followers(chosen: Iterable[Session], clients: Iterable[Session], wanted: Wanted) -> list[list[Session]]:
    """Find the client sessions that carried the messages of each chosen session on.

    They join by message id where a client session names one, else by sender and recipient, after the
    session began. Each client session follows the latest session that it can.
    """
    servers = sorted(chosen, key=_order)
    by_key: dict[Key, list[int]] = {}
    for place, session in enumerate(servers):
        for key in _keys_of(session, wanted):
            by_key.setdefault(key, []).append(place)
    followers: list[list[Session]] = [[] for _ in servers]
    taken = {session.source for session in servers}
    for client in sorted(clients, key=_order):
        keys = {key for sent in client.deliveries for key in ((sent.queue_id, None), (sent.mail_from, sent.rcpt_to))}
        places = {place for key in keys for place in by_key.get(key, ()) if servers[place].start <= client.start}
        if places and client.source not in taken:
            followers[max(places)].append(client)
    return [[server, *followed] for server, followed in zip(servers, followers, strict=True)]


def _order(session: Session) -> tuple[object, object]:
    return session.start, session.source


def _keys_of(session: Session, wanted: Wanted) -> Iterable[Key]:
    is_one = any(is_id(sent.queue_id, wanted) for sent in session.transactions)
    for sent in session.transactions:
        if not sent.accepted or (is_one and not is_id(sent.queue_id, wanted)):
            continue
        if sent.queue_id is not None:
            yield sent.queue_id, None
        for rcpt_to in sent.rcpt_to:
            yield sent.mail_from, rcpt_to


def outcome_of(session: Session) -> SessionOutcome:
    """Say in one word how a session ended."""
    if session.kind == "client":
        outcomes = {sent.outcome for sent in session.deliveries}
        return next((outcome for outcome in ("delivered", "failed", "deferred") if outcome in outcomes), "open")
    if any(sent.accepted for sent in session.transactions):
        return "accepted"
    if session.attempts and session.attempts[-1].outcome == "failure":
        return "auth-failed"
    if session.transactions:
        return "rejected"
    return "accepted" if any(tried.outcome == "success" for tried in session.attempts) else "open"


def auth_user_of(session: Session, directory: Directory) -> str | None:
    """Name the account that a session last authenticated as."""
    won = [tried.user for tried in session.attempts if tried.outcome == "success" and tried.user is not None]
    return directory.resolve(won[-1]).account if won else None
