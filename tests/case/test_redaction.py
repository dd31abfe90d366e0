"""A redacted case names nobody, says the same of the same one everywhere, and cannot be undone by a list of names."""

from __future__ import annotations

import base64
import json
import re
import shutil
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachkit.case.redaction import RULES, TELLING, WEAK_SIGNAL, Redaction
from tests.conftest import story
from tests.evidence import build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Ran

READERS = ("--for", "responder", "--for", "owner", "--for", "authority")
RESERVED = (ip_network("240.0.0.0/4"), ip_network("2001:db8::/32"))
_GIVEN = re.compile(r"u-[a-z2-7]{10}|2(?:4\d|5[0-5])(?:\.\d{1,3}){3}|2001:db8(?::[0-9a-f]{0,4}){1,6}")
_ADDRESSES = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}|\[\.\]\d{1,3}){3}(?![\w.])")


@pytest.mark.parametrize("name", ["guide", "brute-force", "two-domains"])
def test_no_name_and_no_address_is_left(name: str, cli: Callable[..., Ran], tmp_path: Path) -> None:
    truth = build(name, tmp_path / "evidence", 41)
    ran = cli("investigate", "--root", tmp_path / "evidence", "-o", tmp_path / "case", "--redact", *READERS)
    assert ran.code in {0, 3}
    names = {account.partition("@")[0] for account in truth.accounts} - {"user", "newsletter"}  # words of ours too
    ips = {
        str(ip)
        for account in truth.accounts.values()
        for key in ("attacking_ips", "usual_ips", "spam_ips")
        for ip in account.get(key, [])  # type: ignore[union-attr]
    }
    assert names
    files = sorted(path for path in (tmp_path / "case").iterdir() if path.is_file())
    assert len(files) >= 11
    for path in files:
        text = path.read_text("utf-8")
        for account in truth.accounts:
            assert account not in text, (path.name, account)
        for local in names:
            assert not re.search(rf"(?<![\w/]){re.escape(local)}(?![\w/])", text, re.IGNORECASE), (path.name, local)
        for ip in ips:
            assert ip not in text.replace("[.]", "."), (path.name, ip)
        assert "pippo@" not in text
    for address in _ADDRESSES.findall((tmp_path / "case" / "timeline.jsonl").read_text("utf-8")):
        assert any(ip_address(address.replace("[.]", ".")) in net for net in RESERVED), address


def test_one_person_has_one_name_in_every_file(cli: Callable[..., Ran], tmp_path: Path) -> None:
    cli("investigate", "--root", story("guide"), "-o", tmp_path / "case", "--redact", *READERS)
    findings = json.loads((tmp_path / "case" / "findings.json").read_text("utf-8"))
    (one,) = findings["accused"]
    assert re.fullmatch(r"u-[a-z2-7]{10}@example\.it", one["account"])
    for name in ("report.html", "owner.html", "authority.html", "timeline.csv", "indicators.csv"):
        text = (tmp_path / "case" / name).read_text("utf-8")
        assert one["account"] in text, name
        assert one["entry_ip"] in text.replace("[.]", "."), name


def test_two_runs_share_no_name(cli: Callable[..., Ran], tmp_path: Path) -> None:
    names = []
    for case in ("one", "two"):
        cli("investigate", "--root", story("guide"), "-o", tmp_path / case, "--redact")
        names.append(json.loads((tmp_path / case / "findings.json").read_text("utf-8"))["accused"][0]["account"])
    assert names[0] != names[1]


def test_weak_accounts_stand_in_the_report_and_the_findings_only(cli: Callable[..., Ran], tmp_path: Path) -> None:
    words = ("investigate", "--root", story("guide"), *READERS)
    cli(*words, "-o", tmp_path / "open")
    cli(*words, "-o", tmp_path / "closed", "--redact")
    weak = json.loads((tmp_path / "open" / "findings.json").read_text("utf-8"))["weak-passwords"]["accounts"]
    assert weak
    assert "the user name itself" in (tmp_path / "open" / "report.html").read_text("utf-8")
    spelled = ("equals-username", "the user name itself", "guessable", "secret-equals-name")
    letters = ("owner.html", "authority.html", "timeline.jsonl", "timeline.csv", "indicators.csv", "inputs.json")
    for name in (*letters, "indicators.stix.json", "indicators.misp.json"):
        text = (tmp_path / "open" / name).read_text("utf-8")
        assert not any(word in text for word in spelled), name
    for path in (tmp_path / "closed").iterdir():
        text = path.read_text("utf-8")
        assert not any(word in text.replace(">guessable password", "") for word in spelled), path.name
    assert json.loads((tmp_path / "closed" / "findings.json").read_text("utf-8"))["weak-passwords"] is None


