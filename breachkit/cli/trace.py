"""`breachkit trace`."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from breachkit.cli import options, output
from breachkit.errors import BreachkitError
from breachkit.evidence import gather
from breachkit.evidence.where import find_evidence
from breachkit.logs.facts import Sought

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from breachkit.detect import tracing
    from breachkit.detect.names import Directory
    from breachkit.evidence.where import Where
    from breachkit.logs.facts import LogFacts
    from breachkit.records import Locus, Session
    from breachkit.report.trace import TracedSession

SHOWN = 20
"""Sessions shown on a terminal when nobody says how many."""

Wanted = Annotated[
    str,
    typer.Argument(
        metavar="MSGID|ACCOUNT|IP|SENDER|FILE",
        help="A message id, an account, an address, a declared sender (MAIL FROM), or a file of the queue.",
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit", min=0, metavar="N", help=f"Sessions to show, 0 for all (default: {SHOWN} as text, else all)."
    ),
]


@options.grouped(asked=options.evidence("queue"), product=options.PRODUCT)
def trace(
    wanted: Wanted,
    *,
    asked: options.Asked,
    product: options.Product,
    limit: Limit = None,
    show_passwords: options.ShowPasswords = False,
) -> None:
    """Show the SMTP sessions of a message, an account or an address, AUTH decoded, passwords masked.

    The server session comes first, then the client sessions that carried its messages on. What no account is called is
    looked for as a declared sender.

    Example: breachkit trace YAR93710 --root /srv/copy-of-icewarp
    """
    if show_passwords:
        output.check_terminal(product)
    where = find_evidence(asked)
    output.check(product.output_file, where)
    books = gather.Books()
    chosen = _choose(where, _word_of(where, wanted), books)
    shown = chosen.sessions[: (SHOWN if limit is None and not product.is_json else limit) or None]
    from breachkit.report.trace import render_trace, trace_json

    traced = _transcripts(where, chosen, shown, show_passwords=show_passwords)
    inputs, found = gather.inputs_of(where, books, chosen.facts), len(chosen.sessions)
    following = where.command("find-account")
    output.write(
        trace_json(traced, found, inputs) if product.is_json else render_trace(traced, found, inputs, following),
        product.output_file,
    )
    output.finish(books, findings=False)


def _word_of(where: Where, typed: str) -> str:
    """Return the id of the message in a file of the queue, else what was typed. Raises BreachkitError."""
    from breachkit.evidence.messages import file_of, message_at

    path = file_of(where, typed)
    if path is None:
        return typed
    queue_id = message_at(where, path).queue_id
    if queue_id is None:
        raise BreachkitError(f"{typed} names no message id in its head; trace its account or its sender instead")
    return queue_id


class Chosen(NamedTuple):
    """The sessions asked for, in order: each server session, then the client sessions that followed it."""

    sessions: list[Session]
    facts: LogFacts
    directory: Directory
    is_known: Callable[[str], bool]
    """Whether a user name is one of an account that is known: exported, or seen to come in, or asked for."""


def _choose(where: Where, word: str, books: gather.Books) -> Chosen:
    from breachkit.detect.names import Directory
    from breachkit.detect.tracing import Outline, find_followers, joins_of, parse_target
    from breachkit.spelling import spelled

    if not gather.smtp_logs(where):
        raise BreachkitError(
            f"no SMTP logs found in {where.layout.root or '.'}: looked for {where.looked_for};"
            " name them with --logs DIR"
        )
    directory = Directory(gather.read_accounts(where, books))
    target = parse_target(word, directory)
    is_meant = functools.partial(target.is_name, directory=directory)
    facts = gather.read_smtp(where, books, gather.run_fingerprints(), (), by_hour=False, is_meant=is_meant)
    keep = functools.partial(Outline, target.is_id, is_meant, target.word)
    found = (
        session
        for sought in _sought(target, facts, is_meant)
        for session in gather.find_sessions(where, sought, keep, "sessions")
    )
    chosen = {session.source: session for session in found if target.is_met(session)}
    if not chosen and "@" in target.word:
        senders = gather.find_sessions(where, Sought(texts=frozenset({target.word})), keep, "senders")
        chosen = {session.source: session for session in senders if session.kept.is_sender}
    if not chosen:
        reach = _reach(facts, where)
        raise BreachkitError(
            f"no session of '{word}' in the logs ({reach}); check the id, or name more logs with --logs"
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


def _sought(target: tracing.Target, facts: LogFacts, is_meant: Callable[[str], bool]) -> Iterator[Sought]:
    """Spell what is wanted as the readers know it: an address, or else what may be an account and a message."""
    if target.client_ip is not None:
        yield Sought(client_ip=target.client_ip)
        return
    begins = facts.attempts.begins_of(is_meant)
    if begins:
        yield Sought(places=frozenset(begins))
    if target.word and "@" not in target.word:
        yield Sought(texts=target.ids)


def _reach(facts: LogFacts, where: Where) -> str:
    if facts.first is None or facts.last is None:
        return "no line of them could be read"
    first, last = (ts.astimezone(where.zone).strftime("%Y-%m-%d %H:%M") for ts in (facts.first, facts.last))
    return f"they reach from {first} to {last}"


def _transcripts(
    where: Where,
    chosen: Chosen,
    shown: list[Session],
    *,
    show_passwords: bool,
) -> list[TracedSession]:
    from breachkit.report.trace import TracedSession

    wanted = frozenset(session.source for session in shown)
    read = gather.read_transcripts(where, wanted, chosen.is_known, show_passwords=show_passwords)
    lines = {session.source: found for session, found in read}
    return [
        TracedSession(session, lines[session.source], session.kept.auth_user(chosen.directory)) for session in shown
    ]


def revealed(where: Where, sources: dict[Locus, str]) -> dict[str, list[str]]:
    """Decode again the passwords of the sessions that begin at the given places, by account.

    Only for a terminal whose user asked: nothing else in breachkit holds a password in clear.
    """
    found: dict[str, dict[str, None]] = {}
    for session, lines in gather.read_transcripts(where, frozenset(sources), lambda _name: True, show_passwords=True):
        secrets = (line.secret for line in lines if line.secret is not None)
        found.setdefault(sources[session.source], {}).update(dict.fromkeys(secrets))
    return {account: list(secrets) for account, secrets in found.items()}
