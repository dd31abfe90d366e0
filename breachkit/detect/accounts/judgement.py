"""Which account sent the spam, since when, from where, and how sure is that?

Signals fall in families (queue, sender, destination, place, entry); a verdict wants two of them, one of
which says that a stranger came in, so that volume alone accuses no newsletter. An account that no
attacking address entered is clear however often it was tried.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from breachkit.detect.accounts.accusation import VERDICTS, AccountVerdict, Accusation, Group, Places
from breachkit.detect.accounts.activity import Activity, Conduct, Fates
from breachkit.detect.accounts.attackers import Unblocked, find_attackers, find_other_failures, find_relays
from breachkit.detect.accounts.guessers import GUESSES
from breachkit.detect.accounts.inquiry import BY_ID, BY_PEER, DOUBT_COUNT, DOUBT_SHARE
from breachkit.detect.accounts.roles import FOREIGN_COUNT, Roles
from breachkit.detect.accounts.signals import Held, find_signals
from breachkit.detect.accounts.suspects import also_tried, find_entry, part_accounts, was_elsewhere
from breachkit.detect.accounts.unauthenticated import find_unauthenticated
from breachkit.detect.findings import Confidence, Family, Severity
from breachkit.detect.passwords.weakness import IN_PASSING, weakness_of
from breachkit.micros import moment_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from breachkit.detect.accounts.accusation import VerdictName
    from breachkit.detect.accounts.attackers import Attacker, OtherFailure
    from breachkit.detect.accounts.inquiry import Inquiry, Standing
    from breachkit.detect.accounts.roles import Role
    from breachkit.detect.accounts.suspects import AlsoTried, Entered
    from breachkit.detect.accounts.unauthenticated import Unauthenticated
    from breachkit.detect.accounts.visits import Visits
    from breachkit.detect.findings import Signal
    from breachkit.detect.passwords.weakness import Weakness

TWO, THREE = 2, 3
"""Families of signals that a verdict wants."""

INTRUSION = {Family.PLACE, Family.ENTRY}
UNSEEN_SHARE = 0.5
UNSEEN_COUNT = 5
"""Queued messages of an account, as a share and in number, that join no authenticated session: the logs do not tell
how its mail came in."""


def judge_accounts(inquiry: Inquiry) -> Accusation:
    """Judge every account that authenticated with success or has mail in the queue."""
    messages = inquiry.messages
    parted = part_accounts(inquiry)
    verdicts = [_judge(inquiry, account, parted) for account in inquiry.accounts()]
    attackers, others, relays = _attacks(inquiry, verdicts)
    spoken = messages["auth_user"].map(inquiry.account_of, na_action="ignore")
    return Accusation(
        accounts=tuple(sorted(verdicts, key=_rank)),
        unattributed_messages=int((~messages["join"].isin([BY_ID, BY_PEER]) & ~messages["quarantined"]).sum()),
        joins={str(name): int(count) for name, count in messages["join"].value_counts().items()},
        contradictions=int((spoken.notna() & (spoken != messages["account"])).sum()),
        attackers=attackers,
        other_failures=others,
        unauthenticated=relays,
        in_queue=inquiry.in_queue,
    )


def _attacks(
    inquiry: Inquiry, verdicts: Iterable[AccountVerdict]
) -> tuple[tuple[Attacker, ...], tuple[OtherFailure, ...], tuple[Unauthenticated, ...]]:
    """Sum up who attacked, whose the other failures are, and who sent without a readable login."""
    accused = [account for account in verdicts if account.verdict != "clear"]
    entered = [account for account in accused if account.entry is not None]
    attacking = {*inquiry.guessers.ips, *(ip for one in entered for ip in one.attacking_ips)}
    relays = find_unauthenticated(inquiry, attacking)
    places = ((account.account, place) for account in accused for place in account.client_ips)
    attacked = {(account, place.ip) for account, place in places if place.attacking and not place.usual}
    unblocked = Unblocked(_usual(inquiry.seen, attacked), inquiry.guessers.shared, inquiry.own_addresses)
    attackers = (
        *find_attackers(inquiry, entered, unblocked),
        *find_relays([one for one in relays if one.verdict != "clear" and one.client_ip not in attacking], unblocked),
    )
    others = find_other_failures(inquiry, {ip.ip for one in attackers for ip in one.ips})
    return attackers, others, relays


def _usual(visits: Visits, attacked: Collection[tuple[str, str]]) -> frozenset[str]:
    """List the addresses that some account uses lawfully: with a success, and not attacking it, or its owner's, too."""
    won = np.flatnonzero(visits.count("successes") > 0)
    pairs = zip(visits.accounts[visits.who[won]], visits.ips[visits.whence[won]], strict=True)
    return frozenset(ip for account, ip in pairs if (account, ip) not in attacked)