def test_an_owner_reads_nothing_of_another_account(cli: Callable[..., Ran], tmp_path: Path) -> None:
    cli("investigate", "--root", story("two-accounts"), "-o", tmp_path / "case", "--for", "owner")
    findings = json.loads((tmp_path / "case" / "findings.json").read_text("utf-8"))
    accounts = [one["account"] for one in findings["accused"] if one["verdict"] == "compromised"]
    assert len(accounts) == 2
    letters = [(tmp_path / "case" / name).read_text("utf-8") for name in ("owner.html", "owner-2.html")]
    for mine, other, letter in ((*accounts, letters[0]), (*reversed(accounts), letters[1])):
        assert mine in letter
        assert other not in letter


NAMES = ("anna.rossi@example.it", "anna", "info", "marco")


@settings(deadline=None)
@given(st.text(), st.sampled_from(["anna.rossi@example.it", "MARCO", "203.0.113.9", "2001:470::25"]), st.text())
def test_replacing_twice_is_replacing_once(before: str, secret: str, after: str) -> None:
    redaction = Redaction(NAMES, key=b"k")
    once = redaction.text(f"{before} {secret} {after}")
    assert redaction.text(once) == once


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Dear Anna, see http://evil.example/?u=anna.rossi%40example.it", "anna"),
        ("anna-marco wrote", "marco"),
        ("from 203.0.113.9:25 and [2001:470::25]", "203.0.113.9"),
        ("ANNA.ROSSI@EXAMPLE.IT", "ROSSI"),
        ('"odd name"@example.it', "odd"),
        (r"EXAMPLE\anna.rossi", "anna"),
        ("anna.rossi%example.it", "rossi"),
        ("bounce+anna.rossi=example.it@list.example", "anna"),
        ("Anna Rossi, ROSSI Anna, anna_rossi, annarossi", "rossi"),
        ("to=%61nna%2Erossi%40example.it", "nna"),
        ("to=anna%252Erossi%2540example.it", "rossi"),
        ("anna=2Erossi=40example.it", "rossi"),
        ("an=\r\nna.ro=\r\nssi@example.it", "ssi"),
        ("=61nna wrote", "nna"),
        ('href=3D"?u=3Danna.rossi=2540example.it"', "rossi"),
        ("anna&#46;rossi&#64;example.it and &#x61;nna", "nna"),
        ("anna.rossi [at] example.it, anna.rossi(at)example.it, anna.rossi[@]example[.]it", "rossi"),
        ("%32%30%33.0.113.9", "0.113.9"),
        ("m%C3%BCller@example.it wrote to M\u00fcller", "ller"),
    ],
)
def test_every_spelling_is_replaced(text: str, kept: str) -> None:
    redacted = Redaction((*NAMES, "m\u00fcller@example.it"), key=b"k").text(text)
    assert kept.lower() not in re.sub(r"u-[a-z2-7]{10}", "", redacted).lower()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("see http://evil.example/?u=anna%40example.it&v=1", "see http://evil.example/?u=*%40example.it&v=1"),
        ("Dear Anna, 3 of 4", "Dear *, 3 of 4"),
        (r"EXAMPLE\mail came in", r"EXAMPLE\* came in"),
        ("mail%example.it and x%example.it", "*%example.it and *%example.it"),
        ("mail@example.it, x@example.it and nobody@gmail.example", "*@example.it, *@example.it and *@gmail.example"),
        ("you have mail, first x path: example.it/mail", "you have mail, first x path: example.it/mail"),
        ("C:\\example\\mail\\_outgoing", "C:\\example\\mail\\_outgoing"),
        ("best price, Dear Price", "best price, Dear *"),
        ("at 08:46:04 by 127.0.0.1, 0.0.0.0/0 and ::1", "at 08:46:04 by 127.0.0.1, 0.0.0.0/0 and ::1"),
        ("100%off now", "100%off now"),
        ("?u=dave@gmail.example", "?u=*@gmail.example"),
    ],
)
def test_a_name_that_is_a_word_is_told_by_what_stands_beside_it(text: str, said: str) -> None:
    names = ("anna", "mail", "x", "first@example.it", "path", "price", "example@example.it")
    redacted = Redaction(names, key=b"k").text(text)
    assert re.sub(r"u-[a-z2-7]{10}", "*", redacted) == said


