"""The options that several commands share, each declared once; options of one purpose reach a command as one value."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

if TYPE_CHECKING:
    from breachkit.evidence import where
    from breachkit.nodes import several

    Asked = where.Asked
    Several = several.Several
else:
    Asked = Several = object  # help is printed, and a wrong option answered, without the readers of evidence

PATIENCE = 30
"""Seconds for which a node without any worker is waited for; `Several` says why."""


Root = Annotated[
    Path | None,
    typer.Option(
        "--root",
        metavar="DIR",
        help="The mail server's folder, or a copy of its 'mail' and 'logs'. Else BREACHKIT_ROOT,"
        " breachkit.toml in this folder, or a default installation.",
    ),
]
Queue = Annotated[
    list[Path] | None,
    typer.Option("--queue", metavar="DIR", help="A queue folder, instead of those found (repeatable)."),
]
Logs = Annotated[
    list[Path] | None,
    typer.Option(
        "--logs", metavar="FILE|DIR|GLOB|-", help="SMTP logs, instead of those found (repeatable); - is piped in."
    ),
]
Accounts = Annotated[
    Path | None,
    typer.Option("--accounts", metavar="CSV", help="Export of the accounts, to resolve aliases (else users.csv)."),
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns", metavar="A,B,…", help="What the columns of --accounts hold, where breachkit cannot tell."
    ),
]
Timezone = Annotated[
    str | None,
    typer.Option(
        "--timezone",
        metavar="ZONE",
        help="Time zone of the server's logs: Europe/Rome, CET, +01:00 (default: this machine's).",
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="TIME|AGE", help="Leave out what is older: 2026-11-20T08:45, 20.11.2026, yesterday, 3d."
    ),
]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME|AGE", help="Leave out what is newer.")]
Server = Annotated[
    str | None,
    typer.Option("--server", metavar="NAME", help="The mail server's product, when recognition is wrong."),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", "-j", metavar="N", min=1, help="Processes to read with (default: one a processor)."),
]
Node = Annotated[
    list[str] | None,
    typer.Option(
        "--node", metavar="NAME=ROOT", help="A node and the folder of its evidence, instead of --root (repeatable)."
    ),
]
Partial = Annotated[
    list[Path] | None,
    typer.Option(
        "--partial",
        metavar="FILE",
        help="What 'breachkit read' wrote on a node, instead of evidence (repeatable; wants --key).",
    ),
]
Key = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="The key that the partial files were made with."),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="tls://HOST:PORT",
        help="The Dask scheduler whose workers read the nodes, each in place (wants --node).",
    ),
]
Certs = Annotated[
    Path | None,
    typer.Option(
        "--certs", metavar="DIR", help="The folder with the client's certificate, of 'breachkit cluster-certs'."
    ),
]
Wait = Annotated[
    float,
    typer.Option("--wait", min=1, metavar="SECONDS", help="How long a node without any worker is waited for."),
]
OutputFormat = Annotated[
    Literal["text", "json"], typer.Option("--format", help="Text for people, or JSON by the contract.")
]
OutputFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write there instead of to stdout, once all is done."),
]
FailOnFindings = Annotated[
    bool,
    typer.Option("--fail-on-findings", help="Exit with 10 when there are findings."),
]
MaxMinutes = Annotated[
    float,
    typer.Option("--max-minutes", min=0, metavar="N", help="How long hashed passwords may be tried."),
]
ShowPasswords = Annotated[
    bool,
    typer.Option("--show-passwords", help="Show decoded passwords (text on a terminal only)."),
]
Quarantine = Annotated[
    Path | None,
    typer.Option("--quarantine", metavar="DIR", help="The folder of runs (default: beside the topmost queue folder)."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Show the plan only.")]
RawOnly = Annotated[bool, typer.Option("--raw-only", help="Search the files' bytes only, as grep -F does.")]
IgnoreCase = Annotated[bool, typer.Option("--ignore-case", "-i", help="Let upper and lower case be the same.")]
Regex = Annotated[bool, typer.Option("--regex", "-E", help="Take each STRING as a regular expression.")]
Case = Annotated[
    Path | None,
    typer.Option("--case", metavar="CASE", help="Write this command into the custody.jsonl of a case."),
]


class Output(NamedTuple):
    """What a command writes, and where to."""

    output_format: str = "text"
    output_file: Path | None = None
    fail_on_findings: bool = False

    @property
    def is_json(self) -> bool:
        """True for JSON by the contract."""
        return self.output_format == "json"

    @property
    def is_on_screen(self) -> bool:
        """True for text that goes to stdout, where a plan can be read before it is executed."""
        return not self.is_json and self.output_file in {None, Path("-")}


class OptionGroup(NamedTuple):
    """Options that a command takes as one value: how it is made of them; annotation and default of each."""

    make: Callable[..., object]
    options: Mapping[str, tuple[Any, object]]


_EVIDENCE = {
    "root": Root,
    "queue": Queue,
    "logs": Logs,
    "accounts": Accounts,
    "columns": Columns,
    "timezone": Timezone,
    "since": Since,
    "until": Until,
    "server": Server,
}


def _asked(**typed: Any) -> object:
    from breachkit.evidence.where import Asked as Made  # not for help

    return Made(**typed)


def _several(**typed: Any) -> object:
    if not any(value for name, value in typed.items() if name != "wait"):
        return None
    from breachkit.nodes.several import Several as Made  # not for help

    return Made(**typed)


def evidence(*without: str) -> OptionGroup:
    """Group the options that name the evidence as one `Asked`, without the ones that a command does not use."""
    return OptionGroup(_asked, {name: (option, None) for name, option in _EVIDENCE.items() if name not in without})


QUEUES = evidence("logs", "accounts", "columns", "since", "until")
"""The evidence of a command that needs no more than the queues."""
SEVERAL = OptionGroup(
    _several,
    {
        "node": (Node, None),
        "partial": (Partial, None),
        "key": (Key, None),
        "scheduler": (Scheduler, None),
        "certs": (Certs, None),
        "wait": (Wait, PATIENCE),
    },
)
"""The nodes, as one `Several`; None where no node was named."""
PRODUCT = OptionGroup(Output, {"output_format": (OutputFormat, "text"), "output_file": (OutputFile, None)})
FINDINGS = OptionGroup(Output, {**PRODUCT.options, "fail_on_findings": (FailOnFindings, False)})
"""The product of a command that may exit with 10."""


TITLES = {
    **dict.fromkeys([*_EVIDENCE, "jobs"], "Where the evidence is"),
    **dict.fromkeys(SEVERAL.options, "Several nodes, one answer"),
    **dict.fromkeys(FINDINGS.options, "Output"),
}
"""The sections of a command's help below its own options, by the parameter that stands in each."""


def grouped(**groups: OptionGroup) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of groups, each group handed to it as the one parameter of that name."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command, eval_str=True)
        own = [one.replace(kind=one.KEYWORD_ONLY) for one in signature.parameters.values() if one.name not in groups]
        shared = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
            for group in groups.values()
            for name, (annotation, default) in group.options.items()
        ]

        def called(**typed: Any) -> None:
            made = {
                name: group.make(**{option: typed.pop(option) for option in group.options})
                for name, group in groups.items()
            }
            command(**typed, **made)

        called.__signature__ = signature.replace(parameters=[*own, *shared])  # type: ignore[attr-defined]
        called.__annotations__ = {one.name: one.annotation for one in [*own, *shared]}
        called.__name__, called.__doc__, called.__module__ = command.__name__, command.__doc__, command.__module__
        return called

    return decorate
