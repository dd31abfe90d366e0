"""Run two breachkits over the same evidence, and print where their answers differ.

Usage: python -m tests.differential [--pinned COMMAND] [--breachkit COMMAND] [--also DIR …] [--on PATTERN]
           [--only PATTERN] [--servers SEED …] [--stories NAME … | --stories all] [--keep DIR]
           [--jobs N] [--lines N]

The first is the commit before the house was rebuilt (`PINNED`). Without `--pinned` it is taken from the history of this
clone and installed into `.pinned/`, once. The second is this tree. Every command is asked as text and as JSON; exit
code, stdout, stderr, the files of a case, and what lies in the evidence afterwards are compared. Both work one after
the other on a fresh copy at the same path, so paths are equal; JSON is compared with sorted keys.

Evidence is drawn by this repository: `sample_queues`, stories of `tests.evidence`, servers of `tests.scale.verdicts`,
a queue of `tests.campaigns`. `--also DIR` adds what lies below DIR: every folder `root`, `q` (a bare queue), or with
`mail` or `logs` in it, and every `users*.csv` and `settings*.txt`. `--on` and `--only` are regular expressions: which
evidence, and which commands, such as `^(scan|group) .*json`; `purge and restore` and `read --partial` go as one each.

`--keep DIR` keeps the answers of the pinned commit: half of the time, from the second run on.

Exit code 0: no difference; 1: there are some. What is meant to differ stands in `MEANT`, with its reason.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.campaigns.queues import build_queue
from tests.evidence import STORIES, build
from tests.scale.verdicts import cast
from tests.scale.verdicts.kinds import BUILD, KEPT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PINNED = "c75a2fc7e5126bf6619ea80bf12cabc6038a3eff"
"""The commit whose behaviour is held."""

_SIGNAL = (
    r'\n *\{\n *"detail": "[^"]*nobody else here exchanged mail",'
    r'\n *"evidence": \[[^\]]*\],\n *"family": "destination",\n *"name": "strangers"\n *\}'
)
MEANT: tuple[tuple[str, str, str], ...] = (
    # find-account says that the recipients of an attack are strangers to everybody here: a signal of its own
    ("", rf"{_SIGNAL},|,{_SIGNAL}", ""),
    ("", r"^ +strangers \(destination\): [^(]*?\n +see .*\n", ""),
    # two options that need one another are told so
    ("", r" needs (--\w+)", r" does not go with no \1"),
    # sentences in plainer English
    ("find-account|read", r"How queued messages were (?:led back|traced) to accounts", "How messages join accounts"),
    ("", r"Other (?:doors|logs) read: ([\w, ]+?)(?: logs)? \(", r"Other logs read: \1 ("),
    ("", r"Of what stands in them, and of days that no log holds, nothing is said here\.", "Nothing is said of them."),
    ("", r"This report says nothing of what is in them, nor of days without a log\.", "Nothing is said of them."),
    ("group", r"numbers aside", "numbers left out"),
    ("group", r"What is lawful is told by the messages alone\.|Only the messages themselves say what is lawful\.", "…"),
)
"""What is meant to differ: a pattern over the name of the answer, one over its text, and what takes its place in both.

