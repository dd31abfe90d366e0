"""restore(purge(queue)) == queue for any mixture of predicates, and purge takes what the predicates say."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breachkit.cli import run as run_cli
from tests.purge.harness import snapshot

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
ACCOUNTS = ["anna@example.it", "bruno@example.it", ""]
SENDERS = ["pippo@gmail.com", "anna@example.it", "x@shop.example"]
DOMAINS = ["one.example", "two.example"]
BODIES = ["Buy it now", "buy IT", "Minutes of the board", "=?utf-8?q?nothing?="]


class Letter(NamedTuple):
    """One queued message, as the test means it."""

    account: str
    sender: str
    domain: str
    body: str
    hour: int
    folder: str
    mode: int

    def text(self, number: int) -> str:
        taken = START + timedelta(hours=self.hour)
        received = f"Received: from x ([192.0.2.1]) by mail with ASMTP id ABC{number:05d}; {taken:%a, %d %b %Y %H:%M:%S} +0000\n"
        names = f"LocalSender: {self.account}\nFrom: {self.sender}\nTo: r{number}@{self.domain}\n"
        return f"{names}{received}Subject: s\n\n{self.body}\n"


letters = st.lists(
    st.builds(
        Letter,
        st.sampled_from(ACCOUNTS),
        st.sampled_from(SENDERS),
        st.sampled_from(DOMAINS),
        st.sampled_from(BODIES),
        st.integers(0, 5),
        st.sampled_from(["", "retry", "priority_1"]),
        st.sampled_from([0o600, 0o644, 0o400]),
    ),
    max_size=10,
)


class Asked(NamedTuple):
    """A mixture of predicates."""

    string: str | None
    is_blind: bool
    account: str | None
    sender: str | None
    domain: str | None
    older: int | None
    newer: int | None

    def words(self) -> list[str]:
        words = [self.string] if self.string else []
        words += ["-i"] if self.string and self.is_blind else []
        named = {"--account": self.account, "--from": self.sender, "--to-domain": self.domain}
        words += [word for option, value in named.items() if value for word in (option, value)]
        for option, hour in (("--older-than", self.older), ("--newer-than", self.newer)):
            words += [] if hour is None else [option, f"{START + timedelta(hours=hour):%Y-%m-%dT%H:%M:%S}+00:00"]
        return words or ["--all"]

    def means(self, letter: Letter, number: int) -> bool:
        text = letter.text(number)
        holds = self.string is None or (self.string.lower() in text.lower() if self.is_blind else self.string in text)
        return (
            holds
            and self.account in {None, letter.account}
            and self.sender in {None, letter.sender}
            and self.domain in {None, letter.domain}
            and (self.older is None or letter.hour < self.older)
            and (self.newer is None or letter.hour > self.newer)
        )

    def is_known(self, made: list[Letter]) -> bool:
        accounts, senders = {letter.account for letter in made}, {letter.sender for letter in made}
        return self.account in {None, *accounts} and self.sender in {None, *senders}


asked = st.builds(
    Asked,
    st.none() | st.sampled_from(["Buy it", "pippo@gmail.com", "s"]),
    st.booleans(),
    st.none() | st.sampled_from(ACCOUNTS[:2]),
    st.none() | st.sampled_from(SENDERS),
    st.none() | st.sampled_from(DOMAINS),
    st.none() | st.integers(0, 6),
    st.none() | st.integers(0, 4),
)


def ended(*words: str) -> tuple[int, str]:
    """Run a command and return its exit code and what it wrote."""
    out = io.StringIO()
    before, sys.argv = sys.argv, ["breachkit", *words, "--yes", "--format", "json", "--timezone", "UTC"]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            code = run_cli()
    finally:
        sys.argv = before
    return code, out.getvalue()


def breachkit(*words: str) -> dict[str, Any]:
    """Run a command and return its JSON."""
    code, out = ended(*words)
    assert code == 0
    found: dict[str, Any] = json.loads(out)
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(letters, asked)
def test_any_mixture_of_predicates_takes_what_it_says_and_gives_it_back(made: list[Letter], wanted: Asked) -> None:
    with tempfile.TemporaryDirectory() as top:
        queue = Path(top) / "mail" / "_outgoing"
        queue.mkdir(parents=True)
        paths = {}
        for number, letter in enumerate(made):
            path = queue / letter.folder / f"{number}.dat"
            path.parent.mkdir(exist_ok=True)
            path.write_text(letter.text(number))
            os.utime(path, ns=(0, 1_600_000_000_123_456_789 + number))
            path.chmod(letter.mode)
            paths[os.path.relpath(os.fsencode(path), os.fsencode(queue))] = wanted.means(letter, number)
        before = snapshot(queue)
        if not wanted.is_known(made):
            assert ended("purge", *wanted.words(), "--everything", "--root", top) == (1, "")
            assert snapshot(queue) == before
            return
        purged = breachkit("purge", *wanted.words(), "--everything", "--root", top)
        lost = sum(purged[name] for name in ("vanished", "changed", "in_use", "failed"))
        assert purged["planned"] == purged["purged"] + lost == sum(paths.values())
        assert snapshot(queue) == {name: seen for name, seen in before.items() if not paths[name]}
        if purged["purged"]:
            assert breachkit("restore", purged["run"], "--root", top)["restored"] == purged["purged"]
        assert snapshot(queue) == before
