"""`breachkit purge`."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING
from typing import Annotated
from typing import NamedTuple

import typer

from breachkit.cli import options

if TYPE_CHECKING:
    from datetime import tzinfo

    from breachkit.cli.purging import Manner
    from breachkit.cli.purging import Predicates
    from breachkit.purge.needles import Texts
    from breachkit.purge.plan import Wanted
    from breachkit.reading.where import Where

Strings = Annotated[
    list[str] | None,
    typer.Argument(metavar="STRING…", help="Text that a message must hold; several must all stand in it."),
]
AnyString = Annotated[bool, typer.Option("--any", help="Let any one of several STRINGs do.")]
Account = Annotated[
    list[str] | None, typer.Option("--account", metavar="ADDR", help="Sent by this account (LocalSender).")
]
Sender = Annotated[
    list[str] | None, typer.Option("--from", metavar="ADDR", help="With this declared From, or @DOMAIN of it.")
]
ToDomain = Annotated[
    list[str] | None, typer.Option("--to-domain", metavar="DOMAIN", help="With a recipient in this domain.")
]
CampaignId = Annotated[
    str | None, typer.Option("--campaign", metavar="ID", help="Of this campaign of `group`, by its purge string.")
]
OlderThan = Annotated[
    str | None, typer.Option("--older-than", metavar="AGE|TIME", help="Such as 90m, 3d, yesterday, 2026-11-20T08:45.")
]
NewerThan = Annotated[str | None, typer.Option("--newer-than", metavar="AGE|TIME", help="The same.")]
AllMessages = Annotated[bool, typer.Option("--all", help="Every message (needs --everything too).")]
Everything = Annotated[bool, typer.Option("--everything", help="Permit a plan that leaves no message in the queue.")]
Explain = Annotated[
    bool, typer.Option("--explain", help="Count what no campaign and no suspect account explains (reads the logs).")
]
Drop = Annotated[
    bool,
    typer.Option("--drop", help="Delete the moved messages for good afterwards: for a full disk. The journal stays."),
]
WatchFor = Annotated[
    float | None,
    typer.Option("--watch", metavar="MINUTES", min=0, help="Go on with messages that arrive meanwhile."),
]
MaxMoves = Annotated[
    int | None,
    typer.Option("--max-moves", metavar="N", min=1, help="Move no more (default: 10 times the plan, at least 1,000)."),
]


def purge(
    strings: Strings = None,
    *,
    root: options.Root = None,
    queue: options.Queue = None,
    logs: options.Logs = None,
    accounts: options.Accounts = None,
    columns: options.Columns = None,
    timezone: options.Timezone = None,
    server: options.Server = None,
    any_string: AnyString = False,
    raw_only: options.RawOnly = False,
    regex: options.Regex = False,
    ignore_case: options.IgnoreCase = False,
    account: Account = None,
    sender: Sender = None,
    to_domain: ToDomain = None,
    campaign: CampaignId = None,
    older_than: OlderThan = None,
    newer_than: NewerThan = None,
    all_messages: AllMessages = False,
    everything: Everything = False,
    explain: Explain = False,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    quarantine: options.Quarantine = None,
    case: options.Case = None,
    drop: Drop = False,
    watch: WatchFor = None,
    max_moves: MaxMoves = None,
    jobs: options.Jobs = None,
    output_format: options.OutputFormat = options.Format.TEXT,
    output_file: options.OutputFile = None,
) -> None:
    """Move messages out of the queue into a quarantine, from which `restore` brings them back.

    Example: breachkit purge "pippo@gmail.com" --dry-run
    """
    from breachkit.cli.aside import make_yard
    from breachkit.cli.casebook import recorded
    from breachkit.cli.purging import Manner
    from breachkit.cli.purging import run_purge
    from breachkit.purge.needles import Texts
    from breachkit.reading.where import Asked
    from breachkit.reading.where import find_evidence

    texts = Texts(tuple(strings or ()), regex, ignore_case, any_string, raw_only)
    heads = Heads(account, sender, to_domain, campaign, older_than, newer_than, all_messages)
    manner = Manner(everything, explain, dry_run, yes, drop, watch, max_moves, jobs, output_format, output_file)
    _check(manner, texts, heads)
    with recorded(case) as outcome:
        where = find_evidence(Asked(root, queue, logs, accounts, columns, timezone, None, None, server))
        yard, wanted = make_yard(where, quarantine), _wanted(texts, heads, where)
        run_purge(yard, wanted, manner, _predicates(texts, heads), outcome)


class Heads(NamedTuple):
    """The predicates that are not STRINGs, as typed."""

    account: list[str] | None
    sender: list[str] | None
    to_domain: list[str] | None
    campaign: str | None
    older_than: str | None
    newer_than: str | None
    all_messages: bool

    def words(self) -> list[str]:
        """Spell them again."""
        listed = {"--account": self.account, "--from": self.sender, "--to-domain": self.to_domain}
        words = [word for option, names in listed.items() for name in names or () for word in (option, name)]
        named = {"--campaign": self.campaign, "--older-than": self.older_than, "--newer-than": self.newer_than}
        for option, text in named.items():
            words += [] if text is None else [option, text]
        return words + (["--all"] if self.all_messages else [])


def _check(manner: Manner, texts: Texts, heads: Heads) -> None:
    """Refuse a command line that cannot be meant, before anything is read. Raises UsageErrors."""
    from breachkit.errors import BlankStringError
    from breachkit.errors import ClashingOptionsError
    from breachkit.errors import NoPredicateError
    from breachkit.purge.needles import parse_needles

    parse_needles(texts)
    named = [*(heads.account or ()), *(heads.sender or ()), *(heads.to_domain or ())]
    named += [] if heads.campaign is None else [heads.campaign]
    if any(not name.strip() for name in named):
        raise BlankStringError
    if not texts.strings and not any(heads):
        raise NoPredicateError
    for option, is_given in (("--watch", manner.watch is not None), ("--drop", manner.drop)):
        if manner.dry_run and is_given:
            raise ClashingOptionsError("--dry-run", option)


def _wanted(texts: Texts, heads: Heads, where: Where) -> Wanted:
    from breachkit.purge.plan import Wanted

    now = datetime.now(UTC)
    string = ""
    if heads.campaign is not None:
        from breachkit.cli.explain import campaign_string

        string = campaign_string(where, heads.campaign.strip().lower())
    return Wanted(
        texts=texts,
        accounts=tuple(name.rpartition("\\")[2] for name in _names(heads.account)),  # DOMAIN\\user, as Windows has it
        senders=tuple(f"@{name}" if "@" not in name and "." in name else name for name in _names(heads.sender)),
        to_domains=tuple(name.rpartition("@")[2] for name in _names(heads.to_domain)),
        older_than=_moment("--older-than", heads.older_than, where.zone, now),
        newer_than=_moment("--newer-than", heads.newer_than, where.zone, now),
        campaign=string,
        is_all=heads.all_messages,
    )


def _names(typed: list[str] | None) -> tuple[str, ...]:
    """Spell names as a message has them: pasted from a log or a mail reader they have brackets and more around them.

    Raises BlankStringError.
    """
    from breachkit.detect.names import spelled
    from breachkit.errors import BlankStringError
    from breachkit.records import NULL_SENDER
    from breachkit.spelling import plain_address

    names = [NULL_SENDER if name.strip() == NULL_SENDER else spelled(plain_address(name)) for name in typed or ()]
    if not all(names):
        raise BlankStringError
    return tuple(names)


def _moment(option: str, text: str | None, zone: tzinfo, now: datetime) -> datetime | None:
    from breachkit.reading.moments import read_moment

    return None if text is None else read_moment(option, text, zone, now)


def _predicates(texts: Texts, heads: Heads) -> Predicates:
    from breachkit.cli.purging import Predicates

    flags = {
        "--regex": texts.is_regex,
        "--ignore-case": texts.ignore_case,
        "--any": texts.is_any,
        "--raw-only": texts.raw_only,
    }
    return Predicates(list(texts.strings), [*(flag for flag, is_set in flags.items() if is_set), *heads.words()])
