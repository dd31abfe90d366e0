"""`findings.json`: the objects of all commands in one, with what only the whole shows; every page is made of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from breachkit import __version__
from breachkit.case.accused import accused_json
from breachkit.case.addresses import addresses_json
from breachkit.case.fates import Fates
from breachkit.case.hours import hours_json, moved
from breachkit.case.matrix import matrix_json
from breachkit.case.proof import Proof
from breachkit.case.samples import links_json, sample_json
from breachkit.detect.campaigns.campaign import Campaigns
from breachkit.detect.incident import count_owners_own
from breachkit.report.contain import contain_json
from breachkit.report.contract import plain, share
from breachkit.report.find_account import find_account_json
from breachkit.report.group import group_json
from breachkit.report.harden import harden_json
from breachkit.report.inputs import head_json, logs_json
from breachkit.report.scan import scan_json
from breachkit.report.weak_passwords import weak_passwords_json
from breachkit.report.words import stamp
from breachkit.shells import notes
from breachkit.text.headers import decoded_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import tzinfo

    from breachkit.case.investigation import Investigation
    from breachkit.detect.campaigns.campaign import Campaign
    from breachkit.purge.quarantine import Stock
    from breachkit.report.contract import Json


MOST_SUBJECTS = 20
MOST_NAMES = 20
MOST_TRACED = 5
"""Accounts that a line names where it need not name all, and that have a line of their own."""


class RunFacts(NamedTuple):
    """The run of `investigate` itself."""

    number: int
    created: datetime
    redacted: bool
    case: str | None
    """The folder, as typed: commands that follow write into its custody."""


def findings_json(case: Investigation, run: RunFacts, named: Callable[[str], str] = str) -> Json:
    """Write everything that was found; `named` gives accounts the names that the case has for them in commands."""
    proof = Proof()
    inputs = case.inputs
    accused = accused_json(case, proof)
    fates = Fates(case)
    campaigns = [
        _campaign_json(case, one, proof, fates, run) for one in (case.campaigns.campaigns if case.campaigns else ())
    ]
    everything = proof.of("Messages of the case", [message.source for message in case.messages])
    found = {
        **head_json(inputs, "investigate"),
        "case": {
            "run": run.number,
            "created": stamp(run.created, inputs.zone),
            "version": __version__,
            "redacted": run.redacted,
            "country_source": case.country_source,
        },
        **logs_json(inputs),
        "messages": len(case.messages),
        "quarantined_messages": sum(message.quarantined for message in case.messages),
        "messages_proof": everything,
        "recipient_domains": _recipient_domains(case, accused),
        "accused": accused,
        "addresses": addresses_json(case),
        "hours": hours_json(case, proof),
        "matrix": matrix_json(case),
        "campaigns": campaigns,
        "purges": [_purge_json(custody, inputs.zone) for custody in case.runs],
        "symptoms": [
            {"name": one.name, "detail": one.detail, "proof": proof.of(one.name, one.evidence)} for one in case.symptoms
        ],
        "weak_proof": _weak_proof(case, proof),
        "settings_proof": _settings_proof(case, proof),
        "absent": dict(case.absent),
        "scan": scan_json(case.inventory, case.symptoms, inputs),
        "group": None if case.campaigns is None else group_json(_as_now(case), inputs, None),
        "find-account": find_account_json(case.found, inputs),
        "weak-passwords": None if case.passwords is None else weak_passwords_json(case.passwords.found, inputs),
        "harden": None if case.settings is None else harden_json(case.settings, inputs),
        "contain": contain_json(case.containing.steps, case.containing.attackers, case.containing.minutes, inputs),
        "next": _next(case, accused, campaigns, run, named),
        "proof": proof.register,
    }
    written: Json = plain(found)
    return written


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


def _campaign_json(case: Investigation, one: Campaign, proof: Proof, fates: Fates, run: RunFacts) -> Json:
    zone = case.inputs.zone
    recipients, gone = fates.of(one)
    members = [case.messages[at].source for at in one.members]
    queued = case.queued(one)
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
        "repeated_subjects": _repeated_subjects(case, one),
        "recipients": recipients,
        "gone_messages": gone,
        "auth_users": [{"auth_user": row.name, "messages": row.messages} for row in one.auth_users],
        "mail_froms": [{"mail_from": row.name, "messages": row.messages} for row in one.mail_froms[:20]],
        "mail_froms_distinct": len(one.mail_froms),
        "first_seen": stamp(one.first_seen, zone),
        "last_seen": stamp(one.last_seen, zone),
        "sample": sample_json(case, one),
        "no_purge_why": one.no_purge_why,
        "owners_own": _owners_own(case, one),
        "links": links_json(case, one),
        "command": _purge_command(case, one, run),
        "proof": proof.of("Messages of the campaign", members),
    }


def _recipient_domains(case: Investigation, accused: list[Json]) -> int:
    """Count the domains that the mail of the accused accounts was for; of all mail where nobody is accused."""
    named = [case.inquiry.of(one["account"], "messages")["rcpt_to"] for one in accused]
    recipients = [rcpts for column in named for rcpts in column] or [message.rcpt_to for message in case.messages]
    return len({name.rpartition("@")[2] for rcpts in recipients for name in rcpts})


def _repeated_subjects(case: Investigation, one: Campaign) -> list[Json]:
    """Write the subjects that more than one message of a campaign has, most frequent first."""
    said = (case.messages[at].subject for at in one.members)
    counts = Counter(decoded_words(subject) for subject in said if subject)
    return [{"subject": subject, "messages": n} for subject, n in counts.most_common(MOST_SUBJECTS) if n > 1]


def _purge_command(case: Investigation, one: Campaign, run: RunFacts) -> str | None:
    """Spell the purge of a campaign; None for one that lies in the quarantine, or must not be purged."""
    if one.no_purge_why is not None or not case.queued(one):
        return None
    book = [] if run.case is None else ["--case", run.case]
    return case.purge(one.id, "" if run.redacted else one.purge_string, *book)


def _owners_own(case: Investigation, one: Campaign) -> int | None:
    """Count the queued messages of a campaign that look like their owner's own; None where no log tells."""
    if not case.inquiry.evidence.is_auth_visible:
        return None
    sends = case.inquiry.sends
    sessions = sends[sends["account"].notna() & sends["queue_id"].notna()]
    came_from = dict(zip(sessions["queue_id"], sessions["client_ip"], strict=True))
    queued = [case.messages[at] for at in one.members if not case.messages[at].quarantined]
    return count_owners_own(queued, case.found, came_from)


