"""What a case says of each campaign: its strings and senders, a sample, its links, and the fate of its recipients."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Any

from breachkit.detect.accounts.inquiry import AHEAD
from breachkit.detect.containment import count_owners_own
from breachkit.report.contract import counted_json, share
from breachkit.report.words import stamp
from breachkit.text.headers import decoded_words
from breachkit.text.message import decoded_texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from breachkit.case.investigation import Investigation, ProofRegister
    from breachkit.detect.campaigns.campaign import Campaign
    from breachkit.report.contract import Json

FATES = ("delivered", "waiting", "dead", "refused", "taken_out", "unknown")
"""`dead` does not exist, `refused` is any other permanent failure, `taken_out` was purged before it left."""
MOST_LISTED = 20
"""Subjects, hosts and links of a campaign."""
READ = 50
"""Messages of a campaign that are read for their links."""
AROUND = 240
"""Letters shown before and after the shared string."""
LONGEST_SHARED = 600
"""Letters of the shared string itself that are shown."""

_URL = re.compile(r"\bhttps?://[^\s<>\"'\\^`{|}\x00-\x20\x7f]{3,500}", re.IGNORECASE)
_HOST = re.compile(r"https?://(?:[^/@\s]*@)?([A-Za-z0-9.-]{1,253})", re.IGNORECASE)


def campaign_json(
    case: Investigation, one: Campaign, proof: ProofRegister, fates: RecipientFates, command: str | None
) -> Json:
    """Write one campaign; `command` purges it, None for one that must not be purged or has left the queue."""
    zone = case.inputs.zone
    recipients, gone = fates.of(one)
    members = [case.messages[at] for at in one.members]
    queued = case.queued(one)
    subjects = Counter(decoded_words(message.subject) for message in members if message.subject)
    return {
        "id": one.id,
        "messages": len(members),
        "queued_messages": queued,
        "quarantined_messages": len(members) - queued,
        "share": share(len(members) / len(case.messages)),
        "bulk": one.bulk,
        "purge_string": one.purge_string,
        "strings": [row._asdict() for row in one.strings],
        "subjects": list(one.subjects),
        "repeated_subjects": counted_json("subject", _repeated(subjects)),
        "recipients": recipients,
        "gone_messages": gone,
        "auth_users": counted_json("auth_user", one.auth_users),
        "mail_froms": counted_json("mail_from", one.mail_froms[:20]),
        "mail_froms_distinct": len(one.mail_froms),
        "first_seen": stamp(one.first_seen, zone),
        "last_seen": stamp(one.last_seen, zone),
        "sample": _sample_json(case, one),
        "no_purge_why": one.no_purge_why,
        "owners_own": _owners_own(case, one),
        "links": _links_json(case, one),
        "command": command,
        "proof": proof.of("Messages of the campaign", [message.source for message in members]),
    }


def _owners_own(case: Investigation, one: Campaign) -> int | None:
    """Count the queued messages of a campaign that look like their owner's own; None where no log tells."""
    if not case.inquiry.is_auth_visible:
        return None
    sends = case.inquiry.sends
    sessions = sends[sends["account"].notna() & sends["queue_id"].notna()]
    came_from = dict(zip(sessions["queue_id"], sessions["client_ip"], strict=True))
    queued = [case.messages[at] for at in one.members if not case.messages[at].quarantined]
    return count_owners_own(queued, case.found, came_from)


def _sample_json(case: Investigation, campaign: Campaign) -> Json | None:
    """Write the first message that can still be read, with the shared string as its reader would see it."""
    wanted = campaign.purge_string
    for at in campaign.members[:5]:
        message = case.messages[at]
        raw = case.read(message)
        if not raw:
            continue
        held = [text for text in decoded_texts(raw) if wanted in text]
        # the longest is the body: a header with the string shows nothing around it
        text = max(held, key=len) if held else raw.decode("utf-8", "replace")
        before, shared, after = text.partition(wanted)
        return {
            "subject": None if message.subject is None else decoded_words(message.subject),
            "mail_from": message.mail_from,
            "before": before[-AROUND:] if shared else text[:AROUND],
            "shared": shared[:LONGEST_SHARED],
            "after": after[:AROUND],
            "urls": list(dict.fromkeys(_urls(text)))[:MOST_LISTED],
            "source": message.source,
        }
    return None


