"""Is the incident over? What the attackers did is known; what happened since a moment is held against it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from breachkit.detect.accounts.accusation import read_inquiry
from breachkit.detect.accounts.inquiry import is_name
from breachkit.detect.accounts.judgement import judge_accounts
from breachkit.detect.findings import first, lower_bound
from breachkit.detect.hardening import hardening_of
from breachkit.detect.passwords.hashes import recognise, unwrapped
from breachkit.errors import BreachkitError
from breachkit.evidence import gather

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    import pandas as pd

    from breachkit.detect.accounts.accusation import Accusation
    from breachkit.detect.accounts.inquiry import Inquiry
    from breachkit.evidence.where import Where
    from breachkit.logs.facts import LogFacts
    from breachkit.records import Locus, Message
    from breachkit.text.sasl import Login

CheckName = Literal[
    "queue-clean",
    "no-entry-since",
    "no-attacker-since",
    "password-changed",
    "left-behind",
    "settings",
    "delivery-failures",
]
CheckStatus = Literal["open", "unknown", "ok"]
STATUSES: tuple[CheckStatus, ...] = ("open", "unknown", "ok")
"""Worst first: of several accounts the worst one counts."""

FAILING = 0.25
"""Share of recipients, at the lower end of what chance allows, from which on delivery itself is in trouble."""
SHOWN = 3
HOUR = timedelta(hours=1)


class Check(NamedTuple):
    """One question about the end of an incident, and its answer."""

    name: CheckName
    status: CheckStatus
    detail: str
    evidence: tuple[Locus, ...] = ()


@dataclass(frozen=True, slots=True)
class Aftermath:
    """All the evidence of an incident, judged, and since when it should be over."""

    where: Where
    books: gather.Books
    inquiry: Inquiry
    found: Accusation
    facts: LogFacts
    accounts: tuple[str, ...]
    """The compromised ones, and those that the user named."""
    since: datetime

    @property
    def entering(self) -> frozenset[str]:
        """The addresses that attack, of accounts and of those groups that came in; none that is lawful for somebody."""
        ips = {ip.ip for one in self.found.attackers if one.entered for ip in one.ips if ip.blocked}
        return frozenset(ips | self.of_accounts)

    @property
    def of_accounts(self) -> frozenset[str]:
        """The addresses that attack the accounts in question."""
        chosen = (one for one in self.found.accounts if one.account in self.accounts)
        return frozenset(place.ip for one in chosen for place in one.client_ips if place.attacking)

    @property
    def suspected(self) -> frozenset[str]:
        """The addresses that may attack accounts which are suspect, and not in question."""
        chosen = (one for one in self.found.accused if one.account not in self.accounts)
        return frozenset(place.ip for one in chosen for place in one.client_ips if place.attacking) - self.entering

    @property
    def relays(self) -> frozenset[str]:
        """The addresses that sent spam without a login."""
        return frozenset(one.client_ip for one in self.found.accused_relays)

    def after(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows that are later."""
        return table[(table["ts"] > self.since).to_numpy()]


def look_after(where: Where, books: gather.Books, since: datetime, named: Sequence[str], jobs: int | None) -> Aftermath:
    """Read all the evidence and judge it, as `find-account` does. Raises BreachkitError.

    Args:
        where: the evidence.
        books: what was read and skipped is counted there.
        since: when the incident should have been over.
        named: accounts to look after beside those that look compromised.
        jobs: processes to read with; None for one a processor.
    """
    messages: Sequence[Message] = gather.read_messages(where, books, quarantined=True, jobs=jobs)
    inquiry, facts = read_inquiry(where, books, messages, counts_accounts=False, jobs=jobs)
    found = judge_accounts(inquiry)
    compromised = [one.account for one in found.accounts if one.verdict == "compromised"]
    accounts = dict.fromkeys([*map(inquiry.account_of, named), *compromised])
    return Aftermath(where, books, inquiry, found, facts, tuple(accounts), since)


