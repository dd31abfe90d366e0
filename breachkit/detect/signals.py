"""What speaks against one account: one function for each signal, each with its family."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import NamedTuple

from breachkit.detect.attackers import is_mostly_nobody
from breachkit.detect.findings import Family
from breachkit.detect.findings import Severity
from breachkit.detect.findings import Signal
from breachkit.detect.findings import first
from breachkit.detect.guessing import MANY
from breachkit.detect.lookalike import is_random_looking

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from breachkit.detect.guessing import Entry
    from breachkit.detect.guessing import Failures

SHARE = 0.25
SHARE_COUNT = 5
"""Share of the queue, and at least so many messages, that one account does not reach in an ordinary hour."""

FOREIGN_SHARE = 0.5
FOREIGN_COUNT = 3

BURST = 20
BURST_RATIO = 5

RETRY_COUNT = 20
RANDOM_SHARE = 0.3


class Conduct(NamedTuple):
    """What is known of one account, for the signals to look at."""

    queued: pd.DataFrame
    """Its queued (and quarantined) messages, with `is_own` (may the account call itself so)."""
    share: float
    is_queue_only: bool
    """No session of the logs tells how its mail came in."""
    sent: pd.DataFrame
    """What the attacking addresses sent, with `is_own`."""
    past_busiest: int
    """Most messages in an hour that its other addresses sent; 0 when none is known."""
    fates: pd.DataFrame
    """Deliveries of its mail from attacking addresses whose fate is known."""
    refused: int
    """Recipients that were refused at once, from attacking addresses."""
    new_ips: tuple[str, ...]
    """Attacking addresses that the account had not used, when it had used others."""
    shared_ips: tuple[tuple[str, int], ...]
    """Attacking addresses that tried other accounts, and how many."""
    failures: Failures | None
    entry: Entry | None
    entry_rows: pd.DataFrame
    """The tries of attacking addresses that came in."""
    weak_password: str | None


def find_signals(conduct: Conduct) -> list[Signal]:
    """Look at one account from every side."""
    finders = (_share, _burst, _foreign_senders, _nobody, _new_addresses, _attackers, _failures, _weak_secret)
    return [signal for finder in finders for signal in finder(conduct)]


def _share(conduct: Conduct) -> Iterator[Signal]:
    count = len(conduct.queued)
    if conduct.share >= SHARE and count >= SHARE_COUNT:
        detail = f"holds {conduct.share:.1%} of the queue ({count:,} messages)"
        yield Signal("queue-share", detail, first(conduct.queued["source"]), Severity.MEDIUM, Family.QUEUE)


def _burst(conduct: Conduct) -> Iterator[Signal]:
    if conduct.sent.empty or not conduct.past_busiest:
        return
    hours = conduct.sent["ts"].dt.floor("h").value_counts()
    if hours.max() >= BURST and hours.max() >= BURST_RATIO * conduct.past_busiest:
        detail = f"{hours.max():,} messages in one hour; at most {conduct.past_busiest:,} from its usual addresses"
        yield Signal("burst", detail, first(conduct.sent["source"]), Severity.MEDIUM, Family.QUEUE)


def _foreign_senders(conduct: Conduct) -> Iterator[Signal]:
    mail = conduct.queued if conduct.is_queue_only else conduct.sent
    foreign = mail[~mail["is_own"]] if len(mail) else mail
    if len(foreign) and (len(foreign) >= FOREIGN_COUNT or len(foreign) >= FOREIGN_SHARE * len(mail)):
        if len(foreign) < FOREIGN_SHARE * len(mail) and conduct.is_queue_only:
            return
        names = foreign["mail_from"].value_counts()
        detail = f"{len(foreign):,} of {len(mail):,} messages declare another sender ({names.index[0]}"
        detail += f" and {len(names) - 1:,} more)" if len(names) > 1 else ")"
        yield Signal("sender-not-account", detail, first(foreign["source"]), Severity.HIGH, Family.SENDER)


def _nobody(conduct: Conduct) -> Iterator[Signal]:
    unknown = conduct.fates[conduct.fates["is_unknown"]] if len(conduct.fates) else conduct.fates
    dead, known = len(unknown) + conduct.refused, len(conduct.fates) + conduct.refused
    if is_mostly_nobody(dead, known):
        detail = f"{dead:,} of {known:,} recipients do not exist (no MX record, unknown user)"
        evidence = first(unknown["source"]) or first(conduct.sent["source"])
        yield Signal("unknown-recipients", detail, evidence, Severity.HIGH, Family.DESTINATION)
    elif conduct.is_queue_only:
        yield from _random_recipients(conduct)


def _random_recipients(conduct: Conduct) -> Iterator[Signal]:
    names = conduct.queued["rcpt_to"].explode().dropna()
    odd = [is_random_looking(name.partition("@")[0]) for name in names]
    if sum(odd) >= RETRY_COUNT and sum(odd) >= RANDOM_SHARE * len(odd):
        detail = f"{sum(odd):,} of {len(odd):,} recipients look made up at random"
        places = conduct.queued.loc[names.index[odd].unique(), "source"]
        yield Signal("random-recipients", detail, first(places), Severity.MEDIUM, Family.DESTINATION)


def _new_addresses(conduct: Conduct) -> Iterator[Signal]:
    if conduct.new_ips:
        rows = conduct.entry_rows[conduct.entry_rows["client_ip"].isin(list(conduct.new_ips))]
        detail = f"entered from {_listed(conduct.new_ips)}, never used by the account before"
        yield Signal("new-addresses", detail, first(rows["source"]), Severity.MEDIUM, Family.PLACE)


def _attackers(conduct: Conduct) -> Iterator[Signal]:
    if conduct.shared_ips:
        others = max(count for _, count in conduct.shared_ips)
        ips = tuple(ip for ip, _ in conduct.shared_ips)
        rows = conduct.entry_rows[conduct.entry_rows["client_ip"].isin(list(ips))]
        detail = f"{_listed(ips)} also tried other accounts (up to {others:,} each)"
        evidence = first(rows["source"]) or first(conduct.entry_rows["source"])
        yield Signal("attacker-addresses", detail, evidence, Severity.HIGH, Family.PLACE)


def _failures(conduct: Conduct) -> Iterator[Signal]:
    failures = conduct.failures
    if failures is None or conduct.entry not in {"brute-force", "distributed-guessing", "password-spray"}:
        return
    if failures.guesses >= MANY:
        detail = (
            f"{failures.guesses:,} failures from {failures.addresses:,} addresses before the entry"
            f" ({failures.unlike_secrets:,} unlike secrets)"
        )
    else:
        detail = "one of many accounts that the same addresses tried with few secrets each"
    evidence = first(failures.rows["source"]) or first(conduct.entry_rows["source"])
    yield Signal("failures-before-entry", detail, evidence, Severity.HIGH, Family.ENTRY)


def _weak_secret(conduct: Conduct) -> Iterator[Signal]:
    if conduct.weak_password is not None and len(conduct.entry_rows):
        detail = f"the password that opened it is guessable: {conduct.weak_password}"
        yield Signal("secret-equals-name", detail, first(conduct.entry_rows["source"]), Severity.HIGH, Family.ENTRY)


def _listed(ips: tuple[str, ...]) -> str:
    more = len(ips) - 1
    return f"{ips[0]} and {more:,} more {'address' if more == 1 else 'addresses'}" if more else ips[0]
