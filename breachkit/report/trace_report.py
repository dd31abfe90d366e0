"""The report of `trace`: the session transcript that the guide has the reader look up by hand."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from breachkit.report.contract import dump_rows
from breachkit.report.inputs import head_json, logs_json, render_inputs
from breachkit.report.page import Page
from breachkit.report.words import count, moment, place, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo

    from breachkit.detect.tracing import Outline, TracedSession
    from breachkit.evidence.gather import Inputs
    from breachkit.records import Session
    from breachkit.report.contract import Json

SIGNS = {"received": "<<<", "sent": ">>>", "note": "   "}


def trace_json(traced: Sequence[TracedSession], found: int, inputs: Inputs) -> Iterator[str]:
    """Write the object of the contract, piece by piece; secrets stay `***`."""
    rows = (
        dump_rows(session_json(one, inputs.zone, ()), "message_ids", one.session.kept.message_ids) for one in traced
    )
    return dump_rows(
        {**head_json(inputs, "trace"), "sessions_found": found, "sessions": [], **logs_json(inputs)}, "sessions", rows
    )


def session_json(one: TracedSession, zone: tzinfo, message_ids: Iterable[str]) -> Json:
    """Write the row of the contract."""
    kept: Outline = one.session.kept
    return {
        "kind": one.session.kind,
        "client_ip": None if one.session.kind == "client" else one.session.client_ip,
        "peer": one.session.client_ip,
        "thread": one.session.thread,
        "start": stamp(one.session.start, zone),
        "end": stamp(one.session.end, zone),
        "lines": [{"ts": line.ts, "direction": line.direction, "text": line.text} for line in one.lines],
        "auth_user": one.auth_user,
        "outcome": kept.outcome(one.session.kind),
        "message_ids": [*message_ids],
        "source": one.session.source,
    }


def render_trace(traced: Sequence[TracedSession], found: int, inputs: Inputs, next_command: str) -> str:
    """Write the transcripts for a terminal."""
    page = Page()
    for one in traced:
        render_session(page, one, inputs.zone)
        page.say()
    if found > len(traced):
        page.say(f"{len(traced):,} of {count(found, 'session')} shown; --limit 0 shows all.", style="yellow")
    render_inputs(page, inputs)
    page.commands([next_command])
    return page.text()


def _title(session: Session) -> str:
    """Name a session: by its address and thread, or as the way of one message where the log knows only that."""
    if session.kind == "client" and not session.client_ip and session.kept.message_ids:
        return f"Delivery of {next(iter(session.kept.message_ids))}"
    thread = session.thread.replace(f"[{session.client_ip}]", "").strip(" :")  # Exim's is an id, an address and a port
    return " ".join(filter(None, [f"{session.kind.capitalize()} session", session.client_ip, thread and f"[{thread}]"]))


def render_session(page: Page, one: TracedSession, zone: tzinfo, most: int | None = None) -> None:
    """Write the transcript of a session, or its first lines."""
    session, kept = one.session, one.session.kept
    who = f", account {one.auth_user}" if one.auth_user else ""
    page.say(f"{_title(session)}{who}: {kept.outcome(session.kind)}", style="bold")
    where = f"{moment(session.start, zone)}, {place(session.source)}"
    named = ", ".join(islice(kept.message_ids, 5))
    ids = f", messages {named}" if named else ""
    page.say(where + ids, style="dim", indent=2)
    for line in one.lines[:most]:
        secret = f"  [{line.secret}]" if line.secret is not None else ""
        page.literal(f"{line.ts[11:19]} {SIGNS[line.direction]} {line.text}{secret}", indent=2)
    if most is not None and len(one.lines) > most:
        page.say(f"… {count(len(one.lines) - most, 'more line')}", style="yellow", indent=2)