def test_values_are_replaced_by_where_they_stand_and_keys_never() -> None:
    redaction = Redaction(("user@example.it", "logs", "mail", "x", "account", "compromised"), key=b"k")
    document = {
        "path": "logs/smtp/s20261120-00.log",
        "detail": "1 of 2 recipients do not exist (no MX record, unknown user)",
        "entry_ts": "2026-11-20T08:46:04+01:00",
        "text": "user@example.it was here at 08:46:04: logs, mail, account x",
        "account": "mail",
        "verdict": "compromised",
        "mail": {"account": {"x": 1}},
        "symptoms": [{"name": "one-sender-dominates", "detail": "mail sent 3 of 4 queued messages"}],
        "settings": [{"name": "x", "why": "x was entered after 12 failed logins; mail may be relayed"}],
        "user": {"name": "x", "domain": "example.it", "email": "user@example.it"},
        "accounts": [{"account": "X"}, {"account": "EXAMPLE\\x"}, {"account": "x%example.it"}],
        "wanted": ["mail", "--account", "mail", "--older-than", "2h"],
        "sample": {"before": "Dear user@exam", "shared": "ple.it, mail", "after": "box"},
    }
    user, mail, x = (redaction.name(name).partition("@")[0] for name in ("user@example.it", "mail", "x"))
    assert len({user, mail, x}) == 3
    assert redaction.document(document) == {
        **document,
        "text": f"{user}@example.it was here at 08:46:04: logs, mail, account x",
        "account": mail,
        "symptoms": [{"name": "one-sender-dominates", "detail": f"{mail} sent 3 of 4 queued messages"}],
        "settings": [{"name": "x", "why": f"{x} was entered after 12 failed logins; mail may be relayed"}],
        "user": {"name": x, "domain": "example.it", "email": f"{user}@example.it"},
        "accounts": [{"account": x}, {"account": f"EXAMPLE\\{x}"}, {"account": f"{x}%example.it"}],
        "wanted": ["mail", "--account", mail, "--older-than", "2h"],
        "sample": {"before": f"Dear {user}@exam", "shared": "ple.it, mail", "after": "box"},
    }


def test_a_name_that_is_cut_in_two_is_replaced() -> None:
    redaction = Redaction(NAMES, key=b"k")
    pieces = {"before": "Dear anna.ro", "shared": "ssi@example.it, buy", "after": " now, mar\nco"}
    redacted = redaction.document(pieces)
    anna = redaction.name("anna.rossi@example.it")
    assert redacted == {
        "before": f"Dear {anna.partition('@')[0]}",
        "shared": "@example.it, buy",
        "after": " now, mar\nco",
    }


def log_in(root: Path, name: str) -> None:
    """Let the thief of the guide's story log in once more, by another name."""
    peer = "203.0.113.155 [9001] 11:40:0"
    secret = base64.b64encode(b"x").decode()
    lines = [
        *(f"{peer}1 Connected, local IP=192.0.2.17", f"{peer}1 >>> 220 mail.example.it ESMTP IceWarp 10.3.1"),
        *(f"{peer}1 <<< EHLO x", f"{peer}1 >>> 250-mail Hello", f"{peer}2 <<< AUTH LOGIN"),
        *(f"{peer}2 >>> 334 VXNlcm5hbWU6", f"{peer}2 <<< {base64.b64encode(name.encode()).decode()}"),
        *(f"{peer}2 >>> 334 UGFzc3dvcmQ6", f"{peer}2 <<< {secret}"),
        f"{peer}2 >>> 235 2.0.0 Authentication successful",
    ]
    with (root / "logs" / "smtp" / "s20261120-03.log").open("ab") as log:
        log.writelines(f"{line}\r\n".encode() for line in lines)


def texts_beside(opened: Any, closed: Any) -> Iterator[tuple[str, str]]:
    """List the texts of two JSON values that have the same keys, where they differ."""
    assert type(opened) is type(closed), (opened, closed)
    if isinstance(opened, dict):
        assert opened.keys() == closed.keys()
        for key in opened:
            if not key.endswith(("_ts", "created", "command")):
                yield from texts_beside(opened[key], closed[key])
    elif isinstance(opened, list):
        assert len(opened) == len(closed)
        for pair in zip(opened, closed, strict=True):
            yield from texts_beside(*pair)
    elif opened != closed:
        yield opened, closed


def names_between(opened: str, closed: str) -> Iterator[tuple[str, str]]:
    """Tell which name stands for which; texts that differ by more fail."""
    assert isinstance(opened, str)
    pieces = _GIVEN.split(closed)
    assert len(pieces) > 1, (opened, closed)
    found = re.fullmatch("(.+)".join(map(re.escape, pieces)), opened, re.DOTALL)
    assert found, (opened, closed)
    yield from zip(_GIVEN.findall(closed), found.groups(), strict=True)


