"""The pages that tell the shipped stories, with the numbers of their truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .truth import Json, Truth

SYNTHETIC = """\
> **Synthetic.** Nobody who works on breachkit has an IceWarp server. This folder was made by the seeded generator
> in `tests/evidence` (`python -m tests.evidence {story} TARGET --seed {seed}`): people, messages, addresses and
> passwords are invented, and only documentation names and networks are used. The SMTP log lines follow public
> sample lines; the queue files follow what the vendor's guides say of them (`LocalSender`, `From`, `MsgID`), and
> their exact syntax is a guess, as is the wording of the client sessions. `expected.json` was written by the
> simulation from what its actors did, not by any detector.
"""

FILES = """\
## The files

- `mail/_outgoing/`: the queue at the moment of the copy, {messages} messages. {folders}
- `logs/smtp/`: {logs}
{more}- `expected.json`: the truth. Where the contract leaves an answer open, the value is a list.
"""
USERS = '`tool export account "*@*" u_type u_accountdisabled u_mailbox u_alias u_password`'


def _head(title: str, truth: Truth) -> str:
    return f"# {title}\n\n{SYNTHETIC.format(story=truth.story, seed=truth.seed)}"


def _clock(truth: Truth, account: str) -> str:
    """Give the moment of an entry as a person writes it."""
    moment = str(truth.accounts[account]["entry_ts"])
    return f"{moment[11:16]} on {moment[8:10].lstrip('0')} November"


def _words(value: Json) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | dict) else []


def _quoted(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def guide(truth: Truth) -> str:
    user = truth.accounts["user@example.it"]
    files = FILES.format(
        messages=truth.messages,
        folders="What was tried and failed\n  lies in `retry/`, as in the guide.",
        logs="four days of log at level *debug & summary*, stamps of the time only, rotated by size.",
        more=f"- `users.csv`: what {USERS}\n  prints.\n",
    )
    return f"""{_head("The guide's own case: user, user and pippo", truth)}
## What happened

The order desk of a small office has an account nobody loved: `user@example.it`, user name `user`, password `user`.
For three days it sends what order desks send, from the one address it always uses. At
{_clock(truth, "user@example.it")}, a Friday, somebody at {_words(user["attacking_ips"])[0]} types `user`, then `user`,
and is in at the first try: there was nothing to guess.

From then on every session says `AUTH LOGIN`, `dXNlcg==`, `dXNlcg==` (the second and the fourth line) and declares
`pippo@gmail.com` as its sender. {user["sent_messages"]} messages were accepted for the account in these four days,
most of them on that morning: two lines of text each, to names nobody ever had, at domains that often do not exist.
By 11:30, when the administrator copies the folders, {user["queued_messages"]} of the {truth.messages} messages in the
queue are its own. A colleague's letter waits among them, because the server is busy, and so do a few failure reports
to poor Pippo, which no session accepted: the server wrote them itself.

From the vendor's guide to securing a violated server: the account, its password and its base64, the declared sender,
the retry queue full of tiny messages to improbable recipients, the client session that ends for want of an MX record.
Everything else is invented.

{files}
## What breachkit should find

- `user@example.it` is **compromised**, entry **first-try** (the logs reach back three days, and nobody failed
  before), from {_words(user["attacking_ips"])[0]}; its usual address is {_words(user["usual_ips"])[0]}. Its password
  equals its user name.
- Everybody else is **clear**.
- {truth.unattributed_messages} queued messages join no session: the failure reports.
- Symptoms:
  {_quoted(truth.symptoms[:4])},
  {_quoted(truth.symptoms[4:])}.
"""


def brute_force(truth: Truth) -> str:
    anna = truth.accounts["anna@example.it"]
    news = truth.accounts["newsletter@example.it"]
    files = FILES.format(
        messages=truth.messages,
        folders="Each file\n  has an envelope block, a blank line and the message.",
        logs="four days at level *debug & summary*, stamps with milliseconds; the night crosses midnight.",
        more="",
    )
    return f"""{_head("A brute force beside an innocent newsletter", truth)}
## What happened

On Wednesday evening somebody starts to try passwords. First eight on `carla@`, then five on an `info@` that does not
exist, and from 22:12 on `anna@example.it`, typed in every way the server understands: from one address mostly, with two
neighbours lending a hand. After {anna["auth_failures_before_entry"]} failures one guess is right, at
{_clock(truth, "anna@example.it")}. The guesser leaves at once, as guessers do. Half past midnight four bots come back
with the right password, one of them over IPv6, and declare five different senders, one of them Anna's own address.

The rest is there to tempt you. `newsletter@example.it` sent {news["sent_messages"]} messages in these days, as many as
Anna's visitors, and {news["queued_messages"]} of them wait in the queue: but always from one machine, in its own name,
to people who exist. Laura has a phone in a drawer that offers last year's password every hour or so: dozens of
failures, always the same one. Carla was tried and never entered.

{files}
## What breachkit should find

- `anna@example.it` is **compromised**, entry **brute-force**, {anna["auth_failures_before_entry"]} failures before it.
- `newsletter@`, `laura@` and `carla@example.it` are **clear**, and so are the others.
- The same addresses also tried {_quoted(_words(anna["also_tried"]))} and entered neither.
- Symptoms: {_quoted(truth.symptoms[:3])},
  {_quoted(truth.symptoms[3:])}.
"""


def two_accounts(truth: Truth) -> str:
    renzo = truth.accounts["renzo@example.it"]
    paola = truth.accounts["paola@example.it"]
    desk = truth.accounts["helpdesk@example.it"]
    shared = sorted(set(_words(renzo["spam_ips"])) & set(_words(paola["spam_ips"])))
    others = [name for name in _words(renzo["also_tried"]) if name != "paola@example.it"]
    files = FILES.format(
        messages=truth.messages,
        folders="A newer\n  server: `priority_0` to `priority_4`, retries in the lowest; LF, a byte order mark, some "
        "without `MsgID`.",
        logs="level *debug* (no `***` lines), RFC 822 stamps, eight-digit thread ids, as in the oldest samples.",
        more="",
    )
    return f"""{_head("Two stolen passwords, one campaign", truth)}
## What happened

Renzo and Paola typed their passwords into the same fake page, weeks ago. On Wednesday morning the buyer of the list
tries what he bought: four other names fail (twice each, from two addresses), then `renzo@example.it` opens at the first
try, at {_clock(truth, "renzo@example.it")}, and `paola@example.it` at {_clock(truth, "paola@example.it")}. Nobody
guessed anything. Both send the same parcel swindle until the copy is made at 14:30, from overlapping addresses
({", ".join(shared)} serve both), while their owners go on working from home as if nothing happened.

`helpdesk@example.it` looks worse than either at first sight: dozens of senders that are not itself, customers among
them. It is the ticket system. It has done so every working day, from one address, and its letters arrive
({desk["sent_messages"]} sent, {desk["queued_messages"]} waiting because the server is busy).

{files}
## What breachkit should find

- `renzo@example.it` ({renzo["queued_messages"]} queued) and `paola@example.it` ({paola["queued_messages"]} queued) are
  **compromised**, entry **first-try**, no failure before.
- `helpdesk@example.it` is **clear**, and so are the three colleagues who were merely tried and go on with their work.
- The blast radius: the addresses that entered also tried
  {_quoted(others)}.
- Symptoms: {_quoted(truth.symptoms)}.
"""
