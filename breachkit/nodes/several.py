"""Several nodes as one: what was typed of them, their records stitched, and what was read of each."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from breachkit.errors import BreachkitError, PathUnreadableError, UsageError
from breachkit.evidence import gather
from breachkit.evidence.gather import Inputs, NodeInputs
from breachkit.evidence.node import PARTS
from breachkit.evidence.where import Asked, check_words, find_evidence, find_zone, typed
from breachkit.files import open_regular
from breachkit.nodes.orders import LostNode, NodeOrder, parse_nodes, read_order
from breachkit.nodes.stitch import Stitched, stitch
from breachkit.progress import bar
from breachkit.servers import account_word
from breachkit.shells import guarded, line
from breachkit.text.sasl import Fingerprints

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import tzinfo

    from breachkit.evidence.node import NodeRecords, Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Several:
    """What was typed about nodes."""

    node: Sequence[str] | None = None
    partial: Sequence[Path] | None = None
    key: Path | None = None
    scheduler: str | None = None
    certs: Path | None = None
    wait: float
    """Seconds for which a node may be without a worker: Dask's nanny needs a few to start another."""

    def typed(self) -> list[tuple[str, str]]:
        """List the options as they were typed."""
        return [(option, value) for option, value in typed(self) if option != "--wait"]

    def evidence(self) -> Iterator[Path]:
        """List what nothing may be written over: the files that were named, and the evidence of nodes on this machine.

        Raises UsageError.
        """
        yield from self.partial or ()
        yield from filter(None, (self.key, self.certs))
        for root in parse_nodes(self.node or ()).values():
            with suppress(BreachkitError):  # said when the node is read, perhaps on another machine
                yield from find_evidence(Asked(root=Path(root)), use_settings=False).evidence()


@dataclass(frozen=True, slots=True)
class Together:
    """What several nodes gave."""

    stitched: Stitched
    fingerprints: Fingerprints
    zone: tzinfo
    zone_name: str
    several: Several
    """What was typed of them."""

    def inputs(self, parts: Collection[Part] = PARTS) -> tuple[Inputs, gather.Books]:
        """Close the books over some parts of every node. Raises UnbalancedError."""
        books, facts = self.stitched.books(parts), self.stitched.facts
        gather.balance(books)
        read = self.stitched.read
        # of the time before the logs of all nodes begin nothing is claimed
        gaps = (
            gap
            for node in read
            for gap in gather.gaps_of(node.facts, node.node)
            if facts.first is not None and gap.end > facts.first
        )
        servers = ", ".join(sorted({node.server for node in read}))
        inputs = Inputs(
            files=books.files,
            messages=books.messages,
            lines=books.lines,
            bytes=books.bytes,
            timezone=self.zone_name,
            zone=self.zone,
            server=servers,
            account_word=account_word(servers),
            paths=tuple(f"{node.node}:{path}" for node in read for path in node.paths),
            skipped=books.skipped,
            notes=tuple(books.notes),
            unread=tuple(f"{node.node}:{log}" for node in read for log in node.unread),
            passed_over=tuple((f"{node.node}:{path}", reason) for node in read for path, reason in node.passed_over),
            log_level=facts.level,
            log_first=facts.first,
            log_last=facts.last,
            log_gaps=tuple(sorted(gaps)),
            doors=facts.doors if "doors" in parts else (),
            nodes=tuple(_row(node, parts) for node in self.stitched.nodes),
        )
        return inputs, books

    def again(self, command: str) -> str:
        """Spell another command for the same nodes."""
        typed = [word for option, value in self.several.typed() for word in (option, value)]
        return line(["breachkit", command, *typed, "--timezone", self.zone_name])

    def following(self, nodes: Iterable[str], *commands: Sequence[str]) -> Iterator[str]:
        """Spell what to run next on some of the nodes, each of which has its own evidence."""
        wanted = set(nodes) or {node.node for node in self.stitched.read}
        for node in self.stitched.read:
            if node.node in wanted:
                yield f"on {node.node}:"
                is_windows = "\\" in node.root or node.root[1:2] == ":"
                for name, *arguments in commands:
                    words = [*guarded(name, arguments), "--root", node.root, "--timezone", node.zone_name]
                    yield "  " + line(["breachkit", name, *words], is_windows=is_windows)


