"""`python -m breachkit`."""

from __future__ import annotations

import sys

from breachkit import __version__


def main() -> None:
    """Run the command line; every sentence that ends a run is printed here, once, without a traceback."""
    if sys.argv[1:] == ["--version"]:
        # answered before the command line is built, which takes five times as long as Python's own start
        sys.stdout.write(f"breachkit {__version__}\n")
        sys.exit(0)
    from breachkit.cli import run  # noqa: PLC0415  see above

    sys.exit(run())


if __name__ == "__main__":
    main()
