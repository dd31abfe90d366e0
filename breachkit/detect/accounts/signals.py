"""What speaks against one account: one function for each signal, each of one family and resting on its own facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from breachkit.detect.accounts.activity import Conduct, busiest, fates_of
from breachkit.detect.accounts.guessers import MANY
from breachkit.detect.accounts.places import region_of
from breachkit.detect.accounts.roles import DEAD_COUNT, FOREIGN_COUNT, HOPELESS_SHARE
from breachkit.detect.findings import Family, Severity, Signal, first, lower_bound
from breachkit.detect.lookalike import is_random_looking
from breachkit.micros import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from breachkit.detect.accounts.activity import Fates
    from breachkit.detect.accounts.roles import Roles
    from breachkit.detect.accounts.suspects import Entered

SHARE, SHARE_COUNT = 0.25, 5
"""Share of the queue, and at least so many messages, that one account does not reach in an ordinary hour."""

BURST, BURST_RATIO = 20, 5
"""Messages in an hour, in number and against the busiest hour of the account's own places."""

FOREIGN_SHARE = 0.5
"""Share of queued messages in foreign names, where no session tells how they came in."""

RANDOM_COUNT, RANDOM_SHARE = 20, 0.3

STRONG_DOMAINS = 10
"""Unlike domains of foreign senders that are a strong signal: one of high severity, beside which no account is clear
with high confidence."""


class Held(NamedTuple):
    """What is known of one account, for the signals to look at."""

    queued: pd.DataFrame
    """Its queued and quarantined messages, with `is_own` and `foreign`."""
    total: int
    """Queued and quarantined messages of all accounts."""
    roles: Roles
    entered: Entered | None
    """How attacking addresses came in; None where no session of the logs tells how its mail did."""
    others: tuple[tuple[str, int], ...]
    """Attacking addresses that came in and that attacked other accounts, and how many."""
    weak_password: str | None
    deliveries: pd.DataFrame
    """Of its mail."""

    @property
    def share(self) -> float:
        """Of all queued and quarantined messages, those of the account."""
        return len(self.queued) / self.total if self.total else 0.0


def find_signals(held: Held) -> list[Signal]:
    """Look at one account from every side."""
    finders = (
        _share,
        _burst,
        _foreign_senders,
        _colleagues,
        _letters,
        _nobody,
        _mass,
        _new_addresses,
        _attackers,
        _failures,
        _weak_secret,
    )
    return [signal for finder in finders for signal in finder(held)]


def _attacking(held: Held) -> Conduct:
    return Conduct(held.roles.attacking)


def _share(held: Held) -> Iterator[Signal]:
    count = len(held.queued)
    if held.share >= SHARE and count >= SHARE_COUNT:
        moved = int(held.queued["quarantined"].sum())
        where = "the queue" if not moved else "queue and quarantine together"
        detail = f"holds {held.share:.1%} of {where} ({count:,} of {held.total:,} messages)"
        yield Signal("queue-share", detail, first(held.queued["source"]), Severity.MEDIUM, Family.QUEUE)


def _burst(held: Held) -> Iterator[Signal]:
    sent = _attacking(held).sent
    ips = {use.ip for use in held.roles.attacking}
    own = [one for use in held.roles.activity.uses if use.ip not in ips for one in use.sent]
    for span, name in ((HOUR, "one hour"), (DAY, "one day")):
        past, most = busiest(own, span), busiest(sent, span)
        if past and most >= BURST and most >= BURST_RATIO * past:
            detail = f"{most:,} messages in {name}; at most {past:,} from its other addresses"
            yield Signal("burst", detail, first(one.source for one in sent), Severity.MEDIUM, Family.QUEUE)
            return


