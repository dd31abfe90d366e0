"""`breachkit purge`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from breachkit.cli import options, output
from breachkit.cli.output import BOOK

if TYPE_CHECKING:
    from datetime import tzinfo

    from breachkit.cli.purging import PurgeOptions
    from breachkit.evidence.where import Where
    from breachkit.purge.needles import SoughtTexts
    from breachkit.purge.plan import Predicates

_IN_ANGLES = re.compile(r"<([^<>]*)>")
_WRAPPING = " \t'\"()[];,"
_WILD = re.compile(r"[*%]+@|[*]|^@")

Strings = Annotated[
    list[str] | None,
    typer.Argument(metavar="STRING…", help="Text that a message must hold; several must all stand in it."),
]
AnyString = Annotated[bool, typer.Option("--any", help="Let any one of several STRINGs do.")]
Account = Annotated[list[str] | None, typer.Option("--account", metavar="ADDR", help="Sent by this account.")]
Sender = Annotated[
    list[str] | None, typer.Option("--from", metavar="ADDR", help="With this declared From, or @DOMAIN of it.")
]
ToDomain = Annotated[
    list[str] | None, typer.Option("--to-domain", metavar="DOMAIN", help="With a recipient in this domain.")
]
CampaignId = Annotated[
    str | None,
    typer.Option("--campaign", metavar="ID|N", help="Of this campaign of `group`, by its id or number there."),
]
Least = Annotated[
    int | None,
    typer.Option("--min-messages", min=2, metavar="N", help="With --campaign: the same as for `group`."),
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
Bounces = Annotated[
    bool, typer.Option("--bounces", help="And the bounces that these messages caused, by the ids in the logs.")
]
Hold = Annotated[
    bool,
    typer.Option("--hold", help="Put them on hold in the queue (Postfix), or print the lines that do (Exim)."),
]
WatchFor = Annotated[
    float | None,
    typer.Option("--watch", metavar="MINUTES", min=0, help="Go on with messages that arrive meanwhile."),
]
MaxMoves = Annotated[
    int | None,
    typer.Option("--max-moves", metavar="N", min=1, help="Move no more (default: 10 times the plan, at least 1,000)."),
]


@options.grouped(asked=options.evidence("since", "until"), product=options.PRODUCT)
def purge(
    strings: Strings = None,
    *,
    asked: options.Asked,
    product: options.Output,
    any_string: AnyString = False,
    raw_only: options.RawOnly = False,
    regex: options.Regex = False,
    ignore_case: options.IgnoreCase = False,
    account: Account = None,
    sender: Sender = None,
    to_domain: ToDomain = None,
    campaign: CampaignId = None,
    min_messages: Least = None,
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
    hold: Hold = False,
    bounces: Bounces = False,
    watch: WatchFor = None,
    max_moves: MaxMoves = None,
    jobs: options.Jobs = None,
) -> None:
    """Move messages out of the queue into a quarantine, from which `restore` brings them back.

    Example: breachkit purge "pippo@gmail.com" --dry-run
    """
    from breachkit.cli.output import recorded
    from breachkit.cli.purging import PurgeOptions, run_purge
    from breachkit.errors import UsageError
    from breachkit.evidence.where import find_evidence
    from breachkit.purge.needles import SoughtTexts
    from breachkit.purge.reach import reach_of

    texts = SoughtTexts(tuple(strings or ()), regex, ignore_case, any_string, raw_only)
    names = _names("--account", account), _names("--from", sender), _names("--to-domain", to_domain)
    heads = Heads(*names, campaign, older_than, newer_than, all_messages, min_messages)
    chosen = PurgeOptions(everything, explain, dry_run, yes, drop, hold, watch, max_moves, jobs, product)
    _check(chosen, texts, heads)
    if bounces and watch is not None:
        raise UsageError("--bounces looks into the logs once, so it cannot go with --watch; leave one of them out")
    with recorded(case) as outcome:
        where = find_evidence(asked)
        output.check(product.output_file, where, quarantine, case and case / BOOK)
        reach = reach_of(where, quarantine)
        wanted, named = _wanted(texts, heads, where)
        wanted = wanted._replace(with_bounces=bounces)
        more = {"--bounces": bounces, "--hold": hold}
        words = [*texts.words(), *named.words(), *(option for option, is_set in more.items() if is_set)]
        run_purge(reach, wanted, chosen, words, outcome)


class Heads(NamedTuple):
    """The predicates that are not STRINGs; names are as a message has them, the others as typed."""

    account: list[str]
    sender: list[str]
    to_domain: list[str]
    campaign: str | None
    older_than: str | None
    newer_than: str | None
    all_messages: bool
    least: int | None = None
    """Messages of the smallest campaign, the same as for `group`."""

    def words(self) -> list[str]:
        """Spell them again."""
        listed = {"--account": self.account, "--from": self.sender, "--to-domain": self.to_domain}
        words = [word for option, names in listed.items() for name in names for word in (option, name)]
        named = {"--campaign": self.campaign, "--older-than": self.older_than, "--newer-than": self.newer_than}
        for option, text in named.items():
            words += [] if text is None else [option, text]
        words += [] if self.least is None else ["--min-messages", str(self.least)]
        return words + (["--all"] if self.all_messages else [])


def _check(chosen: PurgeOptions, texts: SoughtTexts, heads: Heads) -> None:
    """Refuse a command line that cannot be meant, before anything is read. Raises UsageErrors."""
    from breachkit.errors import UsageError
    from breachkit.purge.needles import BLANK, parse_needles
    from breachkit.purge.plan import NO_PREDICATE

    parse_needles(texts)
    if heads.campaign is not None and not heads.campaign.strip():
        raise UsageError(BLANK)
    if not texts.strings and not any(heads._replace(least=None)):
        raise UsageError(NO_PREDICATE)
    if heads.least is not None and heads.campaign is None:
        raise UsageError("--min-messages goes with --campaign; leave it out, or name both")
    for option, is_given in (("--watch", chosen.watch is not None), ("--drop", chosen.drop)):
        if chosen.dry_run and is_given:
            raise UsageError(f"--dry-run and {option} cannot both be meant; leave one of them out")
    if chosen.hold and chosen.drop:
        raise UsageError("--hold keeps messages and --drop deletes them; leave one of them out")


def _wanted(texts: SoughtTexts, heads: Heads, where: Where) -> tuple[Predicates, Heads]:
    """Make the predicates; returns them spelled too, a campaign by its id: numbers change as the queue does."""
    from breachkit.purge.plan import Predicates

    now = datetime.now(UTC)
    string = ""
    if heads.campaign is not None:
        from breachkit.cli.explain import find_campaign

        named, string = find_campaign(where, heads.campaign.strip().lower(), heads.least)
        heads = heads._replace(campaign=named)
    wanted = Predicates(
        texts=texts,
        accounts=tuple(heads.account),
        senders=tuple(heads.sender),
        to_domains=tuple(heads.to_domain),
        older_than=_moment("--older-than", heads.older_than, where.zone, now),
        newer_than=_moment("--newer-than", heads.newer_than, where.zone, now),
        campaign=string,
        is_all=heads.all_messages,
    )
    return wanted, heads


def _names(option: str, typed: list[str] | None) -> list[str]:
    """Read names as they are pasted. Raises UsageError."""
    return [_name(option, name) for name in typed or ()]


def _name(option: str, typed: str) -> str:
    """Take a name as it is pasted from a log or a mail reader: `<user@x>`, `Name <a@b>`, `mailto:a@b`.

    Raises UsageError.
    """
    from breachkit.errors import UsageError
    from breachkit.purge.needles import BLANK

    if not typed.strip():
        raise UsageError(BLANK)
    no_address = f"{option} '{typed}' is no address; write user@example.it, and {option} once for each"
    inner = _IN_ANGLES.findall(typed)
    if len(inner) > 1:
        raise UsageError(no_address)
    name = (inner[0] if inner else typed).strip(_WRAPPING).lower().removeprefix("mailto:")
    if option == "--to-domain":
        name = name.rpartition("@")[2]
    is_domain = option == "--from" and name.startswith("@") and "*" not in name
    if not is_domain and _WILD.search(name):
        domain = name.rpartition("@")[2].lstrip("*.")
        meant = f"--from @{domain} takes what is declared as from that domain" if domain else "name each by itself"
        if option == "--to-domain":
            meant = f"name the domain alone: {option} {domain}"
        raise UsageError(f"{option} '{typed}': there are no wildcards here; {meant}")
    if not name or ("@" in name and any(sign.isspace() for sign in name)):
        raise UsageError(no_address)
    return name


def _moment(option: str, text: str | None, zone: tzinfo, now: datetime) -> datetime | None:
    from breachkit.evidence.moments import read_moment

    return None if text is None else read_moment(option, text, zone, now)
