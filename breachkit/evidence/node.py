"""One node's evidence → its records: the partial result that is read in place, carried over and stitched.

A node is one mail server of several, with logs and a queue of its own. What it gives is the same wherever it is
read: in this process, on a worker, or on a machine from which only a file comes.

People type their password where the user name belongs, so that a user name that no account is known by does not leave
the machine as typed: a fingerprint takes its place. Another node may know the name, and whoever stitches with the same
key finds it again; what nobody knows is numbered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit import __version__
from breachkit.columns import Attempts
from breachkit.evidence import gather
from breachkit.spelling import spelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from breachkit.evidence.where import Where
    from breachkit.logs.facts import LogFacts
    from breachkit.records import Account, AuthAttempt, Message
    from breachkit.text.sasl import Fingerprints


HIDDEN = "\0"
"""What begins a fingerprint in the place of a user name; no user name that is read has it."""


class KnownNames(NamedTuple):
    """The names that accounts are known by."""

    names: frozenset[str]

    def has(self, typed: str) -> bool:
        """Tell whether a name as typed is an account's."""
        return spelled(typed) in self.names


def known_names(
    attempts: Iterable[AuthAttempt],
    messages: Iterable[Message],
    accounts: Iterable[Account],
) -> KnownNames:
    """Collect the names that were exported, seen to come in, or are the senders of queued messages."""
    names = {spelled(one.user) for one in attempts if one.user is not None and one.outcome == "success"}
    names |= {spelled(message.auth_user) for message in messages if message.auth_user is not None}
    for account in accounts:
        names |= {account.address, *account.usernames, *account.aliases}
    return KnownNames(frozenset(names | {name.rpartition("@")[0] for name in names if "@" in name}))


def hide_strangers(attempts: Iterable[AuthAttempt], known: KnownNames, fingerprints: Fingerprints) -> list[AuthAttempt]:
    """Put a fingerprint in the place of each user name that is not known."""
    return [
        one
        if one.user is None or known.has(one.user)
        else one._replace(user=HIDDEN + fingerprints.of(spelled(one.user)).hex())
        for one in attempts
    ]


def name_strangers(attempts: Iterable[AuthAttempt], known: KnownNames, fingerprints: Fingerprints) -> list[AuthAttempt]:
    """Name again what another node knows; number what nobody does, in order of time and place."""
    attempts = list(attempts)
    plain = {spelled(one.user) for one in attempts if one.user is not None and not one.user.startswith(HIDDEN)}
    named = {HIDDEN + fingerprints.of(name).hex(): name for name in known.names | plain}
    hidden = [one for one in attempts if one.user is not None and one.user.startswith(HIDDEN)]
    first_seen = dict.fromkeys(one.user for one in sorted(hidden, key=lambda one: (one.ts, one.source)))
    nobody = [user for user in first_seen if user not in named]
    named.update((user, f"unknown name {number}") for number, user in enumerate(nobody, 1) if user is not None)
    return [one._replace(user=named[one.user]) if one.user in named else one for one in attempts]


Part = Literal["queue", "quarantine", "smtp", "doors", "accounts"]
PARTS: tuple[Part, ...] = ("queue", "quarantine", "smtp", "doors", "accounts")
"""What is booked apart, since not every command needs all of it."""


@dataclass(frozen=True, slots=True)
class NodeRecords:
    """What was read of one node: records and counts, no message bodies, no secrets."""

    node: str
    version: str
    """Of the breachkit that read it."""
    server: str
    """The mail server's product, by its name in `breachkit.servers`."""
    zone_name: str
    root: str
    """Its folder as spelled where it was read."""
    paths: tuple[str, ...]
    notes: tuple[str, ...]
    bounds: tuple[str, ...]
    """What was left out on the user's word."""
    unread: tuple[str, ...]
    passed_over: tuple[tuple[str, str], ...]
    """Files where logs are that were not read as logs, and why."""
    queues: tuple[str, ...]
    """The queue folders as shown, empty ones too, the quarantine left out."""
    books: Mapping[Part, gather.Books]
    messages: list[Message]
    accounts: list[Account]
    facts: LogFacts


def read_node(node: str, where: Where, fingerprints: Fingerprints, jobs: int | None = None) -> NodeRecords:
    """Read all that a question about accounts needs, over `jobs` processes; None is one a processor.

    Raises BreachkitError subclasses.
    """
    books = {part: gather.Books() for part in PARTS}
    queued = gather.read_messages(where, books["queue"], quarantined=False, jobs=jobs)
    moved = gather.read_messages(_quarantine_of(where), books["quarantine"], quarantined=True, jobs=jobs)
    messages = queued + moved
    queue_ids = {message.queue_id for message in messages if message.queue_id is not None}
    facts = gather.read_smtp(where, books["smtp"], fingerprints, queue_ids, jobs)
    gather.read_doors(where, facts, books["doors"], fingerprints, jobs)
    accounts = list(gather.read_accounts(where, books["accounts"]))
    for part in books.values():
        gather.balance(part)
    found = where.listing.found
    known = known_names(facts.attempts, messages, accounts)
    facts.attempts = Attempts(hide_strangers(facts.attempts, known, fingerprints))
    return NodeRecords(
        node=node,
        version=__version__,
        server=where.server,
        zone_name=where.zone_name,
        root="" if where.layout.root is None else where.layout.root.as_posix(),
        paths=where.paths,
        notes=(*where.layout.notes, *found.notes, *found.remedies),
        bounds=tuple(gather.bounds(where)),
        unread=tuple(gather.unread_logs(found)),
        passed_over=found.passed_over,
        queues=tuple(gather.queue_labels(where)),
        books=books,
        messages=messages,
        accounts=accounts,
        facts=facts,
    )


def _quarantine_of(where: Where) -> Where:
    folders = tuple(queue for queue in where.layout.queues if queue.is_quarantine)
    return replace(where, layout=where.layout._replace(queues=folders))
