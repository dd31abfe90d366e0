"""Which words may stand in a line that is pasted into a shell."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from breachkit.shells import guarded, is_safe, line, notes

SAFE = [
    "user@example.it",
    "http://pillole.example/v?a=1#b",
    "buy it, now: +39 06",
    "20261120-101500-3fa2",
    "mail/_outgoing/a.tmp",
    "a_b-c+d",
    "#1",
    "?",
    ",",
    "@example.it",
]
UNSAFE = [
    *("", " a", "a ", "-rf", "--yes", "a&b", "a|b", "a;b", "$a", "`a`", "%PATH%", "a^b", "a<b", "a>b", "a\\b", "it's"),
    *('"a"', "a\nb", "a\tb", "a\0b", "(a)", "{a}", "[a]", "~", "*", "a!", "è", "\u2018a\u2019", "\u201ca", "\udce8"),
]


@pytest.mark.parametrize("word", SAFE)
def test_a_safe_word_is_one_word_in_every_shell(word: str) -> None:
    assert is_safe(word)
    spelled = line([word])
    assert spelled in {word, f'"{word}"'}
    assert shlex.split(spelled) == [word]
    assert guarded("purge", [word]) == [word]


@pytest.mark.parametrize("word", UNSAFE)
def test_any_other_word_of_the_evidence_has_a_stand_in(word: str) -> None:
    assert not is_safe(word)
    assert guarded("contain", [word, "b@x.example"]) == ["ACCOUNT", "b@x.example"]
    assert guarded("trace", [word]) == ["ACCOUNT"]
    assert guarded("restore", [word]) == ["RUN"]
    assert guarded("purge", ["--account", word, "--dry-run"]) == ["--account", "ACCOUNT", "--dry-run"]
    [note] = notes(["breachkit contain ACCOUNT --root /x"])
    assert note.startswith("For ACCOUNT type the account's name as it is shown above")
    assert notes(["breachkit contain account@x.example"]) == []


def test_a_name_that_looks_like_an_option_is_no_option() -> None:
    assert guarded("purge", ["--account", "--dry-run"]) == ["--account", "ACCOUNT"]
    assert guarded("contain", ["--output=/etc/passwd"]) == ["ACCOUNT"]


@given(st.text(min_size=1).filter(lambda text: "\0" not in text))
@example("it's here; rm -rf")
def test_a_typed_word_is_itself_to_a_posix_shell(word: str) -> None:
    assert shlex.split(line(["x", word], is_windows=False)) == ["x", word]


@pytest.mark.parametrize(
    ("word", "spelled"),
    [
        (r"C:\IceWarp", r'"C:\IceWarp"'),
        (r"C:\Program Files (x86)\IceWarp", r'"C:\Program Files (x86)\IceWarp"'),
        ("D:\\", '"D:\\\\"'),
        (r"C:\a & b", r'"C:\a & b"'),
        (r"C:\100%", '"AS TYPED BEFORE"'),
        (r"C:\$Recycle", '"AS TYPED BEFORE"'),
        ('a"b', '"AS TYPED BEFORE"'),
        ("a\u201db", '"AS TYPED BEFORE"'),
        ("mail1", "mail1"),
    ],
)
def test_a_typed_word_on_windows_is_quoted_for_both_shells_or_not_repeated(word: str, spelled: str) -> None:
    assert line([word], is_windows=True) == spelled
    if spelled != '"AS TYPED BEFORE"':
        assert subprocess.list2cmdline([word]).strip('"') == spelled.strip('"') or word.endswith("\\")
