"""The files of a case: all made of the same findings, each named with its hash in the custody."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from breachkit.case import pages
from breachkit.case.custody import hash_inputs, render_inputs, write_texts
from breachkit.case.document import findings_json
from breachkit.case.indicators import COLUMNS, indicators_of, misp_json, rows_of, stix_json
from breachkit.case.investigation import evidence_paths
from breachkit.case.redaction import Redaction, without_credentials
from breachkit.case.timeline import render_csv, render_jsonl, timeline_of
from breachkit.detect.containment import contain_accounts
from breachkit.progress import bar
from breachkit.report.contract import dump
from breachkit.report.page import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from breachkit.case.custody import RunFolder
    from breachkit.case.investigation import Investigation
    from breachkit.case.phrases import Phrases
    from breachkit.report.contract import Json


@dataclass(slots=True)
class Dossier:
    """The files of one run of `investigate`."""

    readers: tuple[str, ...]
    redact: bool
    words: Phrases
    now: datetime
    place: RunFolder | None
    """None writes nothing."""
    written: dict[str, str] = field(default_factory=dict)
    """Files with their SHA-256."""
    masked: Callable[[Json], Json] = lambda document: document
    named: Callable[[str], str] = str
    """Gives a person or an address the name that this case has for it."""

    @property
    def number(self) -> int:
        """Which run of the case it is."""
        return 1 if self.place is None else self.place.number

    @property
    def book(self) -> list[str]:
        """The option that has a command that follows write into the custody of this case."""
        return [] if self.place is None else ["--case", str(self.place.case)]

    def fill(self, found: Investigation) -> Json:
        """Write every file of the run, and return the findings. Raises BreachkitError."""
        if self.redact:
            redaction = Redaction(_names(found))
            self.named, self.masked = redaction.name, redaction.document
            # the steps anew, with the names of this case
            accounts = [one.account for one in found.steps]
            steps = contain_accounts(found.where, accounts, found.found, self.named)
            found = replace(found, steps=steps)
        findings = findings_json(found, self)
        if self.redact:
            findings = self.masked(without_credentials(findings))
        if self.place is not None:
            self._pages(findings)
            self._tables(found, findings)
            self._inputs(found, findings)
        return findings

    def _write(self, name: str, pieces: Iterable[str]) -> None:
        if self.place is not None:
            self.written |= write_texts(self.place.path, name, pieces)

    def _pages(self, findings: Json) -> None:
        self._write("findings.json", [dump(findings)])
        if "responder" in self.readers:
            self._write("report.html", [pages.render_report(findings, self.words)])
        if "owner" in self.readers:
            entered = [one for one in findings["accused"] if one["verdict"] == "compromised"]
            for number, account in enumerate(entered, 1):
                name = "owner.html" if number == 1 else f"owner-{number}.html"
                self._write(name, [pages.render_owner(findings, self.words, account)])
        if "authority" in self.readers:
            self._write("authority.html", [pages.render_authority(findings, self.words)])

    def _tables(self, found: Investigation, findings: Json) -> None:
        # made twice rather than held: an incident may have a million events
        self._write("timeline.jsonl", render_jsonl(map(self.masked, timeline_of(found, self.named))))
        self._write("timeline.csv", render_csv(map(self.masked, timeline_of(found, self.named))))
        indicators = indicators_of(findings)
        self._write("indicators.csv", render_csv(rows_of(indicators), COLUMNS))
        self._write("indicators.stix.json", [dump(stix_json(indicators, findings))])
        self._write("indicators.misp.json", [dump(misp_json(indicators, findings))])

    def _inputs(self, found: Investigation, findings: Json) -> None:
        root = found.where.layout.root
        paths = [os.fspath(path) for path in evidence_paths(found)]
        paths += [path for message in found.messages for path in message.files]
        head = {
            "schema": "breachkit.case-inputs/1",
            "created": findings["case"]["created"],
            **{key: findings[key] for key in ("inputs", "log_level", "log_first", "log_last", "log_gaps", "skipped")},
        }
        with bar(sys.stderr, "hashing", None, " files") as progress:
            self._write("inputs.json", render_inputs(head, hash_inputs(paths, root, progress), self.masked))


def render_summary(work: Dossier, findings: Json) -> str:
    """Write what a terminal shows: the verdict, what was written, what to run next."""
    sheet, words = Page(), work.words
    sheet.literal(words.verdict(findings))
    if work.place is not None:
        sheet.heading(words.say("Written to {path}", path=work.place.path))
        for name in work.written:
            sheet.say(name, indent=2)
        entered = sum(one["verdict"] == "compromised" for one in findings["accused"])
        if "owner" in work.readers and not entered:
            sheet.say(words.say("No letter to an owner: no account looks compromised."), indent=2)
    sheet.commands([step["command"] for step in findings["next"]], title=words.say("Next"))
    own = sum(one["owners_own"] or 0 for one in findings["campaigns"] if one["command"])
    if own:
        sheet.say(words.say("Of what these lines would purge, {n} look like the owners' own.", n=words.number(own)))
    return sheet.text()


def _names(found: Investigation) -> Iterator[str]:
    """List what accounts answer to; a name that was only tried is a word of somebody's list."""
    for account in found.inquiry.exported:
        yield from (account.address, *account.usernames, *account.aliases)
    yield from (account.account for account in found.found.accounts)
    yield from found.inquiry.messages["auth_user"].dropna().unique()
    won = found.inquiry.attempts[found.inquiry.attempts["outcome"] == "success"]
    yield from won["user"].dropna().unique()
