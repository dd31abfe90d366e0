"""`python -m breachkit`."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress

from breachkit import __version__

COLLECT_AFTER = 200_000
"""Objects made before the garbage collector looks for cycles (Python's own number is 700)."""


def main() -> None:
    """Run the command line; every sentence that ends a run is printed here, once, without a traceback."""
    if sys.argv[1:] == ["--version"]:
        # answered before the command line is built, which takes five times as long as Python's own start
        with suppress(OSError, AttributeError):  # full or closed: the command line has the sentence for that
            sys.stdout.write(f"breachkit {__version__}\n")
            sys.stdout.flush()
            sys.exit(0)
    # records hold no cycles, and looking for some among 200,000 messages takes a fifth of the time
    gc.set_threshold(COLLECT_AFTER)
    # numpy's linear algebra is not used, and OpenMP sorts suffixes alone: threads would be started for nothing
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from breachkit.cli import run

    sys.exit(run())


if __name__ == "__main__":
    main()