def _rank(verdict: AccountVerdict) -> tuple[int, int, str]:
    return VERDICTS.index(verdict.verdict), -verdict.queued_messages, verdict.account


def _judge(inquiry: Inquiry, account: str, parted: Mapping[str, Roles]) -> AccountVerdict:
    roles = parted.get(account)
    standing = inquiry.standings[account]
    entered = find_entry(inquiry, roles) if roles is not None else None
    is_queue_only = entered is None and _is_unseen(standing) and not _has_habit(roles)
    directory, fingerprint = inquiry.directory, inquiry.fingerprint
    weak = weakness_of(account, standing.typed, standing.secrets, directory, fingerprint, IN_PASSING, standing.far)
    also: tuple[AlsoTried, ...] = ()
    unknown = 0
    signals: tuple[Signal, ...] = ()
    verdict: VerdictName = "clear"
    if entered is not None or is_queue_only:
        if entered is not None:
            also, unknown = also_tried(inquiry, account, entered.attacking, parted)
            weak = _weakness(inquiry, account, entered.rows)
        held = _held(inquiry, roles or Roles(Activity(account, (), 0)), entered, also, weak)
        signals = tuple(find_signals(held))
        verdict = _verdict(signals, held)
    is_seen = inquiry.is_auth_visible
    doubts = tuple(_doubts(inquiry, standing)) if verdict == "clear" else ()
    shown = entered if verdict != "clear" else None
    return AccountVerdict(
        account=account,
        candidates=directory.resolve(account).candidates,
        verdict=verdict,
        confidence=_confidence(
            verdict,
            signals,
            is_seen=is_seen and not is_queue_only and not doubts,
            is_whole=inquiry.is_every_login_visible and not standing.unseen,
        ),
        doubts=doubts,
        recipients=_recipients(inquiry, account) if is_seen else None,
        groups=_groups(roles),
        entry=shown.kind if shown else None,
        signals=signals,
        queued_messages=standing.queued,
        quarantined_messages=standing.quarantined,
        queued_share=standing.queued / inquiry.in_queue if inquiry.in_queue else 0.0,
        sent_messages=standing.sent if is_seen else None,
        auth_successes=standing.auth_successes if is_seen else None,
        auth_failures_before_entry=shown.failures.total if shown else None,
        entry_ts=shown.ts if shown else None,
        entry_ip=str(shown.rows["client_ip"].iloc[0]) if shown else None,
        last_ts=_last(inquiry, account, shown) if shown else standing.last_ts,
        client_ips=Places(inquiry.seen, account, shown),
        mechanisms=standing.mechanisms,
        weak_password=weak,
        also_tried_by_same_ips=also if shown else (),
        unknown_names_tried=unknown if shown else 0,
        entries=tuple(shown.rows["source"]) if shown else (),
        mail_froms=standing.mail_froms,
    )


def _recipients(inquiry: Inquiry, account: str) -> Fates:
    visits = inquiry.seen
    rows = slice(*visits.rows_at(account))
    names = ("rcpts", "delivered", "waiting", "dead", "refused")
    handed, delivered, waiting, dead, refused = (int(visits.count(name)[rows].sum()) for name in names)
    return Fates(delivered, waiting, dead, refused, max(0, handed - delivered - waiting - dead - refused))


def _groups(parts: Roles | None) -> tuple[Group, ...]:
    """Sum up the addresses of an account by role, the attacking ones first."""
    if parts is None:
        return ()
    roles: tuple[Role, ...] = ("attacking", "moved", "unclear", "usual")
    found = []
    for role in roles:
        uses = [use for use in parts.activity.uses if parts.of.get(use.ip) == role]
        if uses:
            first_seen, last_seen = min(use.first_seen for use in uses), max(use.last_seen for use in uses)
            ips, number = tuple(dict.fromkeys(use.ip for use in uses)), sum(len(use.sent) for use in uses)
            found.append(Group(ips, role, number, moment_of(first_seen), moment_of(last_seen)))
    return tuple(found)


def _has_habit(roles: Roles | None) -> bool:
    """Tell whether what sessions show of the account explains what lies in the queue without one: a system's habit."""
    if roles is None or roles.attacking:
        return False
    return len(Conduct(roles.activity.uses).foreign) >= FOREIGN_COUNT


