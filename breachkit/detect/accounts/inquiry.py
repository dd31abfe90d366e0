"""The tables of one inquiry, joined once: names resolved, messages led back to sessions, addresses judged.

What is known of every account, accused or not, is counted for all of them at once: thousands of accounts are clear, and
a search of the tables for each of them would cost more than reading the logs.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from breachkit.detect.accounts.activity import micros
from breachkit.detect.accounts.guessers import find_guessers, homes_of
from breachkit.detect.accounts.visits import Slices, Visits, visits_table
from breachkit.detect.names import Directory
from breachkit.logs.facts import shows_every_login, shows_logins
from breachkit.micros import DAY
from breachkit.spelling import spelled
from breachkit.tables import attempts_table, deliveries_table, messages_table, sends_table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from breachkit.logs.facts import LogFacts
    from breachkit.records import Account, Message
    from breachkit.text.sasl import Fingerprints

BY_ID = "message id"
BY_PEER = "peer and time"
BY_SENDER = "local sender"
NO_JOIN = "none"

LONGEST_STAY = timedelta(days=5)
"""A message is given up after four days (vendor document); an older id of the same letters is another message."""

AHEAD = timedelta(hours=2)
"""How much later than the message's own stamp its session may be logged: clocks and time zones are set wrong."""

NEAR = timedelta(seconds=60)
"""How far apart the stamp of a message and its session may lie when only peer and time agree."""

AGAIN = 3
"""Messages to one recipient that make him no stranger."""

_ANYBODY = frozenset({"info", "support", "service", "no-reply", "noreply", "admin", "office", "sales"})
"""Names that every house has, and that a forger takes."""

HIDDEN = "\0"
"""What begins the account of a try on a name that no account has: a number stands for it, the name is kept nowhere."""

DOUBT_COUNT = 20
DOUBT_SHARE = 0.25
"""Messages (or failures), in number and as a share, that no ordinary account has and that alone accuse nobody."""


class Inquiry:
    """Everything that judging one account needs of all the others."""

    def __init__(
        self,
        messages: Sequence[Message],
        facts: LogFacts,
        exported: Sequence[Account],
        fingerprints: Fingerprints,
        own_addresses: frozenset[str] = frozenset(),
    ) -> None:
        """Put all there is in tables, and join them.

        Args:
            messages: the queued and quarantined ones.
            facts: what the logs say.
            exported: the accounts of the export.
            fingerprints: how secrets were fingerprinted in this run.
            own_addresses: addresses of the mail server itself, as far as its logs name them.
        """
        self.exported = exported
        self.fingerprint = fingerprints.of
        self.own_addresses = own_addresses
        self.log_first = None if facts.first is None else pd.Timestamp(facts.first)
        self.is_auth_visible = shows_logins(facts.level)
        """The log level shows the dialogue, so an AUTH would be seen."""
        self.is_every_login_visible = shows_every_login(facts.level)
        """Also one that sends nothing."""
        queued, attempts, sends = messages_table(messages), attempts_table(facts.attempts), sends_table(facts.sends)
        joined = join_messages(queued, sends)
        learnt = resolutions(joined, sends)
        # names that the server itself treats as accounts: LocalSender, and who came in
        won = attempts.loc[attempts["outcome"] == "success", "user"].dropna()
        self.directory = Directory(exported, {*queued["auth_user"].dropna(), *won})
        typed = {*attempts["user"].dropna(), *sends["user"].dropna()}
        numbers = {name: number for number, name in enumerate(sorted({spelled(name) for name in typed}))}
        self._names = {name: self._account(learnt.get(name, name), numbers[spelled(name)]) for name in typed}
        self.attempts = attempts.assign(account=self._named(attempts["user"]))
        self.sends = self._owned(sends.assign(account=self._named(sends["user"])))
        self._credit_masked(joined)
        account = account_of_messages(joined, self.sends, self.account_of)
        self.messages = self._owned(joined.assign(account=account))
        self.deliveries = origin_of_deliveries(deliveries_table(facts.deliveries), self.sends, self.messages)
        self.visits = visits_table(self.attempts, self.sends, self.deliveries)
        self.seen = Visits(self.visits)
        self.homes = homes_of(self.seen)
        self.guessers = find_guessers(self.seen, self.attempts, self.homes)
        self.standings = Standings(self)
        self.in_queue = int((~self.messages["quarantined"]).sum())
        accepted = self.sends["accepted"].to_numpy("bool")
        self._slices = {
            name: Slices(getattr(self, name)["account"], accepted if name == "sends" else None)
            for name in ("messages", "attempts", "sends", "deliveries")
        }

    def of(self, account: str, name: str) -> pd.DataFrame:
        """Return the rows of one account: `messages`, `attempts`, accepted `sends`, `deliveries`."""
        table: pd.DataFrame = getattr(self, name)
        slices = self._slices[name]
        return table.take(slices.order[slices.of(account)])

    @cached_property
    def strangers(self) -> frozenset[str]:
        """Recipients outside the house to whom nobody wrote from elsewhere, on another day, or again and again.

        Nor do they ever write to the house. Who does not exist is met again by whoever has the same list of spam.
        """
        deliveries = self.deliveries
        dead = set(deliveries.loc[deliveries["is_unknown"].to_numpy("bool"), "rcpt_to"].dropna())
        is_inbound = (self.sends["accepted"] & self.sends["auth"].isna()).to_numpy()
        chosen = self.sends[(self.sends["accepted"] & self.sends["account"].notna()).to_numpy()]
        written: dict[str, tuple[str, int, int]] = {}
        known: set[str] = set(self.sends.loc[is_inbound, "mail_from"].dropna())
        for ts, ip, rcpt_to in zip(micros(chosen), chosen["client_ip"].tolist(), chosen["rcpt_to"], strict=True):
            for name in rcpt_to:
                by, since, number = written.get(name, (ip, ts, 0))
                written[name] = (by, since, number + 1)
                is_met = name not in dead and (by != ip or ts - since >= DAY)
                if is_met or number + 1 >= AGAIN:
                    known.add(name)
        houses = self.directory.domains
        return frozenset(name for name in written.keys() - known if name.rpartition("@")[2] not in houses)

    def came_from(self, messages: pd.DataFrame) -> pd.Series[Any]:
        """Name the address that handed in each message: of its session, else by its own word; missing where neither."""
        by_session = self.sends["client_ip"].reindex(messages["send"]).set_axis(messages.index)
        return by_session.where(by_session.notna(), messages["client_ip"])

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