def closing_checks(after: Aftermath) -> tuple[Check, ...]:
    """Ask every question. Raises BreachkitError for an export that was named and cannot be read."""
    logins = _logins(after)
    return (
        _queue(after),
        no_entry(after),
        _no_attacker(after),
        _of_accounts("password-changed", after, logins, _password),
        _of_accounts("left-behind", after, logins, _left_behind),
        _settings(after),
        _deliveries(after),
    )


def is_closed(checks: Iterable[Check]) -> bool | None:
    """Tell whether the incident is over; None where a check could not tell, and none is open."""
    statuses = {check.status for check in checks}
    return False if "open" in statuses else None if "unknown" in statuses else True


def _queue(after: Aftermath) -> Check:
    """Is any message of the attack still to be sent?"""
    if not after.where.layout.queues:
        return Check("queue-clean", "unknown", "no queue was read")
    queued = after.inquiry.messages[~after.inquiry.messages["quarantined"].to_numpy("bool")]
    came_from = after.inquiry.came_from(queued)
    # whose address nobody knows may have sent it: a message of the account is the thief's until it is known not to be
    is_theirs = queued["account"].isin(after.accounts) & (came_from.isna() | came_from.isin(after.of_accounts))
    left = queued[(is_theirs | came_from.isin(after.relays)).to_numpy()]
    if len(left):
        detail = (
            f"{len(left):,} of {len(queued):,} queued messages are of the attack, or nothing tells that they are not"
        )
        return Check("queue-clean", "open", detail, first(left["source"]))
    return Check("queue-clean", "ok", f"none of {len(queued):,} queued messages is of the attack")


def no_entry(after: Aftermath) -> Check:
    """Has an attacking address come in, or sent anything, since?"""
    unseen = _unseen(after)
    tries, sends = after.after(after.inquiry.attempts), after.after(after.inquiry.sends)
    came = tries[(tries["outcome"] == "success") & tries["client_ip"].isin(after.entering)]
    is_login = sends["account"].map(is_name, na_action="ignore").fillna(value=False).astype("bool")
    sent = sends[sends["accepted"] & is_login & sends["client_ip"].isin(after.entering)]
    relayed = sends[sends["accepted"] & sends["account"].isna() & sends["client_ip"].isin(after.relays)]
    places = [*came["source"], *sent["source"], *relayed["source"]]
    if places:
        what = [
            f"{number:,} {word}"
            for number, word in (
                (len(came), "logins"),
                (len(sent), "messages sent after a login"),
                (len(relayed), "messages sent without a login"),
            )
            if number
        ]
        return Check("no-entry-since", "open", f"from attacking addresses: {', '.join(what)}", first(places))
    if unseen:
        return Check("no-entry-since", "unknown", unseen)
    odd = tries[(tries["outcome"] == "success") & tries["client_ip"].isin(after.suspected)]
    if len(odd):
        detail = f"{len(odd):,} logins to suspect accounts from addresses that may attack: see breachkit find-account"
        return Check("no-entry-since", "unknown", detail, first(odd["source"]))
    return Check("no-entry-since", "ok", "no attacking address logged in or sent anything")


def _no_attacker(after: Aftermath) -> Check:
    """Do the addresses that came in still try? Others guess at every server, every day."""
    unseen = _unseen(after)
    blocked = {ip.ip for one in after.found.attackers if one.entered for ip in one.ips if ip.blocked}
    tries = after.after(after.inquiry.attempts)
    again = tries[tries["client_ip"].isin(blocked)]
    if len(again):
        detail = (
            f"{again['client_ip'].nunique():,} of the addresses that came in tried {len(again):,} logins: block them"
        )
        return Check("no-attacker-since", "open", detail, first(again["source"]))
    if unseen:
        return Check("no-attacker-since", "unknown", unseen)
    guessers = {ip.ip for one in after.found.attackers for ip in one.ips} - blocked
    others = tries[tries["client_ip"].isin(guessers)]["client_ip"].nunique()
    more = f"; {others:,} others guess passwords and came in nowhere" if others else ""
    return Check("no-attacker-since", "ok", f"none of {len(blocked):,} addresses that came in was seen again{more}")


