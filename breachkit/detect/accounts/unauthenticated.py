"""Mail that came in without a login that can be read: an open relay, a trusted address, a web form, masked names.

It is judged by client address, as accounts are by theirs. Only mail to recipients outside the house counts, and never
the server's own bounces: what somebody sends to the house is nobody's relay.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.detect.accounts.places import is_loopback, is_private
from breachkit.detect.findings import Confidence, Family, Severity, Signal, first, lower_bound
from breachkit.detect.lookalike import is_random_looking
from breachkit.records import NULL_SENDER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from breachkit.detect.accounts.accusation import VerdictName
    from breachkit.detect.accounts.inquiry import Inquiry
    from breachkit.records import Locus

How = Literal["no-login", "masked-name", "no-name-in-exchange", "trusted"]

SHARE, SHARE_COUNT = 0.25, 5
"""Share of the queue, and messages, that no ordinary device has."""
FOREIGN_SHARE, FOREIGN_COUNT = 0.5, 3
DEAD_SHARE, DEAD_COUNT = 0.2, 5
RANDOM_SHARE, RANDOM_COUNT = 0.3, 20
STRANGERS, STRANGE_HOUSES = 10, 3
"""Messages, and the houses in whose names they are, that no web server or device of a customer sends."""
NAMED = frozenset({"LOGIN", "PLAIN", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER", "DIGEST-MD5", "NTLM", "EXTERNAL"})
"""Mechanisms whose exchange holds a user name: where none could be read the log masks it."""


class Unauthenticated(NamedTuple):
    """One client address that handed in mail without a readable login."""

    client_ip: str
    how: How
    verdict: VerdictName
    confidence: Confidence
    signals: tuple[Signal, ...]
    messages: int
    """Queued and quarantined."""
    queued_messages: int
    queued_share: float
    recipients: int
    """Outside the house."""
    mail_froms: tuple[tuple[str | None, int], ...]
    first_seen: datetime
    last_seen: datetime
    evidence: tuple[Locus, ...]


class _Mail(NamedTuple):
    """One message that counts."""

    how: How
    mail_from: str | None
    outside: tuple[str, ...]
    quarantined: bool
    queue_id: str | None
    ts: datetime
    source: Locus


def find_unauthenticated(inquiry: Inquiry, attacking: Collection[str]) -> tuple[Unauthenticated, ...]:
    """Judge the addresses that handed in queued mail without a readable login, attacking ones too; the worst first."""
    mails: dict[str, list[_Mail]] = defaultdict(list)
    for client_ip, mail in _mails(inquiry, inquiry.directory.domains):
        mails[client_ip].append(mail)
    dead = _dead(inquiry)
    found = [_judge(inquiry, ip, of_ip, dead, is_attacking=ip in attacking) for ip, of_ip in mails.items()]
    ranks = ("compromised", "suspect", "clear")
    return tuple(sorted(found, key=lambda one: (ranks.index(one.verdict), -one.messages, one.client_ip)))


def _mails(inquiry: Inquiry, domains: Collection[str]) -> Iterator[tuple[str, _Mail]]:
    messages = inquiry.messages[inquiry.messages["account"].isna().to_numpy()]
    sessions = _sessions(inquiry, {send for send in messages["send"].tolist() if send >= 0})
    columns = ("send", "mail_from", "client_ip", "rcpt_to", "quarantined", "queue_id", "ts", "source")
    for row in zip(*(messages[name] for name in columns), strict=True):
        send, mail_from, client_ip, rcpt_to, quarantined, queue_id, ts, source = row
        how: How | None = None
        if send in sessions:
            client_ip, handed, ts, how = sessions[send]
            # what a rule of the house forwards was handed in for somebody of the house
            rcpt_to = handed or rcpt_to
        outside = tuple(one for one in rcpt_to or () if one and one.rpartition("@")[2] not in domains)
        if mail_from in {None, "", NULL_SENDER} or not isinstance(client_ip, str) or not outside:
            continue
        if how is None:
            how = "trusted" if is_loopback(client_ip) or is_private(client_ip) else "no-login"
        yield client_ip, _Mail(how, mail_from, outside, bool(quarantined), queue_id, ts, source)


def _sessions(inquiry: Inquiry, rows: Collection[int]) -> dict[int, tuple[str, tuple[str, ...], datetime, How | None]]:
    """Return client, recipients, time and kind of login of the sessions in which some messages were handed in."""
    chosen = inquiry.sends.loc[sorted(rows)]
    nameless = inquiry.attempts[inquiry.attempts["account"].isna().to_numpy()]
    mechanisms = dict(zip(nameless["source"], nameless["mechanism"].astype("str"), strict=True))
    columns = zip(*(chosen[name] for name in ("client_ip", "rcpt_to", "ts", "auth")), strict=True)
    found: dict[int, tuple[str, tuple[str, ...], datetime, How | None]] = {}
    for row, (client_ip, rcpt_to, ts, auth) in zip(chosen.index, columns, strict=True):
        named: How = "masked-name" if mechanisms.get(auth) in NAMED else "no-name-in-exchange"
        found[row] = (client_ip, rcpt_to, ts, None if auth is None else named)
    return found


def _dead(inquiry: Inquiry) -> frozenset[tuple[object, object]]:
    """List the recipients that do not exist, with the id of their message or its sender."""
    gone = inquiry.deliveries[inquiry.deliveries["is_unknown"].astype("bool")]
    by_id = zip(gone["queue_id"], gone["rcpt_to"], strict=True)
    by_path = zip(gone["mail_from"], gone["rcpt_to"], strict=True)
    return frozenset([*by_id, *by_path])


def _judge(
    inquiry: Inquiry,
    client_ip: str,
    mails: Sequence[_Mail],
    dead: Collection[tuple[object, object]],
    *,
    is_attacking: bool,
) -> Unauthenticated:
    queued = sum(not mail.quarantined for mail in mails)
    share = queued / inquiry.in_queue if inquiry.in_queue else 0.0
    signals = tuple(_signals(mails, inquiry.directory.domains, dead, share))
    families = {signal.family for signal in signals}
    verdict: VerdictName = "clear"
    if len(families) >= 3 or (is_attacking and families):
        verdict = "compromised"
    elif len(families) >= 2 or is_attacking:
        verdict = "suspect"
    senders = Counter(mail.mail_from for mail in mails)
    return Unauthenticated(
        client_ip=client_ip,
        how=Counter(mail.how for mail in mails).most_common(1)[0][0],
        verdict=verdict,
        confidence=Confidence.MEDIUM if verdict != "clear" else Confidence.LOW,
        signals=signals,
        messages=len(mails),
        queued_messages=queued,
        queued_share=share,
        recipients=sum(len(mail.outside) for mail in mails),
        mail_froms=tuple(sorted(senders.items(), key=lambda row: (-row[1], row[0] or ""))),
        first_seen=min(mail.ts for mail in mails),
        last_seen=max(mail.ts for mail in mails),
        evidence=first(mail.source for mail in mails),
    )


def _signals(
    mails: Sequence[_Mail], domains: Collection[str], dead: Collection[tuple[object, object]], share: float
) -> Iterator[Signal]:
    number = len(mails)
    if share >= SHARE and number >= SHARE_COUNT:
        queued = sum(not mail.quarantined for mail in mails)
        detail = f"holds {share:.1%} of the queue ({queued:,} messages)"
        yield Signal("queue-share", detail, first(mail.source for mail in mails), Severity.MEDIUM, Family.QUEUE)
    foreign = [mail for mail in mails if mail.mail_from and mail.mail_from.rpartition("@")[2] not in domains]
    if len(foreign) >= FOREIGN_COUNT and len(foreign) >= FOREIGN_SHARE * number:
        senders = Counter(mail.mail_from for mail in foreign).most_common(1)[0][0]
        detail = f"{len(foreign):,} of {number:,} messages declare a sender of another house ({senders}, …)"
        yield Signal("foreign-sender", detail, first(mail.source for mail in foreign), Severity.HIGH, Family.SENDER)
    houses = {mail.mail_from.rpartition("@")[2] for mail in foreign if mail.mail_from}
    if len(foreign) >= STRANGERS and len(houses) >= STRANGE_HOUSES and "trusted" not in {mail.how for mail in foreign}:
        how = "a login" if {mail.how for mail in foreign} == {"no-login"} else "a readable login"
        detail = f"taken from outside without {how}, in the names of {len(houses):,} other houses, for others still"
        yield Signal("open-relay", detail, first(mail.source for mail in foreign), Severity.HIGH, Family.PLACE)
    yield from _destinations(mails, dead)


def _destinations(mails: Sequence[_Mail], dead: Collection[tuple[object, object]]) -> Iterator[Signal]:
    pairs = [(mail, rcpt_to) for mail in mails for rcpt_to in mail.outside]
    gone = [mail for mail, rcpt_to in pairs if (mail.queue_id, rcpt_to) in dead or (mail.mail_from, rcpt_to) in dead]
    odd = [mail for mail, rcpt_to in pairs if is_random_looking(rcpt_to.partition("@")[0])]
    if len(gone) >= DEAD_COUNT and lower_bound(len(gone), len(pairs)) >= DEAD_SHARE:
        detail = f"{len(gone):,} of {len(pairs):,} recipients do not exist"
        evidence = first(mail.source for mail in gone)
        yield Signal("unknown-recipients", detail, evidence, Severity.HIGH, Family.DESTINATION)
    elif len(odd) >= RANDOM_COUNT and lower_bound(len(odd), len(pairs)) >= RANDOM_SHARE:
        detail = f"{len(odd):,} of {len(pairs):,} recipients look made up at random"
        evidence = first(mail.source for mail in odd)
        yield Signal("random-recipients", detail, evidence, Severity.MEDIUM, Family.DESTINATION)