def is_name(account: object) -> bool:
    """Tell the name of an account from the number of a name that none has."""
    return isinstance(account, str) and not account.startswith(HIDDEN)


def join_messages(messages: pd.DataFrame, sends: pd.DataFrame) -> pd.DataFrame:
    """Join queued messages to the transactions that brought them in.

    Old ids are not unique over time, so of the transactions with the message's id the nearest before its
    stamp counts, if a message can have stayed that long. Nodes do not know one another's peers; their ids
    are told apart where they are stitched.

    Returns:
        `messages` with `join` (one of the constants above) and `send` (the row of `sends`, -1 for none).
    """
    joined = messages.assign(join=NO_JOIN, send=-1)
    accepted = sends[sends["accepted"]]
    by_id = _nearest(messages[messages["queue_id"].notna()], accepted[accepted["queue_id"].notna()])
    joined.loc[by_id.index, "send"] = by_id
    joined.loc[by_id.index, "join"] = BY_ID
    left = messages[(joined["send"] < 0) & messages["queue_id"].isna() & messages["is_stamped"]]
    by_peer = _same_moment(left[left["client_ip"].notna()], accepted)
    joined.loc[by_peer.index, "send"] = by_peer
    joined.loc[by_peer.index, "join"] = BY_PEER
    by_sender = (joined["send"] < 0) & joined["auth_user"].notna()
    joined.loc[by_sender, "join"] = BY_SENDER
    return joined


def _nearest(messages: pd.DataFrame, sends: pd.DataFrame) -> pd.Series[int]:
    if messages.empty or sends.empty:
        return pd.Series(dtype="int64")
    right = sends[["queue_id", "ts"]].astype({"queue_id": "object"}).assign(send=sends.index, sent=sends["ts"])
    left = messages[["queue_id", "ts", "is_stamped"]].reset_index(names="message")
    pairs = left.merge(right, on="queue_id", suffixes=("", "_sent"))
    stay = pairs["ts"] - pairs["sent"]
    # a copy of a queue has new mtimes: without a stamp of its own a message may be of any age
    possible = pairs[~pairs["is_stamped"] | ((stay >= -AHEAD) & (stay <= LONGEST_STAY))]
    latest = possible.sort_values(["message", "sent", "send"]).drop_duplicates("message", keep="last")
    return latest.set_index("message")["send"]


