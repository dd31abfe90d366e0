"""The commands, each imported when it is called: what `--help` lists stands here, so that it loads none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class Entry(NamedTuple):
    """Where a command is, and the first line of its help (a test holds the two against each other)."""

    place: str
    summary: str


ENTRIES = {
    "investigate": Entry(
        "investigate:investigate",
        "Investigate all there is in one go, and leave a case: report, timeline, indicators, inputs and custody.",
    ),
    "scan": Entry("scan:scan", "Show what is in the outgoing queues, and the symptoms of a break-in."),
    "group": Entry("group:group", "Group the queue into spam campaigns, and name the string to purge each one by."),
    "find-account": Entry(
        "find_account:find_account",
        "Name the account that sends the spam, how it was entered, from where, and what else was touched.",
    ),
    "trace": Entry(
        "trace:trace", "Show the SMTP sessions of a message, an account or an address, AUTH decoded, passwords masked."
    ),
    "show": Entry(
        "show:show",
        "Show one message of the queue as its reader sees it, who sent it, and its session; harmless on a terminal.",
    ),
    "weak-passwords": Entry(
        "weak_passwords:weak_passwords",
        "Find the accounts whose password can be guessed; passwords are compared and never shown.",
    ),
    "harden": Entry(
        "harden:harden", "Hold the server's settings against the vendor's guides, with the line that mends each."
    ),
    "contain": Entry(
        "contain:contain", "Print the steps that contain a compromised account, in order; nothing is run."
    ),
    "purge": Entry(
        "purge:purge", "Move messages out of the queue into a quarantine, from which `restore` brings them back."
    ),
    "restore": Entry("restore:restore", "Put quarantined messages back where they were: the server will send them."),
    "cluster-certs": Entry(
        "cluster_certs:cluster_certs",
        "Make the certificates that a cluster of nodes needs: an authority, a scheduler, workers, a client.",
    ),
    "cluster-check": Entry(
        "cluster_check:cluster_check",
        "Say which nodes answer, which breachkit each has, and what evidence each sees; nothing is read.",
    ),
    "read": Entry(
        "read:read", "Read the evidence of a node into one file, for an answer over several nodes elsewhere."
    ),
    "quarantine": Entry("quarantine:quarantine", "List, show, verify or drop what purges have moved away."),
    "docs": Entry("docs:docs", "Print what to know about a topic, without a network; alone it lists the topics."),
}


def make_app(**settings: object) -> typer.Typer:
    """Make a command line without rich: it costs 65 ms a start, and its markup is a hole for evidence."""
    return typer.Typer(
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,  # locals hold passwords
        context_settings={"help_option_names": ["-h", "--help"]},
        **settings,  # type: ignore[arg-type]
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


class _Commands(Mapping[str, Any]):
    """The commands by name; each is made when it is asked for."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = _load(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(ENTRIES)

    def __len__(self) -> int:
        return len(ENTRIES)


def _load(name: str) -> Any:
    found = callback_of(name)
    if isinstance(found, typer.Typer):
        group = typer.main.get_group(found)
        group.name = name
        return group
    alone = make_app(add_completion=False)
    alone.command(name, cls=Command)(found)
    return typer.main.get_command(alone)


def callback_of(name: str) -> Callable[..., object]:
    """Import the function of a command, or the group of commands of that name."""
    module, _, attribute = ENTRIES[name].place.partition(":")
    found: Callable[..., object] = getattr(import_module(f"breachkit.cli.{module}"), attribute)
    return found


class Commands(TyperGroup):
    """The group of all commands."""

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]
        self.commands = _Commands()  # type: ignore[assignment]

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  typer's signature
        """List the names, in the order of an incident."""
        return list(ENTRIES)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  typer's signature
        """Write the list of commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in ENTRIES.items()])
