"""`findings.json`: the objects of all commands in one, with what only the whole shows; every page is made of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from breachkit import __version__
from breachkit.case.accused import account_json, addresses_json, matrix_json
from breachkit.case.investigation import BLOCK_MINUTES, ProofRegister
from breachkit.case.spamruns import RecipientFates, campaign_json
from breachkit.case.timeline import hours_json, moved
from breachkit.detect.campaigns.campaign import Campaigns
from breachkit.report.contain_report import contain_json
from breachkit.report.contract import plain
from breachkit.report.find_account_report import find_account_json
from breachkit.report.group_report import group_json
from breachkit.report.harden_report import harden_json
from breachkit.report.inputs import head_json, logs_json
from breachkit.report.scan_report import scan_json
from breachkit.report.weak_passwords_report import weak_passwords_json
from breachkit.report.words import stamp
from breachkit.shells import notes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from breachkit.case.dossier import Dossier
    from breachkit.case.investigation import Investigation
    from breachkit.detect.campaigns.campaign import Campaign
    from breachkit.purge.stock import Stock
    from breachkit.report.contract import Json


MOST_NAMES = 20
MOST_TRACED = 5
"""Accounts that a line names where it need not name all, and that have a line of their own."""


def findings_json(case: Investigation, run: Dossier) -> Json:
    """Write everything that was found in a run."""
    proof = ProofRegister()
    inputs = case.inputs
    accused = [account_json(case, account, proof) for account in case.found.accused]
    fates = RecipientFates(case)
    campaigns = [
        campaign_json(case, one, proof, fates, _purge_command(case, one, run))
        for one in (case.campaigns.campaigns if case.campaigns else ())
    ]
    found = {
        **head_json(inputs, "investigate"),
        "case": {
            "run": run.number,
            "created": stamp(run.now, inputs.zone),
            "version": __version__,
            "redacted": run.redact,
            "country_source": case.country_source,
        },
        **logs_json(inputs),
        "messages": len(case.messages),
        "quarantined_messages": sum(message.quarantined for message in case.messages),
        "messages_proof": proof.of("Messages of the case", [message.source for message in case.messages]),
        "recipient_domains": _recipient_domains(case),
        "accused": accused,
        "addresses": addresses_json(case),
        "hours": hours_json(case, proof),
        "matrix": matrix_json(case),
        "campaigns": campaigns,
        "purges": [_purge_json(stock, inputs.zone) for stock in case.runs],
        "symptoms": [
            {"name": one.name, "detail": one.detail, "proof": proof.of(one.name, one.evidence)} for one in case.symptoms
        ],
        "weak_proof": _weak_proof(case, proof),
        "settings_proof": _settings_proof(case, proof),
        "absent": dict(case.absent),
        "scan": scan_json(case.inventory, case.symptoms, inputs),
        "group": None if case.campaigns is None else group_json(_as_now(case, case.campaigns), inputs, None),
        "find-account": find_account_json(case.found, inputs),
        "weak-passwords": None if case.passwords is None else weak_passwords_json(case.passwords.found, inputs),
        "harden": None if case.settings is None else harden_json(case.settings, inputs),
        "contain": contain_json(case.steps, case.attackers, BLOCK_MINUTES, inputs),
        "next": [
            # the title says what to type for the stand-ins in its line
            {"title": " ".join([title, *notes([command])]), "command": command}
            for title, command in _next(case, accused, campaigns, run)
        ],
        "proof": proof.rows,
    }
    written: Json = plain(found)
    return written


def _as_now(case: Investigation, campaigns: Campaigns) -> Campaigns:
    """Count the campaigns as `group` does: in the queue as it is now, what was purged apart."""
    total = sum(not message.quarantined for message in case.messages)
    rows = []
    for one in campaigns.campaigns:
        queued = case.queued(one)
        part = queued / total if total else 0.0
        rows.append(replace(one, messages=queued, quarantined_messages=len(one.members) - queued, share=part))
    # a sender's share is of the campaign: a campaign that was purged altogether keeps its whole as the measure
    return Campaigns(tuple(row for row in rows if row.messages), campaigns.ungrouped, campaigns.judged)


def _recipient_domains(case: Investigation) -> int:
    """Count the domains that the mail of the accused accounts was for; of all mail where nobody is accused."""
    columns = [case.inquiry.of(one.account, "messages")["rcpt_to"] for one in case.found.accused]
    recipients = [rcpts for column in columns for rcpts in column] or [message.rcpt_to for message in case.messages]
    return len({name.rpartition("@")[2] for rcpts in recipients for name in rcpts})


def _purge_command(case: Investigation, one: Campaign, run: Dossier) -> str | None:
    """Spell the purge of a campaign; None for one that lies in the quarantine, or must not be purged."""
    if one.no_purge_why is not None or not case.queued(one):
        return None
    return case.where.purge(one.id, "" if run.redact else one.purge_string, *run.book)


def _purge_json(stock: Stock, zone: tzinfo) -> Json:
    return {
        "run": stock.run.name,
        "began": stamp(datetime.fromisoformat(stock.began), zone) if stock.began else None,
        "wanted": list(stock.wanted),
        "ended": stock.is_ended,
        "moved": moved(stock),
        "held": stock.count("held"),
        "restored": stock.count("restored"),
        "dropped": stock.count("dropped"),
        "gone": stock.count("gone"),
        "journal_sha256": stock.sha256,
    }


def _weak_proof(case: Investigation, proof: ProofRegister) -> list[Json]:
    """Write a row for each guessable account: names stand in values, never as keys."""
    if case.passwords is None:
        return []
    sources = case.passwords.sources
    names = [one.account for one in case.passwords.found.accounts if one.account in sources]
    return [{"account": name, "proof": proof.of("The account in the export", [sources[name]])} for name in names]


def _settings_proof(case: Investigation, proof: ProofRegister) -> dict[str, str | None]:
    if case.settings is None:
        return {}
    sources = case.settings.sources
    names = [one.name for one in case.settings.judged]
    return {name: proof.of("The setting as read", [sources[name]]) for name in names if name in sources}


def _next(case: Investigation, accused: list[Json], campaigns: list[Json], run: Dossier) -> Iterator[tuple[str, str]]:
    """Spell what to run next with its title, in the guide's order: the accounts first, then the queue."""
    if not accused and not case.found.accused_relays:
        yield "Look at the symptoms again", case.where.command("scan")
        return
    names = [run.named(one["account"]) for one in accused]
    # `contain` knows the compromised ones by itself; where one is only suspect all are named
    is_long = len(names) > MOST_NAMES and all(one["verdict"] == "compromised" for one in accused)
    chosen = [] if is_long else names
    if accused or case.found.attackers:
        yield "Contain the accounts: every step with its side effect", case.where.command("contain", *chosen, *run.book)
    if case.attackers.ips:
        block = case.where.command("contain", *chosen, "--block-list", "nftables", *run.book)
        yield "Block the attacking addresses, for 30 minutes", block
    for name in names[:MOST_TRACED] if case.inputs.log_first is not None else ():
        yield "Read the session behind the entry", case.where.command("trace", name)
    purges = [(campaign["auth_users"], campaign["command"]) for campaign in campaigns if campaign["command"]]
    covered = {row["auth_user"] for auth_users, _ in purges for row in auth_users}
    commands = [command for _, command in purges]
    # by account where the mail of an accused one is in no campaign
    alone = [one for one in accused if one["account"] not in covered and one["messages"] > one["quarantined_messages"]]
    commands += [
        case.where.command("purge", "--account", run.named(one["account"]), "--dry-run", *run.book) for one in alone
    ]
    for command in commands:
        yield "Then clean the queue: this only shows the plan", command
    if case.passwords is not None:
        yield "See who would fall next", case.where.command("weak-passwords")
    if case.settings is not None:
        yield "Close the doors", case.where.command("harden")
