"""Records of several nodes → the records of one question: every place says its node, ids stay each node's own."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from breachkit import __version__
from breachkit.columns import Attempts
from breachkit.errors import UsageError
from breachkit.evidence.gather import Books
from breachkit.evidence.node import known_names, name_strangers
from breachkit.logs.facts import LogFacts, shows_logins
from breachkit.nodes.orders import LOST, TWICE, LostNode
from breachkit.records import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from breachkit.evidence.node import NodeRecords, Part
    from breachkit.records import Account, Locus, Message
    from breachkit.text.sasl import Fingerprints


@dataclass(frozen=True, slots=True)
class Stitched:
    """What several nodes know together."""

    nodes: tuple[NodeRecords | LostNode, ...]
    """In order of name."""
    messages: list[Message] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    facts: LogFacts = field(default_factory=LogFacts)

    @property
    def read(self) -> list[NodeRecords]:
        """The nodes that answered."""
        return [node for node in self.nodes if not isinstance(node, LostNode)]

    @property
    def lost(self) -> list[LostNode]:
        """The nodes that did not answer."""
        return [node for node in self.nodes if isinstance(node, LostNode)]

    def books(self, parts: Iterable[Part]) -> Books:
        """Add up the books of some parts of every node; a node that is lost is evidence skipped."""
        wanted = tuple(parts)
        total = Books()
        for node in self.read:
            for part in wanted:
                _add(total, node.books[part], node.node)
            total.notes += [f"{node.node}: {note}" for note in node.notes]
            total.notes += [f"{node.node}: {note}" for part in wanted for note in node.books[part].notes]
        for lost in self.lost:
            total.skip(Skipped(LOST, lost.source))
            total.notes.append(f"{lost.node} did not answer: what it saw is missing here")
        total.notes += self._doubts()
        return total

    def _doubts(self) -> Iterator[str]:
        bounds = {node.node: node.bounds for node in self.read}
        if len(set(bounds.values())) == 1:
            yield from next(iter(bounds.values()))
        else:
            yield from (f"{node}: {bound}" for node, found in bounds.items() for bound in found)
        zones = {node.zone_name for node in self.read}
        if len(zones) > 1:
            yield f"the nodes were read in several time zones: {', '.join(sorted(zones))}"
        yield from (
            f"{node.node} was read by breachkit {node.version}, this is {__version__}"
            for node in self.read
            if node.version != __version__
        )
        blind = [node.node for node in self.read if node.facts.tally.lines and not shows_logins(node.facts.level)]
        if blind and len(blind) < len(self.read):
            yield f"the log level of {', '.join(blind)} is too low to see AUTH"


def stitch(nodes: Sequence[NodeRecords | LostNode], fingerprints: Fingerprints) -> Stitched:
    """Stitch the records of several nodes, whatever order they come in.

    Accounts are the same on all nodes; sessions, and the ids of messages, are each node's own. The records are
    moved out of the nodes, which keep their counts: two copies of all that is known would be one too many.
    Raises UsageError: two of them have one name.
    """
    ordered = sorted(nodes, key=lambda node: node.node)
    for one, other in itertools.pairwise(ordered):
        if one.node == other.node:
            raise UsageError(TWICE.format(one.node))
    stitched = Stitched(tuple(ordered))
    for node in stitched.read:
        stitched.messages.extend(_messages(node))
        _add_facts(stitched.facts, node.facts, node.node)
        for moved in (node.messages, node.facts.attempts, node.facts.sends, node.facts.deliveries):
            moved.clear()
    accounts = (
        account._replace(source=_at(account.source, node.node)) for node in stitched.read for account in node.accounts
    )
    stitched.accounts.extend(_merged(accounts))
    # the logs reach back only as far as those of every node do: before that, tries may be missing
    firsts = [node.facts.tally.first for node in stitched.read if node.facts.tally.first is not None]
    stitched.facts.tally.begin_at(max(firsts, default=None))
    known = known_names(stitched.facts.attempts, stitched.messages, stitched.accounts)
    stitched.facts.attempts = Attempts(name_strangers(stitched.facts.attempts, known, fingerprints))
    return stitched


def _at(source: Locus, node: str) -> Locus:
    return source._replace(node=node)


def _id(queue_id: str | None, node: str) -> str | None:
    """Tell the ids of two nodes apart: each counts for itself."""
    return None if queue_id is None else f"{node}:{queue_id}"


def _messages(node: NodeRecords) -> Iterator[Message]:
    for message in node.messages:
        yield message._replace(
            queue=f"{node.node}:{message.queue}",
            queue_id=_id(message.queue_id, node.node),
            source=_at(message.source, node.node),
        )


def _add_facts(total: LogFacts, facts: LogFacts, node: str) -> None:
    total.attempts.extend(one._replace(source=_at(one.source, node)) for one in facts.attempts)
    for client_ip, user, auth, sent in facts.sends:
        placed = sent._replace(queue_id=_id(sent.queue_id, node), source=_at(sent.source, node))
        total.sends.append((client_ip, user, None if auth is None else _at(auth, node), placed))
    total.deliveries.extend(
        one._replace(queue_id=_id(one.queue_id, node), source=_at(one.source, node)) for one in facts.deliveries
    )
    total.sessions.update(facts.sessions)
    total.accepted.update(facts.accepted)
    for hour, source in facts.sources.items():
        placed_source = _at(source, node)
        total.sources[hour] = min(total.sources.get(hour, placed_source), placed_source)
    total.doors = tuple(sorted({*total.doors, *facts.doors}))
    total.tally.add(facts.tally)


def _merged(accounts: Iterable[Account]) -> Iterable[Account]:
    """Put the names that several nodes know an account by together, with the place of the first node."""
    found: dict[str, Account] = {}
    for account in accounts:
        other = found.setdefault(account.address, account)
        if other is not account:
            found[account.address] = other._replace(
                usernames=tuple(dict.fromkeys((*other.usernames, *account.usernames))),
                aliases=tuple(dict.fromkeys((*other.aliases, *account.aliases))),
                is_person=other.is_person or account.is_person,
            )
    return found.values()


def _add(total: Books, books: Books, node: str) -> None:
    for name in ("files", "found_messages", "messages", "lines", "bytes"):
        setattr(total, name, getattr(total, name) + getattr(books, name))
    total.merge({why: (number, tuple(_at(one, node) for one in ones)) for why, (number, ones) in books.skipped.items()})
