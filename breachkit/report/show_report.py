"""The report of `show`: one message as its reader sees it, and what the evidence says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.report.contract import share
from breachkit.report.inputs import head_json, render_skipped
from breachkit.report.page import Page
from breachkit.report.trace_report import render_session, session_json
from breachkit.report.words import count, moment, percent, size, stamp

if TYPE_CHECKING:
    from breachkit.detect.campaigns.campaign import Campaign
    from breachkit.detect.shown import ShownMessage
    from breachkit.evidence.gather import Inputs
    from breachkit.records import Message
    from breachkit.report.contract import Json
    from breachkit.text.letter import Letter

SHOWN_RECIPIENTS = 10
SHOWN_SUBJECT = 300
SHOWN_LINES = 60
"""Lines of a session on a terminal."""


def show_json(shown: ShownMessage, inputs: Inputs) -> Json:
    """Write the object of the contract; what is not known is null."""
    message, letter, campaign = shown.message, shown.letter, shown.campaign
    return {
        **head_json(inputs, "show"),
        "path": message.source.path,
        "files": shown.files,
        "queue": message.queue if shown.is_evidence else None,
        "quarantined": message.quarantined,
        "bytes": message.size,
        "auth_user": message.auth_user,
        "mail_from": message.mail_from,
        "header_from": message.header_from,
        "reply_to": letter.reply_to,
        "queue_id": message.queue_id,
        "client_ip": message.client_ip,
        "ts": stamp(message.ts if message.is_dated else None, inputs.zone),
        "recipients": message.rcpt_to,
        "subject": letter.subject,
        "text": letter.text,
        "text_truncated": letter.is_cut,
        "attachments": letter.attachments,
        "attachments_found": letter.attachments_found,
        "session": None
        if shown.session is None
        else session_json(shown.session, inputs.zone, shown.session.session.kept.message_ids),
        "campaign": None if campaign is None else _campaign_json(campaign),
    }


def _campaign_json(campaign: Campaign) -> Json:
    return {
        "id": campaign.id,
        "messages": campaign.messages,
        "share": share(campaign.share),
        "bulk": campaign.bulk,
        "purge_string": campaign.purge_string,
        "no_purge_why": campaign.no_purge_why,
    }


def render_show(shown: ShownMessage, inputs: Inputs, next_commands: list[str]) -> str:
    """Write the message for a terminal: every sign of it that a terminal might obey is spelled out."""
    page = Page()
    page.say(shown.message.source.path, style="bold")
    for title, value in _rows(shown, inputs):
        page.say(f"{title:<10} {value}", indent=2)
    page.heading("Text")
    lines = shown.letter.text.splitlines()
    for line in lines:
        page.literal(line.rstrip(), indent=2)
    if not lines:
        page.say("(none)", style="dim", indent=2)
    if shown.letter.is_cut:
        page.say("… cut here: it goes on in the file.", style="yellow", indent=2)
    _render_attachments(page, shown.letter)
    _render_session(page, shown, inputs)
    render_skipped(page, inputs)
    if next_commands:
        page.heading("Next")
    for command in next_commands:
        page.literal(command, indent=2)
    return page.text()


def _rows(shown: ShownMessage, inputs: Inputs) -> list[tuple[str, str]]:
    message, letter, campaign = shown.message, shown.letter, shown.campaign
    more = len(message.rcpt_to) - SHOWN_RECIPIENTS
    recipients = ", ".join(message.rcpt_to[:SHOWN_RECIPIENTS]) + (f" and {more:,} more" if more > 0 else "")
    subject = (letter.subject or "")[:SHOWN_SUBJECT]
    if message.quarantined:
        place = f"{message.queue}, purged from the queue"
    else:
        place = message.queue if shown.is_evidence else "no queue of this evidence"
    rows = [
        ("in", place),
        ("account", message.auth_user or "(none: no authentication)"),
        ("declared", message.mail_from or "unknown"),
        ("From", message.header_from if message.header_from not in {None, message.mail_from} else ""),
        ("Reply-To", letter.reply_to or ""),
        ("to", recipients or "unknown"),
        ("id", message.queue_id or "unknown"),
        ("client", message.client_ip or "unknown"),
        ("came in", _came_in(message, inputs)),
        ("size", size(message.size)),
        ("subject", subject + ("…" if len(letter.subject or "") > SHOWN_SUBJECT else "")),
    ]
    if campaign is not None:
        what = "lawful mass mail" if campaign.bulk else "campaign"
        held = f"{count(campaign.messages, 'message')}, {percent(campaign.share)} of the queue"
        rows.append((what, f"{campaign.id}: {held}; purge string {campaign.purge_string}"))
    return [(title, value) for title, value in rows if value]


def _came_in(message: Message, inputs: Inputs) -> str:
    if not message.is_dated:
        return "unknown"
    return moment(message.ts, inputs.zone) + ("" if message.is_stamped else " (by the time of the file)")


def _render_attachments(page: Page, letter: Letter) -> None:
    if not letter.attachments:
        return
    page.heading(f"Attachments ({letter.attachments_found:,})")
    rows = [(one.name or "(no name)", one.type or "unknown", size(one.bytes)) for one in letter.attachments]
    page.table(["name", "type", "bytes"], rows)


def _render_session(page: Page, shown: ShownMessage, inputs: Inputs) -> None:
    page.heading("Session")
    if shown.session is not None:
        render_session(page, shown.session, inputs.zone, SHOWN_LINES)
    elif not shown.is_evidence:
        page.say("Not looked for: the message lies in no queue of this evidence; name its --root.", indent=2)
    elif not shown.has_logs:
        page.say("Not looked for: there are no SMTP logs, or the message names no id.", indent=2)
    else:
        reach = ""
        if inputs.log_first is not None and inputs.log_last is not None:
            reach = f" (from {moment(inputs.log_first, inputs.zone)} to {moment(inputs.log_last, inputs.zone)})"
        page.say(f"No session in the SMTP logs{reach} took a message of this id.", style="yellow", indent=2)
