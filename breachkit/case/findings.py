"""`findings.json`: the objects of all commands in one, with what only the whole shows; every page is made of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from typing import NamedTuple

from breachkit import __version__
from breachkit.case.accused import accused_json
from breachkit.case.hours import hours_json
from breachkit.case.hours import moved
from breachkit.case.matrix import matrix_json
from breachkit.case.proof import Proof
from breachkit.case.samples import sample_json
from breachkit.detect.campaigns import Campaigns
from breachkit.detect.incident import count_owners_own
from breachkit.report.contain import contain_json
from breachkit.report.contract import share
from breachkit.report.find_account import find_account_json
from breachkit.report.group import group_json
from breachkit.report.harden import harden_json
from breachkit.report.scan import scan_json
from breachkit.report.weak_passwords import weak_passwords_json
from breachkit.report.words import stamp
from breachkit.shells import notes

if TYPE_CHECKING:
    from datetime import tzinfo

    from breachkit.case.investigation import Investigation
    from breachkit.detect.campaigns import Campaign
    from breachkit.purge.custody import Custody
    from breachkit.report.contract import Json


class RunFacts(NamedTuple):
    """The run of `investigate` itself."""

    number: int
    created: datetime
    redacted: bool
    case: str | None
    """The folder, as typed: commands that follow write into its custody."""


def findings_json(case: Investigation, run: RunFacts) -> Json:
    """Write everything that was found."""
    proof = Proof()
    inputs = case.inputs
    accused = accused_json(case, proof)
    everything = proof.of("Messages of the case", [message.source for message in case.messages])
    return {
        **inputs.head_json("investigate"),
        "case": {
            "run": run.number,
            "created": stamp(run.created, inputs.zone),
            "version": __version__,
            "redacted": run.redacted,
            "country_source": case.country_source,
        },
        **inputs.logs_json(),
        "messages": len(case.messages),
        "quarantined_messages": sum(message.quarantined for message in case.messages),
        "messages_proof": everything,
        "recipient_domains": _recipient_domains(case, accused),
        "accused": accused,
        "hours": hours_json(case, proof),
        "matrix": matrix_json(case),
        "campaigns": [
            _campaign_json(case, one, proof, run) for one in (case.campaigns.campaigns if case.campaigns else ())
        ],
        "purges": [_purge_json(custody, inputs.zone) for custody in case.runs],
        "symptoms": [
            {"name": one.name, "detail": one.detail, "proof": proof.of(one.name, one.evidence)} for one in case.symptoms
        ],
        "signals_proof": {
            f"{account.account} {signal.name}": proof.of(signal.name, signal.evidence)
            for account in case.found.accounts
            for signal in account.signals
        },
        "weak_proof": _weak_proof(case, proof),
        "settings_proof": _settings_proof(case, proof),
        "absent": dict(case.absent),
        "scan": scan_json(case.inventory, case.symptoms, inputs),
        "group": None if case.campaigns is None else group_json(_as_now(case), inputs, None),
        "find-account": find_account_json(case.found, inputs),
        "weak-passwords": None if case.passwords is None else weak_passwords_json(case.passwords.found, inputs),
        "harden": None
        if case.settings is None
        else harden_json(case.settings.judged, case.settings.others, case.settings.advice, inputs),
        "contain": contain_json(case.containing.steps, case.containing.attackers, case.containing.minutes, inputs),
        "next": _next(case, accused, run),
        "proof": proof.register,
    }


def _as_now(case: Investigation) -> Campaigns:
    """Count the campaigns as `group` does: in the queue as it is now, what was purged apart."""
    if case.campaigns is None:
        return Campaigns((), 0)
    total = sum(not message.quarantined for message in case.messages)
    rows = []
    for one in case.campaigns.campaigns:
        queued = case.queued(one)
        part = queued / total if total else 0.0
        rows.append(replace(one, messages=queued, quarantined_messages=len(one.members) - queued, share=part))
    # a sender's share is of the campaign: a campaign that was purged altogether keeps its whole as the measure
    return Campaigns(tuple(row for row in rows if row.messages), case.campaigns.ungrouped, case.campaigns.judged)


def _campaign_json(case: Investigation, one: Campaign, proof: Proof, run: RunFacts) -> Json:
    zone = case.inputs.zone
    members = [case.messages[at].source for at in one.members]
    queued = case.queued(one)
    book = [] if run.case is None else ["--case", run.case]
    return {
        "id": one.id,
        "messages": len(one.members),
        "queued_messages": queued,
        "quarantined_messages": len(one.members) - queued,
        "share": share(len(one.members) / len(case.messages)),
        "bulk": one.bulk,
        "purge_string": one.purge_string,
        "strings": [row._asdict() for row in one.strings],
        "subjects": list(one.subjects),
        "auth_users": [{"auth_user": row.name, "messages": row.messages} for row in one.auth_users],
        "mail_froms": [{"mail_from": row.name, "messages": row.messages} for row in one.mail_froms[:20]],
        "mail_froms_distinct": len(one.mail_froms),
        "first_seen": stamp(one.first_seen, zone),
        "last_seen": stamp(one.last_seen, zone),
        "sample": sample_json(case, one),
        "no_purge_why": one.no_purge_why,
        "owners_own": _owners_own(case, one),
        "command": _purge_command(case, one, book),
        "proof": proof.of("Messages of the campaign", members),
    }


def _recipient_domains(case: Investigation, accused: list[Json]) -> int:
    """Count the domains that the mail of the accused accounts was for; of all mail where nobody is accused."""
    named = [case.inquiry.of(one["account"], "messages")["rcpt_to"] for one in accused]
    recipients = [rcpts for column in named for rcpts in column] or [message.rcpt_to for message in case.messages]
    return len({name.rpartition("@")[2] for rcpts in recipients for name in rcpts})


def _purge_command(case: Investigation, one: Campaign, book: list[str]) -> str | None:
    """Spell the purge of a campaign; None for one that lies in the quarantine, or must not be purged."""
    if one.no_purge_why is not None or not case.queued(one):
        return None
    return case.purge(one.id, one.purge_string, *book)


def _owners_own(case: Investigation, one: Campaign) -> int | None:
    """Count the queued messages of a campaign that look like their owner's own; None where no log tells."""
    if not case.inquiry.evidence.is_auth_visible:
        return None
    sends = case.inquiry.sends
    sessions = sends[sends["account"].notna() & sends["queue_id"].notna()]
    came_from = dict(zip(sessions["queue_id"], sessions["client_ip"], strict=True))
    queued = [case.messages[at] for at in one.members if not case.messages[at].quarantined]
    return count_owners_own(queued, case.found, came_from)