def _links_json(case: Investigation, campaign: Campaign) -> Json:
    """Write the hosts and the whole URLs that more than one message of a campaign links to, most frequent first.

    A part of the messages is read, from the whole of the run: a link that only one reader got shows nothing of the run.
    """
    step = max(1, len(campaign.members) // READ)
    hosts: Counter[str] = Counter()
    urls: Counter[str] = Counter()
    raws = list(filter(None, (case.read(case.messages[at]) for at in campaign.members[::step][:READ])))
    for raw in raws:
        linked = dict.fromkeys(url for text in decoded_texts(raw) for url in _urls(text))
        urls.update(linked.keys())
        hosts.update({host for url in linked if (host := host_of(url)) is not None})
    return {
        "read_messages": len(raws),
        "hosts": counted_json("host", _repeated(hosts)),
        "urls": counted_json("url", _repeated(urls)),
    }


def _repeated(counts: Counter[str]) -> list[tuple[str, int]]:
    return [(text, number) for text, number in counts.most_common(MOST_LISTED) if number > 1]


def host_of(url: str) -> str | None:
    """Return the name of the host of a URL, lower case; None where it has none, or an IP address."""
    found = _HOST.match(url)
    host = "" if found is None else found[1].lower().strip(".")
    return host if "." in host and not host.replace(".", "").isdigit() else None


def _urls(text: str) -> list[str]:
    return [found.rstrip(".,;:!?)]") for found in _URL.findall(text)]


class RecipientFates:
    """What became of the recipients of campaigns, as far as logs and queue tell."""

    def __init__(self, case: Investigation) -> None:
        self._inquiry = case.inquiry
        self._last_of: dict[tuple[object, ...], list[tuple[pd.Timestamp, str]]] = {}
        # in order of time: the last of a list is the last there was
        for row in case.inquiry.deliveries.itertuples():
            gone: Any = row
            path = (gone.queue_id,) if isinstance(gone.queue_id, str) else (gone.mail_from, gone.node)
            fate = {"failed": "dead" if gone.is_unknown else "refused", "delivered": "delivered"}
            self._last_of.setdefault((*path, gone.rcpt_to), []).append((gone.ts, fate.get(gone.outcome, "waiting")))
        self._gone = _gone_of(case)

    def of(self, campaign: Campaign) -> tuple[Json, int | None]:
        """Count the recipients of a campaign by what became of each.

        Returns:
            The counts, and how many messages of it had left the queue already: those that the attacking addresses of
            its members handed in under the same account. None where these brought in another campaign too, so that
            nothing tells which of what is gone was of it.
        """
        counts: Counter[str] = Counter()
        members = self._inquiry.messages.loc[[*campaign.members]]
        lost = self._gone.get(campaign.id)
        wanted = [*members.loc[members["send"] >= 0, "send"], *(lost or ())]
        sent = {row.Index: row for row in self._inquiry.sends.loc[wanted].itertuples()}
        for queued in members.itertuples():
            counts += self._counted(queued, sent.get(queued.send))
        for at in lost or ():
            counts += self._counted(None, sent[at])
        return {"tried": counts.total(), **{fate: counts[fate] for fate in FATES}}, None if lost is None else len(lost)

    def _counted(self, queued: Any, sent: Any) -> Counter[str]:
        """Count the recipients of one message, queued or gone."""
        waiting = {} if queued is None else dict.fromkeys(queued.rcpt_to)
        named = dict.fromkeys([*waiting, *(() if sent is None else sent.rcpt_to)])
        where = queued if sent is None else sent
        counts = Counter(self._fate(where, rcpt_to, waiting, queued) for rcpt_to in named)
        if sent is not None:
            counts["dead"] += sent.rcpt_unknown
            counts["unknown"] += max(0, sent.rcpt_count - sent.rcpt_unknown - len(named))
        return +counts

    def _fate(self, where: Any, rcpt_to: str, waiting: Iterable[str], queued: Any) -> str:
        known = self._last_of.get((where.queue_id, rcpt_to)) if isinstance(where.queue_id, str) else None
        known = known or self._last_of.get((where.mail_from, where.node, rcpt_to), [])
        # another message of the same sender to the same recipient, days before, tells nothing of this one
        is_known = bisect_left(known, where.ts - AHEAD, key=lambda row: row[0]) < len(known)
        if is_known and known[-1][1] != "waiting":
            return known[-1][1]
        if queued is not None and queued.quarantined:
            return "taken_out"
        return "waiting" if is_known or rcpt_to in waiting else "unknown"


def _gone_of(case: Investigation) -> dict[str, list[int]]:
    """Find the messages of each campaign that have left the queue, as rows of `sends`, by its id.

    Where all that an account and an attacking address left in the queue is of one campaign, what is gone is taken for
    the same.
    """
    campaigns = [] if case.campaigns is None else case.campaigns.campaigns
    messages, sends = case.inquiry.messages, case.inquiry.sends
    campaign_of = {at: one.id for one in campaigns for at in one.members}
    attacks = {(one.account, ip) for one in case.found.accused for ip in one.attacking_ips}
    accepted = sends[sends["accepted"].astype("bool")]
    pairs = zip(accepted["account"], accepted["client_ip"], strict=True)
    pair_of = {at: pair for at, pair in zip(accepted.index, pairs, strict=True) if pair in attacks}
    left = {send: campaign_of.get(at) for at, send in enumerate(messages["send"]) if send >= 0}
    brought: dict[tuple[str, str], set[str]] = {}
    for send, campaign in left.items():
        if send in pair_of and campaign is not None:
            brought.setdefault(pair_of[send], set()).add(campaign)
    found: dict[str, list[int]] = {}
    for one in campaigns:
        mine = {pair for pair, seen in brought.items() if one.id in seen}
        if mine and all(brought[pair] == {one.id} for pair in mine):
            found[one.id] = [at for at, pair in pair_of.items() if pair in mine and at not in left]
    return found