def _same_moment(messages: pd.DataFrame, sends: pd.DataFrame) -> pd.Series[int]:
    if messages.empty or sends.empty:
        return pd.Series(dtype="int64")
    left = messages[["ts", "client_ip", "node"]].reset_index(names="message").sort_values("ts", kind="stable")
    right = sends[["ts", "client_ip", "node"]].assign(send=sends.index).sort_values("ts", kind="stable")
    near = pd.merge_asof(left, right, on="ts", by=["client_ip", "node"], direction="nearest", tolerance=NEAR)
    found = near[near["send"].notna()]
    return found.set_index("message")["send"].astype("int64")


def account_of_messages(joined: pd.DataFrame, sends: pd.DataFrame, resolve: Callable[[str], str]) -> pd.Series[str]:
    """Name the account of each message: the session's where it is known by id, else LocalSender's."""
    spoken = joined["auth_user"].map(resolve, na_action="ignore")
    has_session = joined["join"] == BY_ID
    accounts = sends["account"].reindex(joined["send"]).set_axis(joined.index)
    return spoken.mask(has_session & accounts.notna(), accounts)


def resolutions(joined: pd.DataFrame, sends: pd.DataFrame) -> Mapping[str, str]:
    """Learn from the joins what a bare name means: the server's own LocalSender of the messages it sent.

    Only names that always led to one account are learnt; a full address stands for itself.
    """
    known = joined[(joined["join"] == BY_ID) & joined["auth_user"].str.contains("@", regex=False, na=False)]
    typed = sends["user"].reindex(known["send"]).set_axis(known.index)
    pairs = pd.DataFrame({"typed": typed, "account": known["auth_user"]}).dropna().drop_duplicates()
    single = pairs[~pairs["typed"].str.contains("@", regex=False) & ~pairs["typed"].duplicated(keep=False)]
    return dict(zip(single["typed"], single["account"], strict=True))


def masked_accounts(joined: pd.DataFrame, sends: pd.DataFrame) -> Mapping[object, str]:
    """Learn from the joins whose logins those are that the log has masked: place of the AUTH → LocalSender.

    Only logins whose messages all name one account.
    """
    known = joined[(joined["join"] == BY_ID) & joined["auth_user"].notna()]
    masked = sends[sends["account"].isna() & sends["auth"].notna()]
    auth = masked["auth"].reindex(known["send"]).set_axis(known.index)
    pairs = pd.DataFrame({"auth": auth, "account": known["auth_user"]}).dropna().drop_duplicates()
    single = pairs[~pairs["auth"].duplicated(keep=False)]
    return dict(zip(single["auth"], single["account"], strict=True))


def origin_of_deliveries(deliveries: pd.DataFrame, sends: pd.DataFrame, messages: pd.DataFrame) -> pd.DataFrame:
    """Name the account and the client address a delivery goes back to: by message id, else by sender and recipient.

    Returns:
        `deliveries` with `account` and `client_ip`, both missing where nothing joins.
    """
    if deliveries.empty:
        nothing = pd.Series(dtype="object", index=deliveries.index)
        return deliveries.assign(account=nothing, client_ip=nothing)
    origins = pd.concat([messages[_ORIGIN], sends[_ORIGIN]]).astype({"queue_id": "object", "rcpt_to": "object"})
    ids = origins.dropna(subset=["queue_id", "account"]).drop_duplicates("queue_id", keep="last")
    paths = origins.explode("rcpt_to").dropna(subset=["mail_from", "rcpt_to", "account"])
    paths = paths.drop_duplicates(["mail_from", "rcpt_to", "node"], keep="last")
    texts = deliveries[["queue_id", "mail_from", "rcpt_to", "node"]].astype("object")
    by_id = texts[["queue_id"]].merge(ids.drop(columns=["mail_from", "rcpt_to", "node"]), how="left", on="queue_id")
    by_path = texts[["mail_from", "rcpt_to", "node"]].merge(paths, how="left", on=["mail_from", "rcpt_to", "node"])
    has_id = (by_id["account"].notna() & by_id["queue_id"].notna()).to_numpy()
    return deliveries.assign(
        account=by_id["account"].where(has_id, by_path["account"]).to_numpy(),
        client_ip=by_id["client_ip"].where(has_id, by_path["client_ip"]).to_numpy(),
    )


_ORIGIN = ["queue_id", "mail_from", "rcpt_to", "node", "account", "client_ip"]