def _purge_json(custody: Custody, zone: tzinfo) -> Json:
    return {
        "run": custody.run.name,
        "began": stamp(datetime.fromisoformat(custody.began), zone) if custody.began else None,
        "wanted": list(custody.wanted),
        "ended": custody.is_ended,
        "moved": moved(custody),
        "held": custody.count("held"),
        "restored": custody.count("restored"),
        "dropped": custody.count("dropped"),
        "gone": custody.count("gone"),
        "journal_sha256": custody.sha256,
    }


def _weak_proof(case: Investigation, proof: Proof) -> dict[str, str | None]:
    if case.passwords is None:
        return {}
    sources = case.passwords.sources
    names = [one.account for one in case.passwords.found.accounts]
    return {name: proof.of("The account in the export", [sources[name]]) for name in names if name in sources}


def _settings_proof(case: Investigation, proof: Proof) -> dict[str, str | None]:
    if case.settings is None:
        return {}
    sources = case.settings.sources
    names = [one.name for one in case.settings.judged]
    return {name: proof.of("The setting as read", [sources[name]]) for name in names if name in sources}


def _next(case: Investigation, accused: list[Json], run: RunFacts) -> list[Json]:
    """Spell what to run next, in the guide's order: the account first, then the queue."""
    if not accused and not case.found.accused_relays:
        return [_step("Look at the symptoms again", case.command("scan"))]
    book = [] if run.case is None else ["--case", run.case]
    names = [one["account"] for one in accused]
    steps = []
    if accused and case.inputs.log_first is not None:
        steps.append(_step("Read the session behind the entry", case.command("trace", names[0])))
    if accused or case.found.attackers:
        contain = case.command("contain", *names, *book)
        steps.append(_step("Contain the accounts: every step with its side effect", contain))
    if case.containing.attackers.ips:
        block = case.command("contain", *names, "--block-list", "nftables", *book)
        steps.append(_step("Block the attacking addresses, for 30 minutes", block))
    campaigns = case.campaigns.campaigns if case.campaigns else ()
    purges = [dry for one in campaigns if (dry := _purge_command(case, one, book)) is not None]
    steps += [_step("Then clean the queue: this only shows the plan", dry) for dry in purges]
    if case.passwords is not None:
        steps.append(_step("See who would fall next", case.command("weak-passwords")))
    if case.settings is not None:
        steps.append(_step("Close the doors", case.command("harden")))
    return steps


def _step(title: str, command: str) -> Json:
    """Write one step; the title says what to type for the stand-ins in its line."""
    return {"title": " ".join([title, *notes([command])]), "command": command}
