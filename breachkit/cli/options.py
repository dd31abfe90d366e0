"""Every option that several commands share, declared once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from breachkit.report.blocklist import BlockList

EVIDENCE = "Where the evidence is"
NODES = "Several nodes, one answer"

PATIENCE = 30
"""Seconds for which a node may be without a worker: Dask's nanny needs a few to start another."""
OUTPUT = "Output"


class Format(StrEnum):
    """What a command writes."""

    TEXT = "text"
    JSON = "json"


class CaseFormat(StrEnum):
    """What `investigate` writes to stdout."""

    TEXT = "text"
    JSON = "json"
    ECS = "ecs"


class Reader(StrEnum):
    """Whom a page of a case is written for."""

    RESPONDER = "responder"
    OWNER = "owner"
    AUTHORITY = "authority"


class Language(StrEnum):
    """What a case is written in."""

    ENGLISH = "en"
    ITALIAN = "it"


class By(StrEnum):
    """What messages of one group share."""

    CONTENT = "content"
    LOCAL_SENDER = "local-sender"
    FROM = "from"
    SUBJECT = "subject"
    URL = "url"


Root = Annotated[
    Path | None,
    typer.Option(
        "--root",
        metavar="DIR",
        help="The mail server's folder, or a copy of its 'mail' and 'logs'. Else BREACHKIT_ROOT,"
        " breachkit.toml in this folder, or a default installation.",
        rich_help_panel=EVIDENCE,
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
    typer.Option("--columns", metavar="A,B,…", help="What the columns of --accounts hold, when they cannot be told."),
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
        "--node",
        metavar="NAME=ROOT",
        help="A node and the folder of its evidence, instead of --root (repeatable).",
        rich_help_panel=NODES,
    ),
]
Partial = Annotated[
    list[Path] | None,
    typer.Option(
        "--partial",
        metavar="FILE",
        help="What 'breachkit read' wrote on a node, instead of evidence (repeatable; wants --key).",
        rich_help_panel=NODES,
    ),
]
Key = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="The key that the partial files were made with.", rich_help_panel=NODES),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="tls://HOST:PORT",
        help="The Dask scheduler whose workers read the nodes, each in place (wants --node).",
        rich_help_panel=NODES,
    ),
]
Certs = Annotated[
    Path | None,
    typer.Option(
        "--certs",
        metavar="DIR",
        help="The folder with the client's certificate, of 'breachkit cluster-certs'.",
        rich_help_panel=NODES,
    ),
]
Wait = Annotated[
    float,
    typer.Option(
        "--wait",
        min=1,
        metavar="SECONDS",
        help="How long a node without any worker is waited for.",
        rich_help_panel=NODES,
    ),
]
OutputFormat = Annotated[Format, typer.Option("--format", help="Text for people, or JSON by the contract.")]
OutputFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write there instead of to stdout, once all is done."),
]
FailOnFindings = Annotated[
    bool,
    typer.Option("--fail-on-findings", help="Exit with 10 when there are findings."),
]
Policy = Annotated[
    Path | None,
    typer.Option("--policy", metavar="SETTINGS", help="Settings whose password policy passwords are held against."),
]
MinLength = Annotated[int, typer.Option("--min-length", min=0, metavar="N", help="Fewest characters.")]
MinDigits = Annotated[int, typer.Option("--min-digits", min=0, metavar="N", help="Fewest digits.")]
MinSigns = Annotated[int, typer.Option("--min-signs", min=0, metavar="N", help="Fewest neither letter nor digit.")]
MinLetters = Annotated[int, typer.Option("--min-letters", min=0, metavar="N", help="Fewest letters.")]
MinCapitals = Annotated[int, typer.Option("--min-capitals", min=0, metavar="N", help="Fewest capital letters.")]
Hibp = Annotated[
    Path | None,
    typer.Option("--hibp", metavar="DIR|FILE", help="Pwned Passwords, downloaded: range files, or SHA1:COUNT sorted."),
]
MaxMinutes = Annotated[
    float,
    typer.Option("--max-minutes", min=0, metavar="N", help="How long hashed passwords may be tried."),
]
PrintCommands = Annotated[
    bool,
    typer.Option("--print-commands", help="Print the lines that collect the settings, and nothing else."),
]
BlockListOption = Annotated[
    BlockList | None,
    typer.Option("--block-list", help="Print the attacking addresses for a firewall, and nothing else."),
]
BlockMinutes = Annotated[
    int,
    typer.Option("--block-minutes", min=1, metavar="N", help="How long to block: addresses are dynamic."),
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
CaseFolder = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="CASE", help="The folder of the case; a later run adds to it."),
]
Readers = Annotated[
    list[Reader] | None,
    typer.Option("--for", help="Whom pages are written for (repeatable; default: responder)."),
]
Lang = Annotated[Language, typer.Option("--lang", help="The language of the pages and of the verdict.")]
Geoip = Annotated[
    Path | None,
    typer.Option("--geoip", metavar="FILE", help="A database of countries (.mmdb); nothing is downloaded."),
]
Redact = Annotated[
    bool,
    typer.Option("--redact", help="Give people and addresses other names, the same ones everywhere in this run."),
]
CaseFormatOption = Annotated[
    CaseFormat,
    typer.Option("--format", help="On stdout: a summary, the findings, or logins by the Elastic Common Schema."),
]
