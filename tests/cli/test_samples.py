"""What the shipped stories look like to the person who runs breachkit on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import story
from tests.evidence import SHIPPED
from tests.schemas import validate

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ran


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("command", ["scan", "group", "find-account"])
def test_text_and_json_are_golden(
    name: str,
    command: str,
    cli: Callable[..., Ran],
    golden: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(story(name).parents[2])
    root = f"sample_queues/icewarp/{name}"
    text = cli(command, "--root", root)
    assert (text.code, text.err) == (0, "")
    golden(f"{command}-{name}.txt", text.out)
    written = cli(command, "--root", root, "--format", "json")
    assert (written.code, written.err) == (0, "")
    validate(written.out)
    golden(f"{command}-{name}.json", written.out)


def test_a_trace_is_golden(
    cli: Callable[..., Ran], golden: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(story("guide").parents[2])
    root = "sample_queues/icewarp/guide"
    text = cli("trace", "AAD39323", "--root", root)
    assert (text.code, text.err) == (0, "")
    golden("trace-guide.txt", text.out)
    written = cli("trace", "AAD39323", "--root", root, "--format", "json")
    document = validate(written.out)
    assert [(one["kind"], one["outcome"]) for one in document["sessions"]] == [
        ("server", "accepted"),
        ("client", "failed"),
    ]
    assert document["sessions"][0]["auth_user"] == "user@example.it"


@pytest.mark.parametrize("wanted", ["user@example.it", "USER", "203.0.113.155"])
def test_an_account_or_an_address_can_be_traced(wanted: str, cli: Callable[..., Ran]) -> None:
    ran = cli("trace", wanted, "--root", story("guide"), "--format", "json", "--limit", "3")
    document = validate(ran.out)
    assert len(document["sessions"]) == 3
    assert document["sessions_found"] > 100
    shown = cli("trace", wanted, "--root", story("guide"))
    assert f"20 of {document['sessions_found']} sessions shown; --limit 0 shows all." in shown.out


def test_finding_something_can_fail_a_script(cli: Callable[..., Ran]) -> None:
    assert cli("find-account", "--root", story("guide"), "--fail-on-findings").code == 10
    assert cli("scan", "--root", story("guide"), "--fail-on-findings").code == 10
