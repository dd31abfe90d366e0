"""`breachkit read`: the evidence of one node, read in place into a file to carry over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from breachkit.cli import options, output
from breachkit.evidence import gather
from breachkit.evidence.where import find_evidence

if TYPE_CHECKING:
    from breachkit.nodes.partial import WrittenPartial

Name = Annotated[str, typer.Option("--name", metavar="NAME", help="What to call this node in the answer.")]
PartialFile = Annotated[Path, typer.Option("--partial", metavar="FILE", help="Write what was read there.")]
KeyFile = Annotated[
    Path,
    typer.Option("--key", metavar="FILE", help="The key of this inquiry, one for all nodes; made if it is not there."),
]


@options.grouped(asked=options.evidence())
def read(
    *,
    asked: options.Asked,
    name: Name,
    partial: PartialFile,
    key: KeyFile,
    jobs: options.Jobs = None,
) -> None:
    """Read the evidence of a node into one file, for an answer over several nodes elsewhere.

    The file holds records and counts, no message bodies and no passwords; the key stays out of it.

    Example: breachkit read --root /opt/icewarp --name mail1 --partial mail1.partial --key inquiry.key
    """
    from breachkit.evidence.node import read_node
    from breachkit.nodes.keys import read_or_make_key
    from breachkit.nodes.orders import check_name
    from breachkit.nodes.partial import write_partial
    from breachkit.text.sasl import Fingerprints

    node = check_name(name)
    where = find_evidence(asked)
    output.check(partial, where, key, option="--partial")
    output.check(key, where, option="--key")
    secret, is_new = read_or_make_key(key)
    records = read_node(node, where, Fingerprints(secret), jobs)
    written = write_partial(records, partial, secret)
    books = gather.Books()
    for part in records.books.values():
        books.merge(part.skipped)
    output.write(_said(written, books, key, is_new=is_new), None)
    output.finish(books)


def _said(written: WrittenPartial, books: gather.Books, key: Path, *, is_new: bool) -> str:
    from breachkit.report.page import Page
    from breachkit.report.words import count, size

    page = Page()
    page.say(f"{written.path}: {count(written.lines, 'line')}, {size(written.bytes)}")
    page.say(f"SHA-256 {written.sha256}", indent=2)
    for reason, (number, _) in books.skipped.items():
        page.say(f"Skipped: {number:,} x {reason}", style="yellow", indent=2)
    if is_new:
        page.say(f"The key was made: {key}. Read every other node with it, and name it to find-account.")
    page.say("Carry the key another way than the files, and delete both afterwards: with both, passwords can be tried.")
    return page.text()