def _unseen(after: Aftermath) -> str:
    """Say why the logs cannot tell what happened since; empty where they can."""
    last = after.facts.last
    if last is None:
        return "there are no SMTP logs"
    if last <= after.since:
        return "the logs end before it: read newer ones"
    if not after.inquiry.is_auth_visible:
        return "the logs show no logins at this level"
    return ""


_Answer = tuple[CheckStatus, str]
"""Without a sentence: the account is not in the export, or there is none."""


def _of_accounts(
    name: CheckName,
    after: Aftermath,
    logins: dict[str, Login] | str,
    ask: Callable[[Aftermath, str, Login | None], _Answer],
) -> Check:
    """Ask one question of each account in question; the worst answer counts, and each is said."""
    if not after.accounts:
        return Check(name, "unknown", "no account looks compromised: name the one that was (breachkit verify ACCOUNT)")
    known = {} if isinstance(logins, str) else logins
    answers: dict[_Answer, list[str]] = {}
    for account in after.accounts:
        login = known.get(account)
        status, detail = ask(after, account, login)
        if not detail:
            detail = logins if isinstance(logins, str) else "it is not in the export"
        answers.setdefault((status, detail), []).append(account)
    ordered = sorted(answers, key=lambda answer: STATUSES.index(answer[0]))
    detail = "; ".join(f"{_named(answers[answer])}: {answer[1]}" for answer in ordered)
    places = (known[account].account.source for account in answers[ordered[0]] if account in known)
    return Check(name, ordered[0][0], detail, first(places))


def _named(accounts: Sequence[str]) -> str:
    more = f" and {len(accounts) - SHOWN:,} more" if len(accounts) > SHOWN else ""
    return ", ".join(accounts[:SHOWN]) + more


def _logins(after: Aftermath) -> dict[str, Login] | str:
    """Read the accounts in question with their passwords, or say why not. Raises BreachkitError."""
    where = after.where
    if where.accounts is None:
        return "there is no export of the accounts: make a new one, and name it with --accounts"
    try:
        wanted = frozenset(after.accounts)
        rows = gather.read_logins(where, where.accounts, after.books)
        return {login.account.address: login for login in rows if login.account.address in wanted}
    except BreachkitError as error:
        if where.is_accounts_asked:
            raise
        return str(error)


def _password(after: Aftermath, account: str, login: Login | None) -> _Answer:
    """Compare the password of the export with those that the attacker used, and keep neither.

    Where that cannot be done, the attacker may have shown it: only fails since, with a password that had opened it.
    Failures whose password nobody sees prove nothing: who guesses goes on with others.
    """
    tries = after.inquiry.of(account, "attempts")
    tries = tries[tries["client_ip"].isin(after.of_accounts).to_numpy()]
    used = tries.loc[(tries["outcome"] == "success").to_numpy(), "secret"].dropna().tolist()
    status: CheckStatus
    status, detail = ("unknown", "") if login is None else _compared(after, login, used)
    if status == "unknown":
        since = after.after(tries)
        same = since[since["secret"].isin(used).to_numpy("bool")]
        if len(same) and (since["outcome"] == "failure").all():
            return "ok", f"the attacker's password failed {len(same):,} times since, and nothing opened it"
    return status, detail


def _compared(after: Aftermath, login: Login, used: Collection[int]) -> _Answer:
    """Hold the password of an export against fingerprints of those that the attacker used."""
    if login.is_disabled:
        return "ok", "disabled, nobody can log in"
    if login.auth_mode == "any":
        return "open", "it takes any password"
    secret = None if login.password is None else unwrapped(login.password.reveal())
    if secret is None or login.auth_mode == "directory" or recognise(secret) is not None:
        return "unknown", "the export does not show its password in clear"
    if not used:
        return "unknown", "the logs do not show the password that the attacker used"
    if int.from_bytes(after.inquiry.fingerprint(secret)) in used:
        return "open", f"the attacker's password still opens it{_age_of_export(after)}"
    return "ok", "the attacker's password no longer opens it"