def _purge_json(custody: Stock, zone: tzinfo) -> Json:
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


def _weak_proof(case: Investigation, proof: Proof) -> list[Json]:
    """Write a row for each guessable account: names stand in values, never as keys."""
    if case.passwords is None:
        return []
    sources = case.passwords.sources
    names = [one.account for one in case.passwords.found.accounts if one.account in sources]
    return [{"account": name, "proof": proof.of("The account in the export", [sources[name]])} for name in names]


def _settings_proof(case: Investigation, proof: Proof) -> dict[str, str | None]:
    if case.settings is None:
        return {}
    sources = case.settings.sources
    names = [one.name for one in case.settings.judged]
    return {name: proof.of("The setting as read", [sources[name]]) for name in names if name in sources}


def _next(
    case: Investigation, accused: list[Json], campaigns: list[Json], run: RunFacts, named: Callable[[str], str]
) -> list[Json]:
    """Spell what to run next, in the guide's order: the accounts first, then the queue."""
    if not accused and not case.found.accused_relays:
        return [_step("Look at the symptoms again", case.command("scan"))]
    book = [] if run.case is None else ["--case", run.case]
    names = [named(one["account"]) for one in accused]
    # `contain` knows the compromised ones by itself; where one is only suspect all are named
    is_long = len(names) > MOST_NAMES and all(one["verdict"] == "compromised" for one in accused)
    chosen = [] if is_long else names
    steps = []
    if accused or case.found.attackers:
        contain = case.command("contain", *chosen, *book)
        steps.append(_step("Contain the accounts: every step with its side effect", contain))
    if case.containing.attackers.ips:
        block = case.command("contain", *chosen, "--block-list", "nftables", *book)
        steps.append(_step("Block the attacking addresses, for 30 minutes", block))
    if case.inputs.log_first is not None:
        traces = (case.command("trace", name) for name in names[:MOST_TRACED])
        steps += [_step("Read the session behind the entry", trace) for trace in traces]
    purges = _purges(case, accused, campaigns, book, named)
    steps += [_step("Then clean the queue: this only shows the plan", purge) for purge in purges]
    if case.passwords is not None:
        steps.append(_step("See who would fall next", case.command("weak-passwords")))
    if case.settings is not None:
        steps.append(_step("Close the doors", case.command("harden")))
    return steps


def _step(title: str, command: str) -> Json:
    """Write one step; the title says what to type for the stand-ins in its line."""
    return {"title": " ".join([title, *notes([command])]), "command": command}


def _purges(
    case: Investigation, accused: list[Json], campaigns: list[Json], book: list[str], named: Callable[[str], str]
) -> Iterator[str]:
    """Spell the purges: by campaign; by account where the mail of an accused one is in none."""
    covered = set()
    for campaign in campaigns:
        if campaign["command"] is not None:
            covered |= {row["auth_user"] for row in campaign["auth_users"]}
            yield campaign["command"]
    for one in accused:
        if one["account"] not in covered and one["messages"] > one["quarantined_messages"]:
            yield case.command("purge", "--account", named(one["account"]), "--dry-run", *book)