WORDS = (
    "mail",
    "path",
    "first",
    "auth_user",
    "account",
    "compromised",
    "x",
    "verdict",
    "proof",
    "attacker",
    "p1",
    "u-x",
)


def test_accounts_that_are_words_change_no_key_and_no_prose(cli: Callable[..., Ran], tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(story("guide"), root)
    for name in WORDS:
        log_in(root, name)
    documents = []
    for case, words in (("open", ()), ("closed", ("--redact",))):
        ran = cli("investigate", "--root", root, "-o", tmp_path / case, *words, *READERS)
        assert (ran.code, ran.err.count("Traceback")) == (0, 0)
        documents.append(json.loads((tmp_path / case / "findings.json").read_text("utf-8")))
    opened, closed = documents
    judged = [[one["account"] for one in document["find-account"]["accounts"]] for document in documents]
    assert {*judged[0]} >= {*WORDS}
    names = {*judged[1]}
    assert len(names) == len(judged[0])
    assert all(re.fullmatch(r"u-[a-z2-7]{10}(@example\.it)?", name) for name in names)
    # what says which passwords are weak is left out; all else has the same keys, and the same words but for the names
    for document in documents:
        document["weak-passwords"] = document["weak_proof"] = document["absent"]["weak-passwords"] = None
        document["proof"] = {at: row for at, row in document["proof"].items() if row["title"] not in TELLING}
        document["case"]["redacted"] = document["next"] = None
        for one in (*document["accused"], *document["find-account"]["accounts"]):
            one["weak_password"] = None
        for one in document["accused"]:
            one["signals_proof"].pop(WEAK_SIGNAL, None)
        for one in document["find-account"]["accounts"]:
            one["signals"] = [signal for signal in one["signals"] if signal["name"] != WEAK_SIGNAL]
    given = dict(pair for texts in texts_beside(opened, closed) for pair in names_between(*texts))
    assert given.keys() >= {name.partition("@")[0] for name in names}
    assert {given[name.partition("@")[0]] for name in names} == {name.partition("@")[0] for name in judged[0]}
    for name in ("findings.json", "inputs.json", "indicators.stix.json", "indicators.misp.json"):
        json.loads((tmp_path / "closed" / name).read_text("utf-8"))
    assert "mail/_outgoing/" in (tmp_path / "closed" / "inputs.json").read_text("utf-8")


def test_the_stream_of_logins_names_nobody(cli: Callable[..., Ran], tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(story("guide"), root)
    log_in(root, "mail")
    ran = cli("investigate", "--root", root, "--format", "ecs", "--redact")
    events = [json.loads(line) for line in ran.out.split("\n")[:-1]]
    users = {event["user"]["name"] for event in events if "user" in event}
    assert users
    assert all(re.fullmatch(r"u-[a-z2-7]{10}", name) for name in users)
    assert all(
        f" on {event['user'].get('email', event['user']['name'])} from " in event["message"]
        for event in events
        if "user" in event
    )
    assert not re.search(r"203\.0\.113\.155|\buser@|\bgiulia\b| mail ", ran.out)


def test_every_key_with_text_has_a_rule(cli: Callable[..., Ran], tmp_path: Path) -> None:
    """A new key is searched like a text of the evidence; whether it is one, or a name, must be said."""
    ran = cli("investigate", "--root", story("guide"), "-o", tmp_path / "case")
    assert ran.code == 0
    lines = (tmp_path / "case" / "timeline.jsonl").read_text("utf-8").split("\n")[:-1]
    stream = cli("investigate", "--root", story("guide"), "--format", "ecs").out.split("\n")[:-1]
    documents = [json.loads(line) for line in (*lines, *stream)]
    documents += [
        json.loads((tmp_path / "case" / name).read_text("utf-8")) for name in ("findings.json", "inputs.json")
    ]
    unruled = {key for document in documents for key in _texts_of(document)}
    assert sorted(unruled) == []


def _texts_of(document: object, key: str = "", under: str = "") -> Iterator[str]:
    if isinstance(document, dict):
        for name, value in document.items():
            yield from _texts_of(value, name, key)
    elif isinstance(document, list):
        for value in document:
            yield from _texts_of(value, key, under)
    elif isinstance(document, str) and not {f"{under}.{key}", f"{under}.*", key} & RULES.keys():
        yield f"{under}.{key}"
