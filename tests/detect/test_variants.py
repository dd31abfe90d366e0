from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachkit.detect.passwords.variants import LIKELIEST, candidates, is_conceivable, likeliest, sources_of
from breachkit.detect.passwords.vocabulary import AccountNames, names_of_address, vocabulary_of
from breachkit.detect.passwords.weakness import weaknesses_by_name
from tests.scale.johnrules import apply, expand

NAMES = names_of_address("mario.rossi@studio-verdi.it", ["mario.rossi"], ["vendite"], "Mario Rossi Bianchi")

FAMILIES = [
    *("l", "u", "c", "C", "t", "l T1", "l T[2-4]", "c T3", "V", "u S"),
    *("r", "l r", "c r", "d", "l d", "f", "l f", "r c", "{", "}", "l { {"),
    *("l $[0-9!.?]", "c $[a-z]", "^[0-9!]", "l ^[A-Z]", "l r $[1-5]", "c $1 $2 $3", "l ^! $!"),
    *("l Az'19[6-9][0-9]'", "c Az'20[0-2][0-9]'", "l Az'[0-9][0-9]'", "u Az'007'"),
    *("l sa4", "l se3 so0", "c sa@", "l si1 ss$", "l sa4 se3 so0 ss5"),
    *("l R", "l L", "l R R", "c R", "c L", "l @?v", "l @?v d", "l 'N".replace("N", "[4-6]")),
    *("\\[", "\\]", "l D[1-4]", "l x[1-3]4", "l x14", "l p", "l P", "l I", "l i[12].", "A0'the'", "c A0'Mr'"),
]
"""One line for each family of John's `single` rules, in its language, written here."""

RULES = [rule for line in FAMILIES for rule in expand(line)]

name_words = st.text("abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=12)


@given(word=name_words, rule=st.sampled_from(RULES))
@settings(max_examples=400, deadline=None)
def test_every_variant_of_a_name_by_johns_rules_is_found(word: str, rule: str) -> None:
    made = apply(rule, word)
    if made is None or len(made) < 2:
        return
    assert sources_of(made, vocabulary_of(AccountNames((word,), ()))) & 1, (word, rule)
    assert is_conceivable(made, word), (word, rule)


@pytest.mark.parametrize(
    "secret",
    [
        *("Mario2024!", "!mario.rossi", "M4r10", "oiram1985", "mariomario", "ROSSI.MARIO", "Mrossi99", "rossim"),
        *("mario_estate2023", "Estate2024mario", "mario01021985", ",stop", "oiram", "Màrio", "mario@2024"),
    ],
)
def test_what_people_do_to_a_user_name_is_undone(secret: str) -> None:
    assert weaknesses_by_name(secret, NAMES, vocabulary_of(NAMES))[0] == "username-variant"


@pytest.mark.parametrize(
    "secret", ["Tramonto-Vela77", "kR8!vQz2", "correct-horse-battery", "8cherries&Milk", "zzzzzzzz"]
)
def test_what_has_nothing_of_the_names_is_left_alone(secret: str) -> None:
    assert weaknesses_by_name(secret, NAMES, vocabulary_of(NAMES)) == []


@pytest.mark.parametrize(
    ("secret", "first"),
    [
        ("mario.rossi", "equals-username"),
        ("Mario.Rossi", "username-variant"),
        ("vendite", "equals-alias"),
        ("mario.rossi@studio-verdi.it", "equals-alias"),
        ("vendite@studio-verdi.it", "equals-alias"),
        ("Vendite1", "alias-variant"),
        ("bianchi77", "name-variant"),
        ("studioverdi!", "domain-variant"),
        ("Verdi2020", "domain-variant"),
        ("studio-verdi9", "domain-variant"),
    ],
)
def test_each_name_has_its_class(secret: str, first: str) -> None:
    assert weaknesses_by_name(secret, NAMES, vocabulary_of(NAMES))[0] == first


def test_an_alias_equal_to_the_user_name_counts_as_user_name() -> None:
    names = names_of_address("user@example.it", ["user"], ["user", "ordini"], "")
    assert weaknesses_by_name("user", names, vocabulary_of(names)) == ["equals-username"]
    assert weaknesses_by_name("user1", names, vocabulary_of(names)) == ["username-variant"]


def test_a_user_name_that_is_an_address_has_a_local_part() -> None:
    names = names_of_address("anna@example.it", ["anna@example.it"], [], "")
    assert weaknesses_by_name("anna", names) == ["equals-username"]
    assert weaknesses_by_name("Anna7", names) == ["username-variant"]


def test_the_local_part_of_an_address_is_an_alias_where_the_user_name_is_another() -> None:
    names = names_of_address("anna@example.it", ["u17"], ["anna"], "")
    assert weaknesses_by_name("anna", names) == ["equals-alias"]
    assert weaknesses_by_name("u17", names) == ["equals-username"]


def test_random_passwords_are_not_variants_of_long_and_short_names() -> None:
    dice = random.Random(7)
    short = vocabulary_of(names_of_address("li.wu@ab.it", ["li"], ["al", "max"], "Li Wu"))
    signs = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    made = ["".join(dice.choices(signs, k=10)) for _ in range(3000)]
    assert not [secret for secret in made if sources_of(secret, short) or sources_of(secret, vocabulary_of(NAMES))]


def test_everything_that_is_done_to_names_can_be_undone() -> None:
    vocabulary = vocabulary_of(NAMES)
    made = list(candidates(NAMES, vocabulary))
    assert len(made) == len(set(made)) > 10_000
    assert not [one for one in made[::37] if not weaknesses_by_name(one, NAMES, vocabulary)]


def test_the_names_themselves_come_first_and_the_order_is_the_same_every_time() -> None:
    vocabulary = vocabulary_of(NAMES)
    made = list(itertools.islice(candidates(NAMES, vocabulary), 5))
    assert made[:2] == ["mario.rossi", "vendite"]
    few = likeliest(NAMES, vocabulary, ["123456", "password"])
    assert len(few) == LIKELIEST
    assert {"mario.rossi", "mario.rossi123", "vendite", "123456"} <= set(few)


@given(secret=st.text(max_size=80), name=st.text(max_size=20))
@settings(max_examples=150, deadline=None)
def test_no_text_is_too_odd(secret: str, name: str) -> None:
    assert 0 <= sources_of(secret, vocabulary_of(AccountNames((name,), (name[::-1],), secret, name))) < 16