class Standing(NamedTuple):
    """What one account holds and did."""

    queued: int
    quarantined: int
    unseen: int
    """Queued and quarantined messages that join no authenticated session."""
    sent: int
    auth_successes: int
    last_ts: pd.Timestamp | None
    """Of its successes and its messages."""
    mechanisms: tuple[str, ...]
    mail_froms: tuple[tuple[str, int], ...]
    secrets: frozenset[bytes]
    """Fingerprints of what opened it."""
    typed: frozenset[str]
    """User names under which it was opened."""
    far: Mapping[bytes, int]
    """How far some of the secrets are from a user name typed with them."""
    mismatched: int
    """Messages in other names, from addresses that wrote many of them."""
    unseen_failures: int
    """Failures with secrets that the logs do not show, from addresses that came in and had many of them."""


class Standings:
    """The standings of all accounts, of which one is made when it is looked at."""

    def __init__(self, inquiry: Inquiry) -> None:
        """Count what every account holds and did; an account of which nothing is known has zeros."""
        messages, attempts, sends = inquiry.messages, inquiry.attempts, inquiry.sends
        authenticated = sends.index[sends["account"].notna()]
        is_won = attempts["outcome"] == "success"
        mismatched, unseen_failures = _doubtful(inquiry.visits)
        self._counts: dict[str, dict[Any, int]] = {
            "queued": _count(messages, ~messages["quarantined"]),
            "quarantined": _count(messages, messages["quarantined"]),
            "unseen": _count(messages, ~messages["send"].isin(authenticated)),
            "sent": _count(sends, sends["accepted"]),
            "auth_successes": _count(attempts, is_won & (attempts["service"] == "smtp")),
            "mismatched": mismatched,
            "unseen_failures": unseen_failures,
        }
        self._mail_froms: dict[Any, list[tuple[str, int]]] = defaultdict(list)
        pairs = messages.groupby(["account", "mail_from"]).size()
        for account, mail_from, number in pairs.reset_index().itertuples(index=False):
            self._mail_froms[account].append((mail_from, int(number)))
        won = attempts.loc[is_won, ["account", "ts", "mechanism", "secret", "user", "distance"]]
        seen = pd.concat([won[["account", "ts"]], sends.loc[sends["accepted"], ["account", "ts"]]])
        self._last: dict[Any, pd.Timestamp] = seen.groupby("account")["ts"].max().to_dict()
        rows = Slices(won["account"])
        self._won = rows
        mechanism = won["mechanism"].astype("category").cat
        self._mechanisms, self._mechanism = mechanism.categories.tolist(), mechanism.codes.to_numpy()[rows.order]
        self._user, self._distance = (won[name].to_numpy()[rows.order] for name in ("user", "distance"))
        self._secret = won["secret"].to_numpy("uint64", na_value=0)[rows.order]
        self._is_seen = won["secret"].notna().to_numpy()[rows.order]

    def __getitem__(self, account: str) -> Standing:
        rows = self._won.of(account)
        secrets = [number.to_bytes(8) for number in self._secret[rows].tolist()]
        distances = zip(secrets, self._distance[rows].tolist(), strict=True)
        return Standing(
            **{name: numbers.get(account, 0) for name, numbers in self._counts.items()},
            last_ts=self._last.get(account),
            mechanisms=tuple(sorted(self._mechanisms[number] for number in set(self._mechanism[rows].tolist()))),
            mail_froms=tuple(sorted(self._mail_froms.get(account, ()), key=lambda pair: (-pair[1], pair[0]))),
            secrets=frozenset(itertools.compress(secrets, self._is_seen[rows].tolist())),
            typed=frozenset(name for name in self._user[rows].tolist() if name is not None),
            far={secret: distance for secret, distance in distances if distance > 0},
        )


def _count(table: pd.DataFrame, chosen: pd.Series[bool]) -> dict[Any, int]:
    return table.loc[chosen.astype("bool"), "account"].value_counts().to_dict()


def _doubtful(visits: pd.DataFrame) -> tuple[dict[Any, int], dict[Any, int]]:
    seen = visits[visits["first_seen"].notna()]
    foreign = (seen["mismatched"] >= DOUBT_COUNT) & (seen["mismatched"] >= DOUBT_SHARE * seen["sent"])
    tried = (seen["successes"] > 0) & (seen["unseen_secrets"] >= DOUBT_COUNT)
    return (
        seen.loc[foreign, "mismatched"].groupby(level="account").sum().to_dict(),
        seen.loc[tried, "unseen_secrets"].groupby(level="account").sum().to_dict(),
    )
