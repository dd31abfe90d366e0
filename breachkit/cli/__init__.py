"""Arguments → one call → a report; one file for each command."""

from __future__ import annotations

import errno
from typing import Annotated

import typer

from breachkit import __version__
from breachkit.cli.commands import Commands, make_app
from breachkit.cli.output import give_up_stdout, note, prepare_streams, stdout_sentence
from breachkit.errors import BreachkitError

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