def _foreign_senders(held: Held) -> Iterator[Signal]:
    if held.entered is None:
        yield from _foreign_in_queue(held)
        return
    attacking = _attacking(held)
    foreign, total, domains = attacking.foreign, len(attacking.sent), sorted(attacking.domains)
    if len(foreign) >= FOREIGN_COUNT or (foreign and 2 * len(foreign) >= total):
        detail = f"{len(foreign):,} of {total:,} messages declare a sender of another house"
        detail += f" ({len(domains):,} domains)" if len(domains) > 1 else f" ({domains[0]})"
        evidence = first(sent.source for sent in foreign)
        yield Signal("sender-not-account", detail, evidence, _severity(len(domains)), Family.SENDER)


def _colleagues(held: Held) -> Iterator[Signal]:
    """Tell letters in the names of colleagues: a thief uses them, too, and to strangers only."""
    sent = _attacking(held).sent
    lent = [one for one in sent if one.colleague]
    if held.roles.facts and held.roles.facts.is_foreign and len(lent) >= FOREIGN_COUNT:
        names = len({one.colleague for one in lent})
        detail = f"{len(lent):,} of {len(sent):,} messages are in the names of {names:,} colleagues, to strangers"
        yield Signal("colleagues-names", detail, first(one.source for one in lent), Severity.MEDIUM, Family.SENDER)


def _letters(held: Held) -> Iterator[Signal]:
    for one in held.roles.letters:
        detail = f"{len(one.sources):,} queued letters ask for answers to {one.domain}, from {one.client_ip} only"
        yield Signal("answers-elsewhere", detail, first(one.sources), Severity.MEDIUM, Family.SENDER)


def _foreign_in_queue(held: Held) -> Iterator[Signal]:
    foreign = held.queued[held.queued["foreign"].notna().to_numpy()]
    domains = foreign["foreign"].nunique()
    is_share = len(foreign) >= FOREIGN_COUNT and len(foreign) >= FOREIGN_SHARE * len(held.queued)
    if is_share or domains >= STRONG_DOMAINS:
        names = foreign["mail_from"].value_counts()
        detail = f"{len(foreign):,} of {len(held.queued):,} queued messages declare another sender ({names.index[0]}"
        detail += f" and {len(names) - 1:,} more)" if len(names) > 1 else ")"
        yield Signal("sender-not-account", detail, first(foreign["source"]), _severity(domains), Family.SENDER)


def _severity(domains: int) -> Severity:
    return Severity.HIGH if domains >= STRONG_DOMAINS else Severity.MEDIUM


def _nobody(held: Held) -> Iterator[Signal]:
    attacking, facts = _attacking(held), held.roles.facts
    if facts and facts.is_to_nobody:
        dead = [sent for use in attacking.uses for sent in use.sent if sent.is_dead]
        evidence = first(sent.source for sent in dead or attacking.sent)
        yield Signal("unknown-recipients", fates_shown(attacking.fates), evidence, Severity.HIGH, Family.DESTINATION)
    elif held.entered is None:
        fates = fates_of(held.deliveries)
        # of what is queued and was not tried yet nothing is known
        tried = max(fates.tried, int(held.queued["rcpt_to"].map(len).sum()))
        if fates.dead >= DEAD_COUNT and lower_bound(fates.dead + fates.refused, tried) >= HOPELESS_SHARE:
            gone = held.deliveries.loc[held.deliveries["is_unknown"].astype("bool"), "source"]
            yield Signal("unknown-recipients", fates_shown(fates), first(gone), Severity.HIGH, Family.DESTINATION)
        else:
            yield from _random_recipients(held)


def _mass(held: Held) -> Iterator[Signal]:
    if held.roles.facts and held.roles.facts.is_mass:
        sent = _attacking(held).sent
        strangers, recipients = sum(one.strangers for one in sent), sum(one.fates.tried for one in sent)
        detail = f"{strangers:,} of {recipients:,} recipients are people with whom nobody else here exchanged mail"
        evidence = first(one.source for one in sent if one.strangers)
        yield Signal("strangers", detail, evidence, Severity.MEDIUM, Family.DESTINATION)


