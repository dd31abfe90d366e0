"""Which campaigns must not be purged by their string: lawful mass mail (`bulk`), and mail that nobody is accused of."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from breachkit.detect.campaigns.passages import is_of_list
from breachkit.logs.facts import shows_logins
from breachkit.text.message import decoded_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from breachkit.detect.accounts.accusation import Accusation
    from breachkit.detect.campaigns.campaign import NoPurge
    from breachkit.logs.facts import LogFacts
    from breachkit.records import Message

BULK: frozenset[NoPurge | None] = frozenset({"cleared", "list-mail"})
"""The reasons that make a campaign lawful mass mail."""
HEAD = 8000
"""Bytes of a message in which its headers stand."""
NEARLY_ALL = 0.98
"""Share of a campaign that must be one lawful mailing; a letter that has its string by chance makes it nothing else."""
HALF = 0.5


class Judged(NamedTuple):
    """What logs say of who sent messages."""

    clear: frozenset[str] = frozenset()
    """Accounts that the logs show and acquit."""
    accused: frozenset[str] = frozenset()
    """Accounts that the logs accuse: their mail is never lawful mass mail."""
    accused_ips: frozenset[str] = frozenset()
    """Client addresses that the logs accuse of what came in without a login."""
    came_from: Mapping[str | None, str | None] | None = None
    """The client address of the session that brought in a message, by its id; None: all sessions are taken as seen."""

    def accuses(self, message: Message) -> bool:
        """Tell whether the account of a message is accused, or, of one without a login, the address it came from."""
        if message.auth_user is not None:
            return message.auth_user in self.accused
        return ((self.came_from or {}).get(message.queue_id) or message.client_ip) in self.accused_ips

    def shows(self, message: Message) -> bool:
        """Tell whether the logs show how a message came in, as far as its id can tell."""
        return self.came_from is None or message.queue_id is None or message.queue_id in self.came_from


def why_lawful(messages: Sequence[Message], judged: Judged | None, read: Callable[[Message], bytes]) -> NoPurge | None:
    """Name what speaks for the messages of a campaign; None when nothing does, or somebody is accused of them.

    Where no log tells who sent them, only a mailing with a way out is lawful.
    """
    if judged is None:
        return "list-mail" if _is_mailing(messages, read) else None
    if not any(map(judged.accuses, messages)):
        names = {message.auth_user for message in messages}
        nameless = sum(message.auth_user is None for message in messages)
        if names - {None} <= judged.clear:
            if nameless > HALF * len(messages):
                return "unauthenticated"
            if sum(map(judged.shows, messages)) >= HALF * len(messages):
                return "cleared"
        if _is_mailing(messages, read):
            return "list-mail"
    # in his own name; a list puts its own address on the envelope
    own = [one for one in messages if one.header_from and one.header_from == (one.auth_user or one.header_from)]
    posts = sum(is_of_list(decoded_headers(read(one))) for one in own if not judged.accuses(one))
    return "list-mail" if posts > HALF * len(messages) else None


def _is_mailing(messages: Sequence[Message], read: Callable[[Message], bytes]) -> bool:
    """Tell one sender's mailing with a way out, which some may have passed on."""
    mailings: dict[tuple[str | None, str | None], list[Message]] = {}
    for one in messages:
        if one.mail_from == one.header_from == (one.auth_user or one.mail_from):
            mailings.setdefault((one.mail_from, one.client_ip), []).append(one)
    largest = max(mailings.values(), key=len, default=[])
    return len(largest) >= NEARLY_ALL * len(messages) and all(
        b"list-unsubscribe" in read(one)[:HEAD].lower() for one in largest
    )


def judged_by_logs(found: Accusation, facts: LogFacts) -> Judged | None:
    """Say whom the logs acquit and whom they accuse; None where AUTH is not to be seen."""
    if not shows_logins(facts.level):
        return None
    bare = Counter(one.account.partition("@")[0] for one in found.accounts)

    def spelled(accounts: Iterable[str]) -> frozenset[str]:
        """List what the queue may call accounts: themselves, and the bare name where no other account has it."""
        names = {name for name in (account.partition("@")[0] for account in accounts) if bare[name] == 1}
        return frozenset({*accounts, *names})

    return Judged(
        spelled([one.account for one in found.accounts if one.verdict == "clear" and one.auth_successes]),
        spelled(found.accused_names()),
        frozenset(one.client_ip for one in found.accused_relays),
        came_from(facts),
    )


def came_from(facts: LogFacts) -> dict[str | None, str | None]:
    """Tell from the logs from which address each message was handed in, by its id."""
    sends = facts.sends
    return {sends.queue_id(row): sends.name("client_ip", row) for row in range(len(sends))}
