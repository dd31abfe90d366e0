"""Arguments → one call → a report; one file for each command, imported when it is called.

What `--help` lists stands here, so that it loads none of them.
"""

from __future__ import annotations

import errno
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from breachkit import __version__
from breachkit.cli.output import give_up_stdout, note, prepare_streams, stdout_sentence
from breachkit.errors import BreachkitError

if TYPE_CHECKING:
    from collections.abc import Callable

INTERRUPTED = 130
"""What typer makes of Ctrl-C."""
NO_MEMORY = (
    "there is not enough memory for this, and the run ended early (what a purge had moved is in its journal); close"
    " other programs, read less with --since, --queue or --logs, or use --jobs 1"
)
_FULL_OR_CLOSED = frozenset(
    {None, errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG, errno.EIO, errno.EBADF}
)
"""Why a stream cannot be written; None: it is not open for writing."""
SUMMARIES = {
    "doctor": "Say which evidence is there and which is missing, and print the lines that collect it.",
    "investigate": "Investigate all there is in one go, and leave a case: report, timeline, indicators, inputs and"
    " custody.",
    "scan": "Show what is in the outgoing queues, and the symptoms of a break-in.",
    "group": "Group the queue into spam campaigns, and name the string to purge each one by.",
    "find-account": "Name the account that sends the spam, how it was entered, from where, and what else was touched.",
    "trace": "Show the SMTP sessions of a message, an account or an address, AUTH decoded, passwords masked.",
    "show": "Show one message of the queue as its reader sees it, who sent it, and its session; harmless on a"
    " terminal.",
    "weak-passwords": "Find the accounts whose password can be guessed; passwords are compared and never shown.",
    "harden": "Compare the server's settings with the vendor's guides, and print the line that mends each.",
    "contain": "Print the steps that contain a compromised account, in order; nothing is run.",
    "purge": "Move messages out of the queue into a quarantine, from which `restore` brings them back.",
    "restore": "Put quarantined messages back where they were: the server will send them.",
    "verify": "Check that the incident is closed: queue, attackers, password, what was left behind, settings,"
    " delivery.",
    "cluster-certs": "Make the certificates that a cluster of nodes needs: an authority, a scheduler, workers, a"
    " client.",
    "cluster-check": "Say which nodes answer, which breachkit each has, and what evidence each sees; nothing is read.",
    "read": "Read the evidence of a node into one file, for an answer over several nodes elsewhere.",
    "quarantine": "List, show, verify or drop what purges have moved away.",
    "docs": "Print what to know about a topic, without a network; alone it lists the topics.",
}
"""Each command, and the first line of its help (a test holds the two against each other), in the order of an incident.
"""


def make_app(**settings: Any) -> typer.Typer:
    """Make a command line without rich: it costs 65 ms a start, and its markup is a hole for evidence."""
    return typer.Typer(
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,  # locals hold passwords
        context_settings={"help_option_names": ["-h", "--help"]},
        **settings,
    )


class Command(TyperCommand):
    """A command whose help groups its options by purpose, the shared ones last."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, the command's own options, then each group of shared ones."""
        from breachkit.cli.options import TITLES  # the list of commands needs none

        sections: dict[str, list[tuple[str, str]]] = {title: [] for title in ("Arguments", "Options", *TITLES.values())}
        order = [*TITLES]
        shared_last = sorted(self.get_params(ctx), key=lambda one: order.index(one.name) if one.name in TITLES else -1)
        for parameter in shared_last:
            record = parameter.get_help_record(ctx)
            is_argument = parameter.param_type_name == "argument"
            if record is not None:
                title = "Arguments" if is_argument else TITLES.get(parameter.name or "", "Options")
                sections[title].append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def callback_of(name: str) -> Callable[..., object]:
    """Import the function of a command, or the group of commands of that name."""
    word = name.replace("-", "_")
    module = "cluster" if name.startswith("cluster-") else word
    found: Callable[..., object] = getattr(import_module(f"breachkit.cli.{module}"), word)
    return found


class Commands(TyperGroup):
    """The group of all commands."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands: dict[str, Any] = dict.fromkeys(SUMMARIES)

    def get_command(self, _ctx: Any, name: str) -> Any:
        """Make a command when it is asked for; None where there is none of that name."""
        if self.commands.get(name) is None and name in SUMMARIES:
            self.commands[name] = _load(name)
        return self.commands.get(name)

    def format_commands(self, _ctx: Any, formatter: Any) -> None:
        """Write the list of commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([*SUMMARIES.items()])


def _load(name: str) -> Any:
    found = callback_of(name)
    if isinstance(found, typer.Typer):
        group = typer.main.get_group(found)
        group.name = name
        return group
    alone = make_app(add_completion=False)
    alone.command(name, cls=Command)(found)
    return typer.main.get_command(alone)


app = make_app(
    name="breachkit",
    cls=Commands,
    help="From an exploding mail queue to the compromised account, with the evidence kept.",
    no_args_is_help=True,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"breachkit {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """From an exploding mail queue to the compromised account, with the evidence kept."""


def run() -> int:
    """Run the command line and return its exit code; a sentence that ends a run is printed here, once."""
    prepare_streams()
    try:
        app(prog_name="breachkit")
    except SystemExit as end:
        if end.code == INTERRUPTED:
            note("breachkit: stopped by Ctrl-C; nothing was written")
            return 1
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BreachkitError as error:
        note(f"breachkit: {error}")
        return error.exit_code
    except MemoryError:
        note(f"breachkit: {NO_MEMORY}")
        return 1
    except OSError as error:  # typer prints help itself, and only what is opened by a name has one
        if error.filename is not None or error.errno not in _FULL_OR_CLOSED:
            raise
        give_up_stdout()
        note(f"breachkit: {stdout_sentence(error)}")
        return 1
    return 0
