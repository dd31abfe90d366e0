"""`breachkit docs`."""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files
from typing import Annotated

import typer

from breachkit.cli import output


class Topic(StrEnum):
    """A page in `breachkit/docs`."""

    PURGE = "purge"
    CASES = "cases"
    NODES = "nodes"
    VERDICTS = "verdicts"
    PASSWORDS = "passwords"
    UNREAD = "unread"
    SURVIVED = "survived"
    CHANGES = "changes"

    def read(self) -> str:
        """Return the page."""
        return (files("breachkit") / "docs" / f"{self}.md").read_text("utf-8")


def docs(
    topic: Annotated[Topic | None, typer.Argument(metavar="TOPIC", help=f"One of {', '.join(Topic)}.")] = None,
) -> None:
    """Print what to know about a topic, without a network; alone it lists the topics.

    Example: breachkit docs purge
    """
    if topic is not None:
        return output.write(topic.read(), None)
    titles = {one: one.read().partition("\n")[0].removeprefix("# ") for one in Topic}
    return output.write("".join(f"breachkit docs {one:<10} {title}\n" for one, title in titles.items()), None)