def fates_shown(fates: Fates) -> str:
    """Say how many recipients are dead, how many refused it, how many wait, and of how many."""
    refused = f", {fates.refused:,} refused it" if fates.refused else ""
    return f"{fates.dead:,} of {fates.tried:,} recipients do not exist{refused} ({fates.waiting:,} still wait)"


def _random_recipients(held: Held) -> Iterator[Signal]:
    names = held.queued["rcpt_to"].explode().dropna().drop_duplicates()
    odd = [is_random_looking(name.partition("@")[0]) for name in names]
    if sum(odd) >= RANDOM_COUNT and lower_bound(sum(odd), len(odd)) >= RANDOM_SHARE:
        detail = f"{sum(odd):,} of {len(odd):,} recipients look made up at random"
        places = held.queued.loc[names.index[odd].unique(), "source"]
        yield Signal("random-recipients", detail, first(places), Severity.MEDIUM, Family.DESTINATION)


def _new_addresses(held: Held) -> Iterator[Signal]:
    strangers = held.roles.strangers
    ips = list(dict.fromkeys(use.ip for use in strangers))
    owner = held.roles.owners
    at_home = {use.ip for use in owner}.intersection(ips)
    regions = {region_of(ip) for ip in ips}
    if not strangers or held.entered is None:
        return
    evidence = first(held.entered.rows["source"])
    if at_home:
        names = ", ".join(sorted({use.programme for use in strangers}))
        detail = f"from {_listed([*at_home])}, where its owner works too, by another programme ({names})"
        yield Signal("other-programme", detail, evidence, Severity.MEDIUM, Family.PLACE)
    elif owner:
        where = "address shows" if len(owner) == 1 else f"{len(owner):,} addresses show"
        detail = f"entered from {_listed(ips)}, while its own {where} nothing of the kind"
        yield Signal("new-addresses", detail, evidence, Severity.MEDIUM, Family.PLACE)
    elif len(regions) > 1 and held.roles.facts:
        detail = f"used from {len(regions):,} places at once, {_listed(ips)}"
        yield Signal("many-places", detail, evidence, Severity.MEDIUM, Family.PLACE)


def _attackers(held: Held) -> Iterator[Signal]:
    if held.others and held.entered:
        most = max(count for _, count in held.others)
        ips = [ip for ip, _ in held.others]
        rows = held.entered.rows[held.entered.rows["client_ip"].isin(ips).to_numpy()]
        detail = f"{_listed(ips)} also attacked other accounts (up to {most:,} each)"
        evidence = first(rows["source"]) or first(held.entered.rows["source"])
        yield Signal("attacker-addresses", detail, evidence, Severity.HIGH, Family.PLACE)


def _failures(held: Held) -> Iterator[Signal]:
    entered = held.entered
    if entered is None or entered.kind not in {"brute-force", "distributed-guessing", "password-spray"}:
        return
    failures = entered.failures
    if failures.guesses >= MANY:
        addresses = "1 address" if failures.addresses == 1 else f"{failures.addresses:,} addresses"
        secrets = f"{failures.unlike_secrets:,} unlike secrets" if failures.unlike_secrets else "no secret is shown"
        detail = f"{failures.guesses:,} failures from {addresses} before the entry ({secrets})"
    else:
        detail = "one of many accounts that the same addresses tried with few secrets each"
    evidence = first(failures.rows["source"]) or first(entered.rows["source"])
    yield Signal("failures-before-entry", detail, evidence, Severity.HIGH, Family.ENTRY)


def _weak_secret(held: Held) -> Iterator[Signal]:
    if held.weak_password is not None and held.entered:
        detail = f"the password that opened it is guessable: {held.weak_password}"
        yield Signal("secret-equals-name", detail, first(held.entered.rows["source"]), Severity.HIGH, Family.ENTRY)


def _listed(ips: list[str]) -> str:
    more = len(ips) - 1
    return f"{ips[0]} and {more:,} more {'address' if more == 1 else 'addresses'}" if more else ips[0]
