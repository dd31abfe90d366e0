"""`breachkit show`."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Annotated

import typer

from breachkit.cli import options, output

if TYPE_CHECKING:
    from breachkit.detect.campaigns.campaign import Campaign
    from breachkit.evidence import gather
    from breachkit.evidence.where import Where
    from breachkit.logs.facts import LogFacts
    from breachkit.records import Message, Session
    from breachkit.report.show import ShownMessage
    from breachkit.report.trace import TracedSession

Wanted = Annotated[
    str,
    typer.Argument(metavar="FILE|ID", help="A file of the queue, or the name of one, or the id of a message."),
]
WithCampaign = Annotated[
    bool, typer.Option("--campaign", help="Group the queue, and say which campaign it belongs to (takes as long).")
]


@options.grouped(asked=options.evidence("since", "until"), product=options.PRODUCT)
def show(
    wanted: Wanted,
    *,
    asked: options.Asked,
    product: options.Product,
    campaign: WithCampaign = False,
) -> None:
    """Show one message of the queue as its reader sees it, who sent it, and its session; harmless on a terminal.

    Example: breachkit show YAR93710 --root /srv/copy-of-icewarp
    """
    from breachkit.evidence import gather
    from breachkit.evidence.messages import file_of
    from breachkit.evidence.where import find_evidence
    from breachkit.report.contract import dump
    from breachkit.report.show import render_show, show_json

    where, books = find_evidence(asked, is_optional=True), gather.Books()
    output.check(product.output_file, where, file_of(where, wanted))
    shown, facts = _read(where, wanted, books, with_campaign=campaign)
    inputs = gather.inputs_of(where, books, facts)
    text = dump(show_json(shown, inputs)) if product.is_json else render_show(shown, inputs, _following(where, shown))
    output.write(text, product.output_file)
    output.finish(books, findings=False)


def _read(
    where: Where, wanted: str, books: gather.Books, *, with_campaign: bool
) -> tuple[ShownMessage, LogFacts | None]:
    """Read the message and what the evidence says of it. Raises BreachkitErrors."""
    from breachkit.evidence import gather
    from breachkit.evidence.messages import find_message, is_queued, letter_of
    from breachkit.files import shown as spelled
    from breachkit.report.show import ShownMessage

    message = find_message(where, wanted, books)
    letter = letter_of(where, message)
    # a copy that lies elsewhere is not to be mixed with the logs of another server
    is_evidence = is_queued(where, message)
    has_logs = is_evidence and message.queue_id is not None and bool(gather.smtp_logs(where))
    session, facts = _session_of(where, message, books) if has_logs else (None, None)
    found = _campaign_of(where, message) if is_evidence and with_campaign else None
    files = tuple(spelled(path, where.layout.root) for path in message.files)
    return ShownMessage(message, files, is_evidence, letter, session, has_logs, found), facts


def _session_of(where: Where, message: Message, books: gather.Books) -> tuple[TracedSession | None, LogFacts | None]:
    """Find the session in which the message came in: of several with its id the one nearest in time."""
    from breachkit.detect.tracing import Outline
    from breachkit.errors import BreachkitError
    from breachkit.evidence import gather
    from breachkit.logs.facts import Sought

    logs, queue_id = gather.smtp_logs(where), message.queue_id or ""
    keep = functools.partial(Outline, queue_id.__eq__, lambda _user: False, None)
    sought = Sought(texts=frozenset({queue_id}))
    found = [session for session in gather.find_sessions(where, sought, keep, "session") if session.kept.is_one]
    if found:
        books.files += len(logs)
        books.bytes += sum(log.size for log in logs)
        for skipped in where.skipped:
            books.skip(skipped)
        session = min(found, key=lambda session: abs(session.end - message.ts))
        return _traced(where, session, message, books), None
    try:  # why it is not there: the logs do not reach so far, or cannot be read
        return None, gather.read_smtp(where, books, gather.run_fingerprints(), (), by_hour=False)
    except BreachkitError as error:
        books.notes.append(str(error))
        return None, None


def _traced(where: Where, session: Session, message: Message, books: gather.Books) -> TracedSession:
    """Read the lines of a session; the user name of the message's account is known, others as far as anybody is."""
    from breachkit.detect.names import Directory
    from breachkit.evidence import gather
    from breachkit.report.trace import TracedSession
    from breachkit.spelling import spelled

    directory = Directory(gather.read_accounts(where, books))
    seen = Directory((), {*session.kept.won, *filter(None, [message.auth_user])})
    read = gather.read_transcripts(
        where,
        frozenset({session.source}),
        lambda name: seen.is_known(spelled(name)) or directory.is_known(name),
        show_passwords=False,
    )
    lines = next((lines for one, lines in read if one.source == session.source), ())
    return TracedSession(session, lines, session.kept.auth_user(directory))


def _campaign_of(where: Where, message: Message) -> Campaign | None:
    from breachkit.cli.group import group_queue
    from breachkit.evidence import gather

    found = group_queue(where, gather.Books())
    at = next((at for at, one in enumerate(found.messages) if one.source == message.source), None)
    return next((campaign for campaign in found.campaigns.campaigns if at in campaign.members), None)


def _following(where: Where, shown: ShownMessage) -> list[str]:
    """Spell what to run next: the sessions of its account, and all like it."""
    if not shown.is_evidence:
        return []
    message = shown.message
    traced = [where.command("trace", message.queue_id)] if shown.session is not None and message.queue_id else []
    return [*traced, where.command("group")]
