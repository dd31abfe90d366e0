"""The files of breachkit in which a function runs: `python -m tests.files_run find-account --root DIR` lists them."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import breachkit
from breachkit.cli import run

if TYPE_CHECKING:
    from types import FrameType

COMPREHENSIONS = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}
"""What stands in a module may be made by one; where a function ran too, it is counted anyway."""
PACKAGE = str(Path(breachkit.__file__).parent)


def files_run(words: list[str]) -> list[str]:
    """Run a command in this process, and list the files in which a function of it ran; a module's or class's own lines are none."""
    seen: set[str] = set()

    def look(frame: FrameType, event: str, _arg: object) -> None:
        code = frame.f_code
        is_function = code.co_flags & inspect.CO_NEWLOCALS and code.co_name not in COMPREHENSIONS
        if event == "call" and is_function and code.co_filename.startswith(PACKAGE):
            seen.add(code.co_filename.removeprefix(PACKAGE).lstrip("/\\"))

    sys.argv = ["breachkit", *words]
    sys.setprofile(look)
    try:
        run()
    finally:
        sys.setprofile(None)
    return sorted(seen)


if __name__ == "__main__":
    found = files_run(sys.argv[1:])
    sys.stderr.write("\n".join([*found, f"{len(found)} files", ""]))
