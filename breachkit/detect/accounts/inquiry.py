"""The tables of one inquiry, joined once: names resolved, messages led back to sessions, addresses judged."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from breachkit.detect.accounts.activity import micros
from breachkit.detect.accounts.guessers import find_guessers
from breachkit.detect.accounts.joins import (
    account_of_messages,
    join_messages,
    masked_accounts,
    origin_of_deliveries,
    resolutions,
)
from breachkit.detect.accounts.places import homes_of
from breachkit.detect.accounts.roles import FOREIGN_COUNT
from breachkit.detect.accounts.standings import take_standings
from breachkit.detect.accounts.visits import Slices, Visits, visits_table
from breachkit.detect.names import Directory
from breachkit.logs.facts import shows_every_login, shows_logins
from breachkit.micros import DAY
from breachkit.spelling import spelled
from breachkit.tables import attempts_table, deliveries_table, messages_table, sends_table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from breachkit.logs.facts import LogFacts
    from breachkit.records import Account, Message
    from breachkit.text.sasl import Fingerprints


@dataclass(frozen=True, slots=True)
class Evidence:
    """The tables that an inquiry rests on."""

    messages: pd.DataFrame
    attempts: pd.DataFrame
    sends: pd.DataFrame
    deliveries: pd.DataFrame
    accounts: Sequence[Account]
    fingerprint: Callable[[str], bytes]
    log_first: pd.Timestamp | None
    is_auth_visible: bool
    """The log level shows the dialogue, so an AUTH would be seen."""
    is_every_login_visible: bool
    """Also one that sends nothing."""
    own_addresses: frozenset[str] = frozenset()
    """Addresses of the mail server itself, as far as its logs name them."""


def evidence_of(
    messages: Sequence[Message],
    facts: LogFacts,
    accounts: Sequence[Account],
    fingerprints: Fingerprints,
    own_addresses: frozenset[str] = frozenset(),
) -> Evidence:
    """Put everything that an inquiry needs in tables."""
    return Evidence(
        messages=messages_table(messages),
        attempts=attempts_table(facts.attempts),
        sends=sends_table(facts.sends),
        deliveries=deliveries_table(facts.deliveries),
        accounts=accounts,
        fingerprint=fingerprints.of,
        log_first=None if facts.first is None else pd.Timestamp(facts.first),
        is_auth_visible=shows_logins(facts.level),
        is_every_login_visible=shows_every_login(facts.level),
        own_addresses=own_addresses,
    )


class Inquiry:
    """Everything that judging one account needs of all the others."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        joined = join_messages(evidence.messages, evidence.sends)
        learnt = resolutions(joined, evidence.sends)
        self.directory = Directory(evidence.accounts, _names_of(evidence))
        typed = {*evidence.attempts["user"].dropna(), *evidence.sends["user"].dropna()}
        numbers = {name: number for number, name in enumerate(sorted({spelled(name) for name in typed}))}
        self._names = {name: self._account(learnt.get(name, name), numbers[spelled(name)]) for name in typed}
        self.attempts = evidence.attempts.assign(account=self._named(evidence.attempts["user"]))
        self.sends = self._owned(
            evidence.sends.assign(account=self._named(evidence.sends["user"])),
        )
        self._credit_masked(joined)
        account = account_of_messages(joined, self.sends, self.account_of)
        self.messages = self._owned(joined.assign(account=account))
        self.deliveries = origin_of_deliveries(evidence.deliveries, self.sends, self.messages)
        self.visits = visits_table(self.attempts, self.sends, self.deliveries)
        self.seen = Visits(self.visits)
        self.homes = homes_of(self.seen)
        is_clean = self.seen.count("foreign") < FOREIGN_COUNT
        self.guessers = find_guessers(self.seen, self.attempts, is_clean, self.homes)
        self.standings = take_standings(self.messages, self.attempts, self.sends, self.visits)
        self.in_queue = int((~self.messages["quarantined"]).sum())
        self._slices = {name: (table, Slices(table["account"], chosen)) for name, table, chosen in self._tables()}

    def _tables(self) -> Iterator[tuple[str, pd.DataFrame, Any]]:
        yield "messages", self.messages, None
        yield "attempts", self.attempts, None
        yield "sends", self.sends, self.sends["accepted"].to_numpy("bool")
        yield "deliveries", self.deliveries, None

    def of(self, account: str, name: str) -> pd.DataFrame:
        """Return the rows of one account: `messages`, `attempts`, accepted `sends`, `deliveries`."""
        table, slices = self._slices[name]
        return table.take(slices.order[slices.of(account)])

    @cached_property
    def strangers(self) -> frozenset[str]:
        """Recipients outside the house to whom nobody wrote from elsewhere, on another day, or again and again.

        Nor do they ever write to the house.
        """
        is_inbound = (self.sends["accepted"] & self.sends["auth"].isna()).to_numpy()
        chosen = self.sends[(self.sends["accepted"] & self.sends["account"].notna()).to_numpy()]
        written: dict[str, tuple[str, int, int]] = {}
        known: set[str] = set(self.sends.loc[is_inbound, "mail_from"].dropna())
        for ts, ip, rcpt_to in zip(micros(chosen), chosen["client_ip"].tolist(), chosen["rcpt_to"], strict=True):
            for name in rcpt_to:
                by, since, number = written.get(name, (ip, ts, 0))
                written[name] = (by, since, number + 1)
                if by != ip or ts - since >= DAY or number + 1 >= AGAIN:
                    known.add(name)
        houses = self.directory.domains
        return frozenset(name for name in written.keys() - known if name.rpartition("@")[2] not in houses)

    def visits_by(self, ips: Collection[str], columns: Sequence[str]) -> pd.DataFrame:
        """Return some columns of the visits from some addresses."""
        index: Any = self.visits.index
        wanted = index.levels[1].get_indexer([*ips])
        return self.visits.loc[np.isin(index.codes[1], wanted), [*columns]]

    def _credit_masked(self, joined: pd.DataFrame) -> None:
        """Name the account of logins whose user the log has masked: the LocalSender of what was sent under them."""
        named = {auth: self.account_of(account) for auth, account in masked_accounts(joined, self.sends).items()}
        for table, column in ((self.sends, "auth"), (self.attempts, "source")) if named else ():
            nameless = table.index[table["account"].isna()]
            table.loc[nameless, "account"] = [named.get(place) for place in table.loc[nameless, column]]

    def _named(self, typed: pd.Series[Any]) -> pd.Series[Any]:
        """Name the accounts of a column of user names; a column of nothing must still take names later."""
        return typed.map(self._names, na_action="ignore").astype("object")

    def _account(self, typed: str, number: int) -> str:
        """Name the account that a typed name means, or number it: a name that is none may be a password."""
        return self.directory.resolve(typed).account if self.directory.is_known(typed) else f"{HIDDEN}{number}"

    def account_of(self, typed: str) -> str:
        """Name the account that a user name means."""
        return self._names.get(typed) or self.directory.resolve(typed).account

    def _owned(self, table: pd.DataFrame) -> pd.DataFrame:
        """Add `is_own` (may the account call itself so?) and `foreign` (the sender's domain, if none of the house).

        An unknown or empty sender accuses nobody.
        """
        pairs = list(zip(table["account"], table["mail_from"], strict=True))
        own = {pair: self._is_own(*pair) for pair in set(pairs)}
        foreign = {pair: None if is_own else self._foreign(*pair) for pair, is_own in own.items()}
        return table.assign(
            is_own=[own[pair] for pair in pairs],
            foreign=pd.Series([foreign[pair] for pair in pairs], index=table.index, dtype="object"),
        )

    def _foreign(self, account: str, mail_from: str) -> str | None:
        """Name the domain of a sender, unless it is the house's, or the account's own name stands before it."""
        user, _, domain = mail_from.rpartition("@")
        is_brand = user == account.rpartition("@")[0] and user not in _ANYBODY
        return None if is_brand or domain in self.directory.domains else domain

    def _is_own(self, account: object, mail_from: object) -> bool:
        if not isinstance(account, str) or not isinstance(mail_from, str) or "@" not in mail_from:
            return True
        return self.directory.is_own(account, mail_from)

    def accounts(self) -> list[str]:
        """List every account that authenticated with success or has mail in the queue."""
        won = self.attempts[(self.attempts["outcome"] == "success") & self.attempts["account"].notna()]
        return sorted({*won["account"], *self.messages["account"].dropna()})


AGAIN = 3
"""Messages to one recipient that make him no stranger."""

_ANYBODY = frozenset({"info", "support", "service", "no-reply", "noreply", "admin", "office", "sales"})
"""Names that every house has, and that a forger takes."""

HIDDEN = "\0"
"""What begins the account of a try on a name that no account has: a number stands for it, the name is kept nowhere."""


def is_name(account: object) -> bool:
    """Tell the name of an account from the number of a name that none has."""
    return isinstance(account, str) and not account.startswith(HIDDEN)


def _names_of(evidence: Evidence) -> set[str]:
    """List the names that the server itself treats as accounts: LocalSender, and who came in."""
    won = evidence.attempts.loc[evidence.attempts["outcome"] == "success", "user"].dropna()
    return {*evidence.messages["auth_user"].dropna(), *won}
