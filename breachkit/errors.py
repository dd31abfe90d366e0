"""What breachkit says when it cannot go on.

A `BreachkitError` is raised with its sentence, where the trouble is; the sentence ends with what to do next. It is
caught once, in `cli`, and printed as one line on stderr, with exit code 1 (2 where the command line itself is wrong).
A class of its own stands here only where several rooms say the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from breachkit.shells import is_safe

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime
    from os import PathLike


class BreachkitError(Exception):
    """Root of all sentences that end a run; nothing was changed unless the sentence says so."""

    exit_code: ClassVar[int] = 1


class UsageError(BreachkitError):
    """Root of the sentences that say the command line itself is wrong."""

    exit_code: ClassVar[int] = 2


class PathUnreadableError(BreachkitError):
    """A path the user named cannot be listed or opened."""

    def __init__(self, path: PathLike[str] | str, reason: str) -> None:
        advice = "run as Administrator (root), or copy the evidence first"
        if reason.startswith("it is no "):  # whatever rights one has, a folder or a FIFO is no file
            advice = f"name a {reason.removeprefix('it is no ')}"
        super().__init__(f"{path} cannot be read ({reason}); {advice}")


class NoQueueError(BreachkitError):
    """The command needs a queue and none was found."""

    def __init__(self, where: PathLike[str] | str, looked_for: str) -> None:
        super().__init__(f"no queue found in {where}: looked for {looked_for}; name it with --queue DIR")


class NoStandardInputError(UsageError):
    """`--logs -` was asked for, and nothing comes in."""

    def __init__(self) -> None:
        super().__init__(
            "--logs - reads a log from standard input, and nothing is piped in; pipe it in, or name a file"
        )


class UnknownTimezoneError(UsageError):
    """--timezone is no time zone."""

    def __init__(self, name: str) -> None:
        super().__init__(f"unknown time zone '{name}'; use a name such as Europe/Rome or UTC, or the offset: +01:00")


class BadTimeError(UsageError):
    """An option wants a time, or an age, and has neither."""

    def __init__(self, option: str, text: str) -> None:
        super().__init__(
            f"{option} '{text}' is no time and no age; write 2026-11-20, 2026-11-20T08:45, 20.11.2026 or yesterday, or"
            " an age: 90m, 12h, 3d",
        )


class TwoDaysError(UsageError):
    """A date may be two days."""

    def __init__(self, option: str, text: str, one: datetime, other: datetime) -> None:
        super().__init__(f"{option} '{text}' may be two days; write {one:%Y-%m-%d} or {other:%Y-%m-%d}")


class UnknownColumnsError(BreachkitError):
    """The columns of an accounts file cannot be told."""

    def __init__(self, path: PathLike[str] | str, kinds: Iterable[str] = ()) -> None:
        shown = ", ".join(kinds)
        super().__init__(
            f"the columns of {path} cannot be told; name them in order with --columns, for example"
            " --columns address,type,disabled,username,alias,password"
            + (f" (its first row holds: {shown})" if shown else ""),
        )


class NotATableError(BreachkitError):
    """A file of accounts or settings is no text."""

    def __init__(self, path: PathLike[str] | str, what: str) -> None:
        super().__init__(f"{path} is {what}, not a table of text; export it again, or save it as CSV")


class HibpError(BreachkitError):
    """--hibp names no list of breached passwords."""

    def __init__(self, path: PathLike[str] | str) -> None:
        super().__init__(
            f"--hibp {path} holds no Pwned Passwords; it takes a folder of range files (ABCDE.txt with SUFFIX:COUNT)"
            " or one file of SHA1:COUNT sorted by hash",
        )


class UnbalancedError(BreachkitError):
    """The books do not balance: a defect of breachkit, said loudly."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"the books do not balance ({left}, but {right}): please report this; do not rely on this run")


class BlankStringError(UsageError):
    """A STRING to purge by is empty or blank."""

    def __init__(self) -> None:
        super().__init__("an empty STRING would take every message; name the text to look for, or --everything --all")


class NoAddressError(UsageError):
    """A name to purge by is no address."""

    def __init__(self, option: str, text: str) -> None:
        super().__init__(f"{option} '{text}' is no address; write user@example.it, and {option} once for each")


class WildcardError(UsageError):
    """A name to purge by has a wildcard in it."""

    def __init__(self, option: str, text: str, domain: str) -> None:
        meant = (
            f"name the domain alone: {option} {domain}"
            if option == "--to-domain"
            else (f"--from @{domain} takes what is declared as from that domain" if domain else "name each by itself")
        )
        super().__init__(f"{option} '{text}': there are no wildcards here; {meant}")


class UnknownNameError(BreachkitError):
    """A name to purge by stands nowhere in the evidence."""

    def __init__(self, option: str, name: str, nearest: Iterable[str]) -> None:
        near = ", ".join(nearest)
        what = "the nearest: " + near if near else "'breachkit scan' lists those that do"
        super().__init__(
            f"nothing was moved: {option} '{name}' stands in no message of queue or quarantine, and in no export of"
            f" accounts; {what}",
        )


class NoPredicateError(UsageError):
    """Nothing says which messages to take."""

    def __init__(self) -> None:
        super().__init__(
            "nothing says which messages to take; name a STRING, --account, --from, --to-domain, --campaign,"
            " --older-than or --newer-than (--everything --all empties the queue)",
        )


class BadPatternError(UsageError):
    """A pattern given with --regex is none."""

    def __init__(self, pattern: str, reason: str) -> None:
        super().__init__(f"--regex '{pattern}' is no pattern ({reason}); leave --regex out to look for the text itself")