Patterns see one text an answer (exit code, stdout, stderr); JSON has one key a line. Above each stands why.
"""

CHECKED_OUT = datetime(2026, 11, 21, tzinfo=UTC).timestamp()
"""The time of every file that was written later than any story plays: the same in every clone."""

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "sample_queues"
USUAL_STORIES = (
    *("spray-group", "distributed", "imap-door", "no-logs", "no-queue", "low-level", "log-gap", "mixed-forms"),
    *("masked-secrets", "two-domains", "reused-ids", "newsletter", "hostile-text", "quiet"),
)
"""One of each kind of `tests.evidence`; `--stories all` takes the others too."""

_DAYS = [datetime.now(UTC) + timedelta(days=days) for days in (-1, 0, 1)]
_TODAY = "|".join(rf"{day:%Y-%m-%d}[T ]|{day:%d/%m/%Y} |{day.day} \w+ {day.year}, " for day in _DAYS)
_CHANCE = (
    (re.compile(r"\b\d{8}-\d{6}-[0-9a-f]{4}\b"), "RUN"),
    (re.compile(rf"\b(?:{_TODAY})\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[ ]?[+-]\d\d:?\d\d)?"), "NOW"),
    # the hash of a journal or of the custody: times are in them
    (re.compile(r"(SHA-256 |sha256   )[0-9a-f]{64}"), r"\1HASH"),
    (re.compile(r'("timestamp": ")\d{10}"'), r'\1NOW"'),
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b"), "UUID"),
)
"""What chance and the clock decide in an answer: run ids, times of now, hashes over them, UUIDs."""


class Depth(IntEnum):
    """How much is asked about a piece of evidence."""

    BIG = 0
    """A few commands, as JSON, nothing that writes."""
    USUAL = 1
    """Every command as JSON, the most important as text."""
    WHOLE = 2
    """Every command in every format."""


class Evidence(NamedTuple):
    """A folder to ask about, and the words that name what is in it."""

    name: str
    folder: Path
    where: tuple[str, ...] = ("--root", "evidence")
    depth: Depth = Depth.USUAL


class Answer(NamedTuple):
    """What a command left: one text to compare, and stdout as it was."""

    name: str
    text: str
    out: str = ""


class Side(NamedTuple):
    """One breachkit, in a working folder that holds `evidence`."""

    command: tuple[str, ...]
    work: Path
    only: re.Pattern[str]
    evidence: Evidence

    def fresh(self) -> None:
        """Put a fresh copy of the evidence there; nothing of a command before is left."""
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.evidence.folder, self.work / "evidence", symlinks=True)
        for path in (self.work / "evidence").rglob("*"):
            if path.is_file() and not path.is_symlink() and path.stat().st_mtime > CHECKED_OUT:
                os.utime(path, (CHECKED_OUT, CHECKED_OUT))

    def run(self, *words: str) -> Answer:
        """Run a command, whatever `--only` says."""
        env = {key: value for key, value in os.environ.items() if not key.startswith("BREACHKIT")}
        ran = subprocess.run(
            [*self.command, *words],
            cwd=self.work,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=900,
            check=False,
            env={**env, "COLUMNS": "100", "TZ": "UTC", "PYTHONHASHSEED": "0"},
        )
        out, err = (text.decode("utf-8", "backslashreplace") for text in (ran.stdout, ran.stderr))
        shown = " ".join(word for word in words if word not in self.evidence.where and word != "Europe/Rome")
        name = f"{self.evidence.name}: {shown.replace(' --timezone', '')}"
        text = f"exit code {ran.returncode}\n{_even(out)}\n--- stderr\n{_even(err)}"
        return Answer(_settled(name), _settled(text.replace(str(self.work), "WORK")), out)

    def ask(self, *words: str, formats: Sequence[str] = ("json", "text")) -> Iterator[Answer]:
        """Run a command in each format, where `--only` wants it."""
        for form in formats:
            full = (*words, *self.evidence.where, "--timezone", "Europe/Rome", "--format", form)
            if self.only.search(f"{' '.join(words)} --format {form}"):
                yield self.run(*full)


def _even(text: str) -> str:
    """Return JSON with its keys sorted, one a line; any other text as it is."""
    try:
        document = json.loads(text, object_hook=_without_hash)
    except ValueError:
        return text
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False)


def _without_hash(found: dict[str, Any]) -> dict[str, Any]:
    """Take the hash of a journal away: times are in it."""
    is_journal = str(found.get("journal", found.get("path"))).endswith("journal.jsonl")
    return {**found, "sha256": "HASH"} if is_journal and "sha256" in found else found


class Facts(NamedTuple):
    """What to ask about in this evidence, as the pinned commit names it."""

    account: str
    address: str
    sender: str
    string: str
    file: str
    queue_id: str


def _facts(side: Side) -> Facts:
    """Ask the pinned commit for an account, an address, a sender, a string, and a message."""

    def document(*words: str) -> dict[str, Any]:
        out = side.run(*words, *side.evidence.where, "--timezone", "Europe/Rome", "--format", "json").out
        return json.loads(out) if out.startswith("{") else {}

    side.fresh()
    accounts = document("find-account").get("accounts") or [{}]
    ips = accounts[0].get("client_ips") or [{}]
    plan = document("purge", "--all", "--everything", "--dry-run")
    strings = [one["purge_string"] for one in document("group").get("campaigns", ()) if one["purge_string"]]
    sample = (plan.get("samples") or [{}])[0]
    file = sample.get("path") or "nothing"
    return Facts(
        account=accounts[0].get("account") or "nobody@example.it",
        address=ips[0].get("ip") or "203.0.113.155",
        sender=sample.get("mail_from") or "nobody@example.com",
        string=strings[0] if strings else "http",
        file=file,
        queue_id=document("show", file).get("queue_id") or "AAA00000",
    )


def answers(side: Side, facts: Facts) -> Iterator[Answer]:
    """Ask everything of one breachkit; yield its answers, in the same order for both."""
    side.fresh()
    before = _listing(side, "evidence")
    yield from _reading(side, facts)
    yield from _case(side)
    yield from _partials(side)
    yield from _plans(side, facts)
    after = _listing(side, "evidence")
    if before != after:
        yield Answer(f"{side.evidence.name}: reading wrote into the evidence", "\n".join(after))
    if side.evidence.depth > Depth.BIG:
        yield from _purges(side, facts)


def _reading(side: Side, facts: Facts) -> Iterator[Answer]:
    """Ask the commands that only read."""
    depth = side.evidence.depth
    formats = ("json",) if depth is Depth.BIG else ("json", "text")
    first: list[tuple[str, ...]] = [("scan",), ("group",), ("find-account",), ("contain",)]
    for words in (*first, ("trace", facts.account, "--limit", "9")):
        yield from side.ask(*words, formats=formats)
    if depth is Depth.BIG:
        return
    more: list[tuple[str, ...]] = [
        ("scan", "--fail-on-findings", "--since", "2026-11-18", "--until", "2026-11-20T09:30"),
        ("group", "--by", "local-sender"),
        ("group", "--by", "from"),
        ("group", "--by", "subject", "--min-messages", "2"),
        ("group", "--by", "url", "--top", "2"),
        ("find-account", "--fail-on-findings", "--jobs", "1", "--since", "2026-11-19"),
        ("trace", facts.address, "--limit", "3"),
        ("trace", facts.sender, "--limit", "3"),
        ("trace", facts.queue_id),
        ("trace", "nobody-of-this-name"),
        ("show", facts.file),
        ("show", facts.queue_id, "--campaign"),
        ("weak-passwords", "--min-length", "9", "--fail-on-findings"),
        ("harden",),
        ("contain", facts.account),
    ]
    for words in more:
        yield from side.ask(*words, formats=_formats(depth))
    for kind in ("plain", "nftables", "ipset", "windows-firewall", "fail2ban")[: 5 if depth is Depth.WHOLE else 1]:
        yield from side.ask("contain", "--block-list", kind, formats=("text",))
    for table in sorted((side.work / "evidence").glob("users*.csv")):
        yield from side.ask("weak-passwords", f"evidence/{table.name}", formats=("json",))
    for settings in sorted((side.work / "evidence").glob("settings*.txt")):
        yield from side.ask("harden", f"evidence/{settings.name}")


def _formats(depth: Depth) -> tuple[str, ...]:
    return ("json", "text") if depth is Depth.WHOLE else ("json",)


def _case(side: Side) -> Iterator[Answer]:
    """Investigate, and take the files of the case as answers."""
    turns: tuple[tuple[str, ...], ...] = ((), ("--lang", "it", "--for", "owner", "--for", "authority"))
    depth = side.evidence.depth
    for form, words in zip(("json", "text")[: max(depth, 1)], turns, strict=False):
        yield from side.ask("investigate", "-o", "case", *words, formats=(form,))
        for file in sorted(path for path in (side.work / "case").rglob("*") if path.is_file()):
            if file.name not in {"custody.jsonl", "lock"}:
                yield Answer(f"{side.evidence.name}: case/{file.name}", _settled(_even(file.read_text("utf-8"))))
        shutil.rmtree(side.work / "case", ignore_errors=True)
    if depth is Depth.WHOLE:
        yield from side.ask("investigate", "-o", "case", formats=("ecs",))
        shutil.rmtree(side.work / "case", ignore_errors=True)


def _partials(side: Side) -> Iterator[Answer]:
    """Read into a partial file, and answer from it."""
    if not side.only.search("read --partial"):
        return
    name = f"{side.evidence.name}: read --partial"
    where = (*side.evidence.where, "--timezone", "Europe/Rome")
    yield side.run("read", "--name", "n1", "--partial", "n1.partial", "--key", "k", *where)
    for command in ("find-account", "scan"):
        ran = side.run(command, "--partial", "n1.partial", "--key", "k", "--format", "json")
        yield ran._replace(name=f"{name}, {command}")


def _plans(side: Side, facts: Facts) -> Iterator[Answer]:
    """Plan purges in every way a message can be chosen."""
    chosen: tuple[tuple[str, ...], ...] = (
        (facts.string,),
        (facts.sender.upper(), "-i", "--explain"),
        (f"@{facts.sender.rpartition('@')[2]}", "--any", "Undeliverable", "--raw-only"),
        ("-E", r"https?://[a-z.]+/"),
        ("--account", facts.account),
        ("--from", facts.sender),
        ("--from", f"@{facts.sender.rpartition('@')[2]}"),
        ("--to-domain", "example.com"),
        ("--campaign", "1"),
        ("--newer-than", "2026-11-20T08:45", "--account", facts.account),
        ("--all", "--everything"),
    )
    for words in chosen[:1] if side.evidence.depth is Depth.BIG else chosen:
        yield from side.ask("purge", *words, "--dry-run", formats=_formats(side.evidence.depth))


def _purges(side: Side, facts: Facts) -> Iterator[Answer]:
    """Purge, look into the quarantine, put back in two ways, purge for good; list the evidence after each."""
    if not side.only.search("purge and restore"):
        return
    side.fresh()
    every = Side(side.command, side.work, re.compile(""), side.evidence)
    for form in _formats(side.evidence.depth):
        for words in (
            ("purge", facts.string, "--yes"),
            ("purge", "--account", facts.account, "--yes", "--everything"),
            ("find-account",),
            ("quarantine", "list"),
            ("quarantine", "show", "first"),
            ("quarantine", "verify"),
            ("restore", "first", "--only", facts.string, "--dry-run"),
            ("restore", "first", "--yes"),
            ("restore", "first", "--yes"),
            ("restore", "--all", "--yes"),
            ("purge", facts.string, "--yes", "--drop", "--everything"),
            ("quarantine", "list"),
        ):
            runs = sorted((side.work / "evidence").rglob("breachkit-quarantine/*"))
            named = [(runs[0].name if runs else "none") if word == "first" else word for word in words]
            for answer in every.ask(*named, formats=(form,)):
                listing = "\n".join(_listing(side, "evidence"))
                yield answer._replace(text=f"{answer.text}\n--- evidence\n{_settled(listing)}")
        side.fresh()


def _listing(side: Side, folder: str) -> list[str]:
    """Return path and hash of each file, but for the journals, which hold times."""
    lines = []
    for path in sorted((side.work / folder).rglob("*")):
        if path.is_file() and not path.is_symlink():
            hidden = path.name in {"journal.jsonl", "lock"}
            digest = "" if hidden else hashlib.sha256(path.read_bytes()).hexdigest()
            lines.append(f"{path.relative_to(side.work).as_posix()} {digest}")
    return lines


def _kept(side: Side, keep: Path | None) -> tuple[Facts, list[Answer]]:
    """Return what the pinned commit answers: as kept, where the same was asked of the same evidence before."""
    side.fresh()
    times = [path.stat().st_mtime_ns for path in sorted((side.work / "evidence").rglob("*")) if path.is_file()]
    asked = (_listing(side, "evidence"), times, side.evidence[2:], side.only.pattern, len(str(side.work)))
    source = Path(__file__).read_bytes()
    file = keep and keep / f"{hashlib.sha256(repr(asked).encode() + source).hexdigest()}.json"
    if file and file.exists():
        facts, texts = json.loads(file.read_text("utf-8"))
        return Facts(*facts), [Answer(*one) for one in texts]
    facts = _facts(side)
    first = [one._replace(out="") for one in answers(side, facts)]
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps([facts, first]), "utf-8")
        part.replace(file)
    return facts, first


def _settled(text: str) -> str:
    for pattern, plain in _CHANCE:
        text = pattern.sub(plain, text)
    return text


def _meant(name: str, text: str) -> str:
    for where, pattern, plain in MEANT:
        if re.search(where, name):
            text = re.sub(pattern, plain, text, flags=re.MULTILINE)
    return text


def compared(first: Sequence[Answer], second: Sequence[Answer], most: int) -> list[str]:
    """Return a paragraph for each answer that differs, of at most `most` lines of difference."""
    told = []
    for one, other in zip_longest(first, second, fillvalue=Answer("nothing", "")):
        name = one.name if one.name == other.name else f"{one.name}, and in this tree {other.name}"
        was, now = _meant(name, one.text), _meant(name, other.text)
        if was != now:
            lines = list(difflib.unified_diff(was.split("\n"), now.split("\n"), "pinned", "this tree", "", "", 2, ""))
            left = [f"… {len(lines) - most} lines more"] if len(lines) > most else []
            told.append("\n".join((f"DIFFERS {name}", *lines[:most], *left)))
    return told


def drawn(folder: Path, stories: Sequence[str], servers: Sequence[int]) -> Iterator[Evidence]:
    """Yield the samples, and draw the rest of the evidence below `folder`."""
    for story in sorted(path for path in SAMPLES.glob("*/*") if path.is_dir()):
        yield Evidence(f"sample-{story.name}", story, depth=Depth.WHOLE)
    for name in stories:
        build(name, folder / name, 1)
        yield Evidence(name, folder / name)
    build_queue(folder / "campaigns" / "_outgoing", 600, 11)
    yield Evidence("campaigns", folder / "campaigns", ("--queue", "evidence/_outgoing"))
    for seed in servers:
        for number in range(cast.SERVERS):
            name = f"server-{seed}-{number}"
            cast.write(cast.draw(seed, number, (*BUILD, *KEPT)), folder / name, name)
            yield Evidence(name, folder / name, depth=Depth.BIG)


def found(folder: Path) -> Iterator[Evidence]:
    """Yield every folder below `folder` that looks like evidence."""
    for path in sorted(path for path in (folder, *folder.rglob("*")) if path.is_dir()):
        name = path.relative_to(folder.parent).as_posix()
        if path.name == "q":
            yield Evidence(name, path, ("--queue", "evidence"))
        elif path.name == "root" and (path.parent / "logs").is_dir():
            yield Evidence(name, path.parent, ("--root", "evidence/root", "--logs", "evidence/logs"))
        elif path.name == "root" or any(any(path.glob(one)) for one in ("mail", "logs", "users*.csv", "settings*.txt")):
            yield Evidence(name, path)


def _installed() -> str:
    """Return the command of the pinned commit; install it on first use."""
    place = ROOT / ".pinned"
    scripts = place / ("Scripts" if sys.platform == "win32" else "bin")
    if not (scripts / "pinned").exists():
        with TemporaryDirectory() as folder:
            subprocess.run(["git", "-C", ROOT, "worktree", "prune"], check=True)
            subprocess.run(["git", "-C", ROOT, "worktree", "add", "--detach", f"{folder}/tree", PINNED], check=True)
            try:
                venv.create(place, with_pip=True, clear=True)
                subprocess.run([scripts / "python", "-m", "pip", "install", "-q", f"{folder}/tree"], check=True)
            finally:
                subprocess.run(["git", "-C", ROOT, "worktree", "remove", "--force", f"{folder}/tree"], check=True)
        (scripts / "pinned").write_text(PINNED, "utf-8")
    return str(scripts / "breachkit")


def main(argv: Sequence[str]) -> int:
    """Ask both, compare, print."""
    asked = _parser().parse_args(argv)
    only = re.compile(asked.only)
    stories = tuple(STORIES) if asked.stories == ["all"] else tuple(asked.stories)
    commands = [_command(text) for text in (asked.pinned or _installed(), asked.breachkit)]
    with TemporaryDirectory(prefix="differential-") as name:
        folder = Path(name)

        def both(number: int, evidence: Evidence) -> tuple[int, list[str]]:
            pinned, tree = (Side(command, folder / f"{number:03}", only, evidence) for command in commands)
            facts, first = _kept(pinned, asked.keep)
            second = list(answers(tree, facts))
            shutil.rmtree(tree.work, ignore_errors=True)
            return len(first), compared(first, second, asked.lines)

        evidence = [
            *drawn(folder / "drawn", stories, asked.servers),
            *(one for also in asked.also for one in found(also)),
        ]
        evidence = [one for one in evidence if re.search(asked.on, one.name)]
        asked_for = different = 0
        with ThreadPoolExecutor(asked.jobs) as pool:
            for count, told in pool.map(both, range(len(evidence)), evidence):
                asked_for, different = asked_for + count, different + len(told)
                for paragraph in told:
                    sys.stdout.write(f"{paragraph}\n\n")
                sys.stdout.flush()
    sys.stdout.write(f"{asked_for} answers of {len(evidence)} pieces of evidence compared, {different} differ\n")
    return 1 if different or not asked_for else 0


def _command(text: str) -> tuple[str, ...]:
    words = shlex.split(text, posix=sys.platform != "win32")
    return (str(Path(words[0]).absolute()) if Path(words[0]).exists() else words[0], *words[1:])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__.splitlines()[0])
    parser.add_argument("--pinned", metavar="COMMAND", help="the pinned commit, installed (default: install it)")
    parser.add_argument("--breachkit", metavar="COMMAND", default=f"{sys.executable} -m breachkit", help="this tree")
    parser.add_argument("--also", type=Path, action="append", default=[], metavar="DIR", help="more evidence")
    parser.add_argument("--on", default="", metavar="PATTERN", help="only evidence whose name matches")
    parser.add_argument("--only", default="", metavar="PATTERN", help="only commands whose words match")
    parser.add_argument(
        "--stories", nargs="*", default=USUAL_STORIES, metavar="NAME", help="of tests.evidence, or 'all'"
    )
    parser.add_argument(
        "--servers", type=int, nargs="*", default=(), metavar="SEED", help="draw servers of these seeds"
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep there what the pinned commit answered")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--lines", type=int, default=24, help="of each difference")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
