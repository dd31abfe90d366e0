"""What became of the recipients of a campaign, as far as logs and queue tell."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Any

from breachkit.case.accused import accused_of
from breachkit.detect.accounts.joins import AHEAD

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from breachkit.case.investigation import Investigation
    from breachkit.detect.campaigns.campaign import Campaign
    from breachkit.report.contract import Json

FATES = ("delivered", "waiting", "dead", "refused", "taken_out", "unknown")
"""`dead` does not exist, `refused` is any other permanent failure, `taken_out` was purged before it left."""


class Fates:
    """Looks up the last status of a recipient of a message."""

    def __init__(self, case: Investigation) -> None:
        self._case = case
        self._by: dict[tuple[object, ...], list[tuple[pd.Timestamp, str]]] = {}
        # in order of time: the last of a list is the last there was
        for gone in case.inquiry.deliveries.itertuples():
            path = (gone.queue_id,) if isinstance(gone.queue_id, str) else (gone.mail_from, gone.node)
            self._by.setdefault((*path, gone.rcpt_to), []).append((gone.ts, _fate(gone)))  # type: ignore[arg-type]
        self._gone = _gone(case)

    def of(self, campaign: Campaign) -> tuple[Json, int | None]:
        """Count the recipients of a campaign by what became of each.

        Returns:
            The counts, and how many messages of it had left the queue already: those that the attacking addresses of
            its members handed in under the same account. None where these brought in another campaign too, so that
            nothing tells which of what is gone was of it.
        """
        counts: Counter[str] = Counter()
        messages, sends = self._case.inquiry.messages, self._case.inquiry.sends
        members = messages.loc[[*campaign.members]]
        lost = self._gone.get(campaign.id)
        wanted = [*members.loc[members["send"] >= 0, "send"], *(lost or ())]
        sent = {row.Index: row for row in sends.loc[wanted].itertuples()}
        for queued in members.itertuples():
            counts += self._counted(queued, sent.get(queued.send))
        for at in lost or ():
            counts += self._counted(None, sent[at])
        return {"tried": counts.total(), **{fate: counts[fate] for fate in FATES}}, None if lost is None else len(lost)

    def _counted(self, queued: Any, sent: Any) -> Counter[str]:
        """Count the recipients of one message, queued or gone."""
        where = queued if sent is None else sent
        waiting = {} if queued is None else dict.fromkeys(queued.rcpt_to)
        named = dict.fromkeys([*waiting, *(() if sent is None else sent.rcpt_to)])
        counts = Counter(self._last(where, rcpt_to, waiting, queued) for rcpt_to in named)
        if sent is not None:
            counts["dead"] += sent.rcpt_unknown
            counts["unknown"] += max(0, sent.rcpt_count - sent.rcpt_unknown - len(named))
        return +counts

    def _last(self, where: Any, rcpt_to: str, waiting: Iterable[str], queued: Any) -> str:
        known = self._by.get((where.queue_id, rcpt_to)) if isinstance(where.queue_id, str) else None
        known = known or self._by.get((where.mail_from, where.node, rcpt_to), [])
        # another message of the same sender to the same recipient, days before, tells nothing of this one
        begin = bisect_left(known, where.ts - AHEAD, key=lambda row: row[0])
        fate = known[-1][1] if begin < len(known) else None
        if fate in {None, "waiting"}:
            if queued is not None and queued.quarantined:
                return "taken_out"
            return "waiting" if fate is not None or rcpt_to in waiting else "unknown"
        return str(fate)


def _fate(gone: Any) -> str:
    if gone.outcome == "failed":
        return "dead" if gone.is_unknown else "refused"
    return "delivered" if gone.outcome == "delivered" else "waiting"


def _gone(case: Investigation) -> dict[str, list[int]]:
    """Find the messages of each campaign that have left the queue, as rows of `sends`, by its id.

    Told by account and attacking address: where what such pairs left in the queue is of one campaign, what is gone is
    taken for the same.
    """
    campaigns = [] if case.campaigns is None else case.campaigns.campaigns
    messages, sends = case.inquiry.messages, case.inquiry.sends
    campaign_of = {at: one.id for one in campaigns for at in one.members}
    attacks = {(one.account, place.ip) for one in accused_of(case) for place in one.client_ips if place.attacking}
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
