"""`breachkit weak-passwords`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from breachkit.cli import options

Users = Annotated[
    Path | None,
    typer.Argument(metavar="USERS", help="Export of the accounts with passwords (else --accounts, else users.csv)."),
]


def weak_passwords(
    users: Users = None,
    *,
    columns: options.Columns = None,
    policy: options.Policy = None,
    min_length: options.MinLength = 0,
    min_digits: options.MinDigits = 0,
    min_signs: options.MinSigns = 0,
    min_letters: options.MinLetters = 0,
    min_capitals: options.MinCapitals = 0,
    hibp: options.Hibp = None,
    max_minutes: options.MaxMinutes = 10.0,
    root: options.Root = None,
    logs: options.Logs = None,
    accounts: options.Accounts = None,
    timezone: options.Timezone = None,
    server: options.Server = None,
    output_format: options.OutputFormat = options.Format.TEXT,
    output_file: options.OutputFile = None,
    fail_on_findings: options.FailOnFindings = False,
) -> None:
    """Find the accounts whose password can be guessed; passwords are compared and never shown.

    Accounts that the attacking addresses tried come first when --root has logs.

    Example: breachkit weak-passwords users.csv --min-length 10
    """
    from breachkit.cli import judging
    from breachkit.detect.policy import Policy
    from breachkit.evidence.where import Asked

    asked = Asked(root, None, logs, users or accounts, columns, timezone, server=server)
    least = Policy(min_length, min_digits, min_signs, min_letters, min_capitals)
    held = judging.Held(policy, least, hibp, max_minutes)
    judging.judge(asked, held, judging.Manner(output_format, output_file, fail_on_findings))