def _row(node: NodeRecords | LostNode, parts: Collection[Part]) -> NodeInputs:
    if isinstance(node, LostNode):
        return NodeInputs(node.node, node.root, is_read=False)
    facts, books = node.facts, [node.books[part] for part in parts]
    return NodeInputs(
        node.node,
        node.root,
        is_read=True,
        messages=sum(part.messages for part in books),
        lines=sum(part.lines for part in books),
        bytes=sum(part.bytes for part in books),
        log_level=facts.level,
        log_first=facts.first,
        log_last=facts.last,
    )


def read_together(asked: Asked, several: Several, jobs: int | None = None) -> Together:
    """Read, or have read, every node that was named. Raises BreachkitError subclasses.

    Args:
        asked: the options that name evidence; only the ones that all nodes share may be given.
        several: the options that name nodes.
        jobs: processes to read with on this machine; None for one a processor.

    """
    _check(asked, several)
    if several.partial:
        return _carried(asked, several)
    zone, zone_name = find_zone(asked)
    key = gather.run_key()
    named = parse_nodes(several.node or ())
    since, until = check_words(asked, zone)  # a slip of the pen is not the fault of a node
    orders = [NodeOrder(node, root, zone_name, since, until, asked.server, key) for node, root in named.items()]
    if several.scheduler is None:
        return _together(_here(orders, jobs), key, (zone, zone_name), several)
    from breachkit.nodes.workers import read_on_workers

    nodes = read_on_workers(orders, several.scheduler, several)
    return _together(nodes, key, (zone, zone_name), several)


def _together(
    nodes: Sequence[NodeRecords | LostNode], key: bytes, zone: tuple[tzinfo, str], several: Several
) -> Together:
    fingerprints = Fingerprints(key)
    stitched = stitch(nodes, fingerprints)
    if not stitched.read:
        lost = ", ".join(node.node for node in stitched.lost)
        raise BreachkitError(
            f"no node answered ({lost}); see 'breachkit cluster-check', or read each node in place with"
            " 'breachkit read --partial FILE'"
        )
    return Together(stitched, fingerprints, *zone, several)


def _here(orders: Sequence[NodeOrder], jobs: int | None) -> list[NodeRecords]:
    nodes = []
    for order in orders:
        try:
            nodes.append(read_order(order, jobs))
        except BreachkitError as error:
            raise BreachkitError(f"node {order.node}: {error}") from None
    return nodes


def _carried(asked: Asked, several: Several) -> Together:
    from breachkit.nodes.keys import read_key
    from breachkit.nodes.partial import read_partial

    if several.key is None:
        raise UsageError("--partial needs --key; name the key file that the partial files were made with")
    key = read_key(several.key)
    nodes: list[NodeRecords] = []
    for path in several.partial or ():
        try:
            with open_regular(path) as stream, bar(sys.stderr, path.name, path.stat().st_size, "B") as progress:
                nodes.append(read_partial(stream, str(path), key, progress))
        except OSError as error:
            raise PathUnreadableError(path, error) from None
    theirs = min(nodes, key=lambda node: node.node).zone_name
    zone, zone_name = find_zone(Asked(timezone=asked.timezone or theirs))
    return _together(nodes, key, (zone, zone_name), several)


def _check(asked: Asked, several: Several) -> None:
    """Refuse what does not go together. Raises UsageError."""
    given = [option for option, _ in (*typed(asked), *several.typed())]
    if several.partial:
        wrong = [option for option in given if option not in {"--timezone", "--partial", "--key"}]
        chosen, advice = "--partial", "a partial file holds what 'breachkit read' read"
    elif not several.node:
        raise UsageError(f"{several.typed()[0][0]} needs --node; name each node with --node NAME=ROOT")
    elif several.key:
        raise UsageError("--key does not go with --node; it belongs to --partial files")
    elif several.certs and not several.scheduler:
        raise UsageError("--certs needs --scheduler; without one the roots are read on this machine")
    else:
        wrong = [option for option in given if option in {"--root", "--queue", "--logs", "--accounts", "--columns"}]
        chosen, advice = "--node", "each node is read whole from its own root, with the users.csv that lies there"
    if wrong:
        raise UsageError(f"{wrong[0]} does not go with {chosen}; {advice}")
