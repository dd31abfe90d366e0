"""`breachkit docs`."""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated, Literal, get_args

import typer

from breachkit.cli import output

Topic = Literal["purge", "cases", "nodes", "verdicts", "passwords", "unread", "survived", "changes"]
TOPICS: tuple[Topic, ...] = get_args(Topic)
"""The pages in `breachkit/docs`."""


def docs(
    topic: Annotated[Topic | None, typer.Argument(metavar="TOPIC", help=f"One of {', '.join(TOPICS)}.")] = None,
) -> None:
    """Print what to know about a topic, without a network; alone it lists the topics.

    Example: breachkit docs purge
    """
    if topic is not None:
        return output.write(read_topic(topic), None)
    titles = {one: read_topic(one).partition("\n")[0].removeprefix("# ") for one in TOPICS}
    return output.write("".join(f"breachkit docs {one:<10} {title}\n" for one, title in titles.items()), None)


def read_topic(topic: Topic) -> str:
    """Return the page."""
    return (files("breachkit") / "docs" / f"{topic}.md").read_text("utf-8")
