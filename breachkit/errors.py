"""What breachkit says when it cannot go on.

A `BreachkitError` is raised with its sentence, where the trouble is; the sentence ends with what to do next. It is
caught once, in `cli`, and printed as one line on stderr, with exit code 1 (2 where the command line itself is wrong).
A class of its own has only what is caught by type, or what many rooms say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from os import PathLike


class BreachkitError(Exception):
    """Root of all sentences that end a run; nothing was changed unless the sentence says so."""

    exit_code: ClassVar[int] = 1


class UsageError(BreachkitError):
    """Root of the sentences that say the command line itself is wrong."""

    exit_code: ClassVar[int] = 2


class PathUnreadableError(BreachkitError):
    """A path the user named cannot be listed or opened."""

    def __init__(self, path: PathLike[str] | str, why: OSError | str) -> None:
        reason = why if isinstance(why, str) else why.strerror or "unknown reason"
        advice = "run as Administrator (root), or copy the evidence first"
        if reason.startswith("it is no "):  # whatever rights one has, a folder or a FIFO is no file
            advice = f"name a {reason.removeprefix('it is no ')}"
        super().__init__(f"{path} cannot be read ({reason}); {advice}")


class UnbalancedError(BreachkitError):
    """The books do not balance: a defect of breachkit, said loudly."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"the books do not balance ({left}, but {right}): please report this; do not rely on this run")