def _held(inquiry: Inquiry, roles: Roles, entered: Entered | None, also: Sequence[AlsoTried], weak: str | None) -> Held:
    account = roles.activity.account
    came_in = sorted(set(entered.rows["client_ip"])) if entered else []
    # success alone makes no attack: two role accounts of one web server see one another there
    attacked = [other for other in also if other.failures or (other.entered and was_elsewhere(inquiry, other))]
    counts = ((ip, sum(ip in other.ips for other in attacked)) for ip in came_in if ip not in inquiry.guessers.shared)
    return Held(
        queued=inquiry.of(account, "messages"),
        total=len(inquiry.messages),
        roles=roles,
        entered=entered,
        others=tuple((ip, count) for ip, count in counts if count),
        weak_password=weak,
        deliveries=inquiry.of(account, "deliveries"),
    )


def _doubts(inquiry: Inquiry, standing: Standing) -> Iterator[str]:
    share = standing.queued / inquiry.in_queue if inquiry.in_queue else 0.0
    if standing.queued >= DOUBT_COUNT and share >= DOUBT_SHARE:
        yield f"holds {share:.1%} of the queue"
    if standing.mismatched:
        yield f"wrote {standing.mismatched:,} messages in other names, as a ticket system does"
    if standing.unseen_failures:
        number = standing.unseen_failures
        yield f"came in from an address that failed {number:,} times with secrets that the logs do not show"


def _is_unseen(standing: Standing) -> bool:
    """Tell whether the logs do not tell how the account's mail came in."""
    return standing.unseen >= max(UNSEEN_COUNT, UNSEEN_SHARE * (standing.queued + standing.quarantined))


def _weakness(inquiry: Inquiry, account: str, rows: pd.DataFrame) -> Weakness | None:
    typed, seen = set(rows["user"].dropna()), rows[rows["secret"].notna()]
    far = {int(secret).to_bytes(8): distance for secret, distance in zip(seen["secret"], seen["distance"], strict=True)}
    secrets = set(far)
    return weakness_of(account, typed, secrets, inquiry.directory, inquiry.fingerprint, far=far)


def _verdict(signals: Sequence[Signal], held: Held) -> VerdictName:
    if held.roles.letters:
        return "suspect"  # a person and a thief with one mailbox cannot be shown for sure by this
    families = {signal.family for signal in signals}
    facts = held.roles.facts
    is_sure = bool(held.others) or any(use.guesses and use.failures >= GUESSES for use in held.roles.attacking)
    if facts is not None:
        # the guesses of others tell nothing of who comes in and does no more than an owner does
        is_guessed = Family.ENTRY in families and not facts.is_slight
        is_forged = facts.is_foreign and len(families) >= THREE and not facts.is_circular
        is_sure = is_sure or facts.is_sure or is_guessed or is_forged
    if families & INTRUSION and len(families) >= TWO and is_sure:
        return "compromised"
    has_past = bool(held.roles.owners)
    if facts is not None and facts.is_sure and (facts.number == THREE or (facts.number == TWO and not has_past)):
        return "compromised"
    if not has_past and len(families) >= THREE:
        return "compromised"
    if families & INTRUSION or len(families) >= TWO or (facts is not None and facts.number):
        return "suspect"
    return "clear"


def _confidence(verdict: VerdictName, signals: Sequence[Signal], *, is_seen: bool, is_whole: bool) -> Confidence:
    """Say how sure a verdict is: never high without a visible AUTH, nor of *clear* where mail joins no session.

    Nor is *clear* where a login that sends nothing stands in no line: who has the password may be in already.
    """
    if not is_seen:
        return Confidence.MEDIUM if verdict == "compromised" else Confidence.LOW
    families = {signal.family for signal in signals}
    if verdict == "compromised":
        return Confidence.HIGH if len(families) >= THREE or Family.ENTRY in families else Confidence.MEDIUM
    if verdict == "suspect" or not is_whole or any(signal.severity is Severity.HIGH for signal in signals):
        return Confidence.MEDIUM
    return Confidence.HIGH


def _last(inquiry: Inquiry, account: str, entered: Entered) -> pd.Timestamp:
    """Tell when an attacking address was last seen at work in the account."""
    sent = inquiry.of(account, "sends")
    times = [entered.rows["ts"], sent.loc[sent["client_ip"].isin([*entered.attacking]), "ts"]]
    latest: pd.Timestamp = max(column.max() for column in times if len(column))
    return latest
