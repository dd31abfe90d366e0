"""A secret that is let go at a glance is none that trying would have told."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachkit.detect.names import Directory
from breachkit.detect.passwords.variants import candidates
from breachkit.detect.passwords.vocabulary import AccountNames, names_of_address, vocabulary_of
from breachkit.detect.passwords.weakness import (
    FAR,
    IN_PASSING,
    NEAR,
    UNLIKELY,
    distance_of,
    weakness_of,
    weaknesses_by_name,
)
from breachkit.records import Account, Locus
from breachkit.spelling import spelled
from breachkit.text.sasl import Fingerprints

NAMES = st.from_regex(r"[A-Za-z0-9._-]{1,12}(@[a-z0-9]{1,8}(\.[a-z0-9]{1,8}){0,3})?", fullmatch=True)


def names_of(typed: str) -> AccountNames:
    account = spelled(typed)
    return names_of_address(account, (account.partition("@")[0],), (account,), "")


@settings(max_examples=300, deadline=None)
@given(NAMES)
def test_none_of_the_first_variants_of_a_name_is_unlikely(typed: str) -> None:
    names = names_of(typed)
    made = itertools.islice(candidates(names, vocabulary_of(names)), IN_PASSING)
    assert [secret for secret in made if distance_of(typed, secret) != NEAR and weaknesses_by_name(secret, names)] == []


@settings(max_examples=8, deadline=None)
@given(NAMES)
def test_nothing_made_of_a_name_is_far_from_it(typed: str) -> None:
    names = names_of(typed)
    vocabulary = vocabulary_of(names)
    far = [secret for secret in candidates(names, vocabulary) if distance_of(typed, secret) == FAR]
    assert [secret for secret in far if weaknesses_by_name(secret, names, vocabulary)] == []


@pytest.mark.parametrize(
    ("typed", "secret", "expected"),
    [
        ("anna@example.it", "Tzqqqqqqk7", FAR),
        ("user1@dom1.example", "pw3f9a1c2e", FAR),
        ("anna@example.it", "annabcd", UNLIKELY),
        ("anna@example.it", "Anna2024", NEAR),
    ],
)
def test_letters_tell_how_far_a_secret_is(typed: str, secret: str, expected: int) -> None:
    assert distance_of(typed, secret) == expected


@pytest.mark.parametrize("depth", [IN_PASSING, None])
def test_what_is_far_from_the_name_typed_is_held_against_others(depth: int | None) -> None:
    """An alias with other letters than were typed: the secret may come of it all the same."""
    fingerprint = Fingerprints(b"key").of
    account = Account("bob@b.example", ("bob",), ("zuzzurro",), is_person=True, source=Locus("f", 0, 1))
    secret = fingerprint("zuzzurro1")
    far = {secret: distance_of("bob@b.example", "zuzzurro1")}
    assert far == {secret: FAR}
    asked = "bob@b.example", {"bob@b.example"}, {secret}, Directory([account]), fingerprint, depth
    assert weakness_of(*asked, far) == weakness_of(*asked) == "alias-variant"
    assert weakness_of("bob@b.example", {"bob@b.example"}, {secret}, Directory([]), fingerprint, depth, far) is None