def _age_of_export(after: Aftermath) -> str:
    """Say that the export is older than what it should show."""
    path = after.where.accounts
    try:
        written = None if path is None else datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        written = None
    return "" if written is None or written > after.since else ", in an export that is older: make a new one"


def _left_behind(_after: Aftermath, _account: str, login: Login | None) -> _Answer:
    """Is anything set that outlives a new password?"""
    if login is None:
        return "unknown", ""
    if login.left_behind is None:
        return "unknown", "the export does not show forwards and rules"
    if login.left_behind:
        return "open", f"set: {', '.join(login.left_behind)}; ask the owner which are theirs"
    return "ok", "nothing is set that outlives a new password"


def _settings(after: Aftermath) -> Check:
    """Do the settings still let in what happened?"""
    path = after.where.layout.settings
    if path is None:
        return Check("settings", "unknown", "there is no file of settings; see: breachkit harden --print-commands")
    try:
        read = gather.read_settings(after.where, path, after.books)
        judged = hardening_of(read, after.where.guide_to(path), after.found)
    except BreachkitError as error:
        return Check("settings", "unknown", str(error))
    fails = [row for row in judged.judged if row.status == "fail"]
    if fails:
        places = [judged.sources[row.name] for row in fails if row.name in judged.sources]
        detail = f"{len(fails):,} fail ({_named([row.name for row in fails])}); breachkit harden prints what mends each"
        return Check("settings", "open", detail, first(places))
    absent = sum(row.status == "unknown" for row in judged.judged)
    return Check("settings", "ok", "none that was read fails" + (f"; {absent:,} are not in the file" if absent else ""))


def _deliveries(after: Aftermath) -> Check:
    """Is mail that is not the attack's refused, as it is where the server is still blacklisted?"""
    made = after.after(after.inquiry.deliveries)
    is_spam = made["client_ip"].isin(after.entering | after.relays).to_numpy()
    last = made[~is_spam].drop_duplicates(["queue_id", "rcpt_to"], keep="last")
    judged = last[~last["is_unknown"].to_numpy("bool")]  # who does not exist says nothing of the server
    if judged.empty:
        return Check("delivery-failures", "unknown", "no delivery outwards stands in the logs")
    failing = judged[(judged["outcome"] != "delivered").to_numpy()]
    number, tried = len(failing), len(judged)
    houses = Counter(str(to).rpartition("@")[2] for to in failing["rcpt_to"].dropna())
    where_to = ", ".join(f"{name} {times:,}" for name, times in houses.most_common(SHOWN))
    detail = f"{number:,} of {tried:,} recipients were refused or wait" + (f" ({where_to})" if where_to else "")
    status: CheckStatus = "open" if lower_bound(number, tried) > FAILING else "ok"
    return Check("delivery-failures", status, detail, first(failing["source"]))


class Pace(NamedTuple):
    """How fast the server sends, for a monitor."""

    queued: int
    account: str | None
    """The busiest one."""
    rate: int
    """Messages that it handed in within the last hour of the logs."""


def pace_of(after: Aftermath) -> Pace:
    """Count what waits, and what the busiest account handed in within the last hour of the logs."""
    queued = int((~after.inquiry.messages["quarantined"].to_numpy("bool")).sum())
    counts = Counter(_senders(after))
    account, rate = counts.most_common(1)[0] if counts else (None, 0)
    return Pace(queued, account, rate)


def _senders(after: Aftermath) -> Iterator[str]:
    last, sends = after.facts.last, after.inquiry.sends
    if last is not None:
        begin: Any = last - HOUR
        recent = sends[(sends["accepted"] & (sends["ts"] > begin)).to_numpy()]
        yield from filter(is_name, recent["account"].dropna())
