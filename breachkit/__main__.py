"""`python -m breachkit`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; every sentence that ends a run is printed here, once, without a traceback."""
    from breachkit.cli import run  # noqa: PLC0415  `--version` needs no more than this

    sys.exit(run())


if __name__ == "__main__":
    main()