class WeakCampaignError(BreachkitError):
    """All that the messages of a campaign share belongs to many."""

    def __init__(self, campaign: str) -> None:
        super().__init__(
            f"nothing was moved: all that the messages of campaign {campaign} share belongs to many owners, and a purge"
            " by it would take other mail too; name the account with --account, and a STRING of your own beside it",
        )


class CampaignGoneError(BreachkitError):
    """No campaign of the queue has that id or number now."""

    def __init__(self, wanted: str, known: Collection[str], command: str) -> None:
        ids = ", ".join(known) or "none"
        kind = "number" if len(wanted) < min(map(len, known), default=0) else "id"
        super().__init__(
            f"nothing was moved: no campaign has the {kind} '{wanted}' now (there are: {ids}); look again with:"
            f" {command}",
        )


class ClashingOptionsError(UsageError):
    """Two options of one command cannot both be meant."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} and {other} cannot both be meant; leave one of them out")


class LonelyOptionError(UsageError):
    """An option says something only together with another."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} goes with {other}; leave it out, or name both")


class TakesEverythingError(BreachkitError):
    """The plan would empty the queue and nobody permitted that."""

    def __init__(self, messages: int) -> None:
        super().__init__(
            f"nothing was moved: the plan takes every message of the queue ({messages:,} of {messages:,}); name a"
            " narrower STRING, or add --everything if that is meant",
        )


class TooManyMovesError(BreachkitError):
    """The plan is larger than the user's own limit."""

    def __init__(self, planned: int, limit: int) -> None:
        super().__init__(
            f"nothing was moved: the plan takes {planned:,} messages and --max-moves allows {limit:,};"
            " raise it, or name a narrower STRING",
        )


class NobodyToAskError(BreachkitError):
    """A change needs a yes, and there is no terminal to ask on."""

    def __init__(self, verb: str) -> None:
        super().__init__(f"nothing was {verb}: there is no terminal to ask on; add --yes once the plan is right")


class DeclinedError(BreachkitError):
    """The user did not say yes."""

    def __init__(self, verb: str) -> None:
        super().__init__(f"nothing was {verb}: you did not say yes; run it again when the plan is right")


class QueueOutsideError(BreachkitError):
    """A queue that the evidence puts outside the root is not to be touched."""

    def __init__(self, path: PathLike[str] | str, named_by: str) -> None:
        super().__init__(
            f"nothing was moved: {path} lies outside the root ({named_by}) and may be the live queue; if it is meant,"
            f" name {f'it with --queue {path}' if is_safe(str(path)) else 'that folder with --queue'}",
        )


class QuarantineInQueueError(BreachkitError):
    """The quarantine would lie where the server delivers from."""

    def __init__(self, path: PathLike[str] | str) -> None:
        super().__init__(
            f"nothing was moved: {path} lies in a queue folder, and the server would deliver what is put there;"
            " name a folder elsewhere with --quarantine DIR",
        )


class QuarantineLinkError(BreachkitError):
    """The quarantine's place is taken by a link or a file."""

    def __init__(self, path: PathLike[str] | str) -> None:
        super().__init__(
            f"nothing was moved: {path} is a link or no folder; remove it, or name another with --quarantine DIR"
        )


class QuarantineUnwritableError(BreachkitError):
    """The quarantine cannot be made or its journal not be written."""

    def __init__(self, path: PathLike[str] | str, reason: str) -> None:
        super().__init__(
            f"{path} cannot be written ({reason}), so nothing more was moved; run as Administrator (root), or name"
            " another folder with --quarantine DIR",
        )


class DiskFullError(BreachkitError):
    """There is no room for the journal or for a copy."""

    def __init__(self, path: PathLike[str] | str, moved: int, verb: str) -> None:
        done = f"{moved:,} messages were {verb}, all journalled" if moved else f"nothing was {verb}"
        super().__init__(
            f"the disk of {path} is full: {done}, nothing is lost; free some space ('breachkit quarantine drop RUN'"
            " frees what earlier runs hold), or name a folder on another disk with --quarantine DIR",
        )


class StoppedError(BreachkitError):
    """Ctrl-C: the batch in hand was finished, the rest left."""

    def __init__(
        self, moved: int, planned: int, verb: str, following: str, undo: str = "", journals: Iterable[str] = ()
    ) -> None:
        for_the_notes = "".join(f"; {journal}" for journal in journals)
        back = f"; to undo: {undo}" if undo else ""
        super().__init__(
            f"stopped: {moved:,} of {planned:,} messages were {verb} and journalled, the others left"
            f" alone{for_the_notes}; next: {following}{back}",
        )


class JournalBrokenError(BreachkitError):
    """The hash chain of a journal does not hold."""

    def __init__(self, path: PathLike[str] | str, line: int, reason: str) -> None:
        super().__init__(
            f"{path} line {line}: {reason}, so the journal was changed after it was written, and nothing was touched;"
            " compare it with a copy or with the SHA-256 in your notes",
        )


class NoSuchRunError(BreachkitError):
    """There is no quarantine of that name beside these queues."""

    def __init__(self, run: str, known: Iterable[str]) -> None:
        names = ", ".join(known) or "none"
        super().__init__(
            f"no run '{run}' in the quarantine of these queues (there: {names}); name the same --root or --queue as"
            " for the purge, and --quarantine DIR if it was given",
        )


class SeveralRunsError(UsageError):
    """Several runs hold messages and none was named."""

    def __init__(self, runs: Iterable[str]) -> None:
        super().__init__(f"several runs hold messages: {', '.join(runs)}; name one of them, or --all")


class RunBusyError(BreachkitError):
    """Another process works on the same run."""

    def __init__(self, run: str) -> None:
        super().__init__(f"another breachkit works on run {run} just now; wait until it has ended")
