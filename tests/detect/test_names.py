"""Who is meant by a name as typed."""

from __future__ import annotations

import pytest

from breachkit.detect.lookalike import is_random_looking
from breachkit.detect.names import Directory, Resolved
from breachkit.detect.passwords.weakness import weakness_of
from breachkit.records import Account, Locus
from breachkit.spelling import spelled
from breachkit.text.sasl import Fingerprints

SOURCE = Locus("users.csv", 0, 1)
ANNA = Account("anna@example.it", ("arossi",), ("info", "sales@example.it"), True, SOURCE)
SARA = Account("sara@example.it", ("sara",), (), True, SOURCE)
OTHER = Account("sara@example.net", ("sara",), (), True, SOURCE)


@pytest.mark.parametrize(
    ("typed", "spelling"),
    [
        ("Anna", "anna"),
        (" ANNA@Example.IT ", "anna@example.it"),
        ("anna%example.it", "anna@example.it"),
        (r"Example.it\Anna", "anna@example.it"),
        (r"WS7\anna", r"ws7\anna"),
        ("anna/example.it", "anna@example.it"),
        ("50%off", "50%off"),
        ("%example.it", "%example.it"),
        ("example.it/anna", "anna@example.it"),
        ("anna@example.it.", "anna@example.it"),
        ("anna@example.it;", "anna@example.it"),
        ('"anna@example.it"', "anna@example.it"),
        ("'anna@example.it'", "anna@example.it"),
        ('"anna"@example.it', "anna@example.it"),
        ("[anna@example.it]", "anna@example.it"),
        ("Anna Rossi <anna@example.it>", "anna@example.it"),
        ("...", "..."),
    ],
)
def test_spelling(typed: str, spelling: str) -> None:
    assert spelled(typed) == spelling


@pytest.mark.parametrize(
    ("typed", "resolved"),
    [
        ("anna@example.it", Resolved("anna@example.it")),
        ("AROSSI", Resolved("anna@example.it")),
        ("info", Resolved("anna@example.it")),
        ("info%example.it", Resolved("anna@example.it")),
        ("sales@example.it", Resolved("anna@example.it")),
        ("sara", Resolved("sara", ("sara@example.it", "sara@example.net"))),
        ("sara@example.net", Resolved("sara@example.net")),
        ("nobody", Resolved("nobody")),
    ],
)
def test_an_export_resolves_names_and_never_by_chance(typed: str, resolved: Resolved) -> None:
    assert Directory([ANNA, SARA, OTHER]).resolve(typed) == resolved


def test_without_an_export_a_bare_name_needs_a_single_domain() -> None:
    assert Directory([], {"anna@example.it", "marco@example.it"}).resolve("anna").account == "anna@example.it"
    assert Directory([], {"anna@example.it", "marco@example.net"}).resolve("anna") == Resolved("anna")
    assert Directory([ANNA], {"marco@example.it"}).resolve("marco") == Resolved("marco")


def test_an_account_may_call_itself_by_its_own_names() -> None:
    directory = Directory([ANNA])
    assert directory.is_own("anna@example.it", "sales@example.it")
    assert directory.is_own("anna@example.it", "info@example.it")
    assert not directory.is_own("anna@example.it", "pippo@gmail.com")
    assert directory.is_own("user", "user@example.it")


FINGERPRINTS = Fingerprints(b"k")


@pytest.mark.parametrize(
    ("secret", "weakness"),
    [
        ("arossi", "equals-username"),
        ("info", "equals-alias"),
        ("anna@example.it", "equals-alias"),
        ("AROSSI", "username-variant"),
        ("issora", "username-variant"),
        ("Info", "alias-variant"),
        ("arossi1", "username-variant"),
        ("Tr4monto.kappa", None),
        ("", None),
    ],
)
def test_a_secret_that_is_a_name_is_told_by_its_fingerprint(secret: str, weakness: str | None) -> None:
    found = weakness_of("anna@example.it", ["arossi"], [FINGERPRINTS.of(secret)], Directory([ANNA]), FINGERPRINTS.of)
    assert found == weakness


@pytest.mark.parametrize(
    "name", ["giovanni.schmidt", "mario.rossi1974", "christoph", "amministrazione", "o.wright", "info", "zxq"]
)
def test_names_that_people_chose(name: str) -> None:
    assert not is_random_looking(name)


@pytest.mark.parametrize("name", ["x7k2m9qa", "bxqtrwplk", "qzkvjxh", "w2enhyr2v8u", "hg5mqlwzc4"])
def test_letters_thrown_by_a_machine(name: str) -> None:
    assert is_random_looking(name)


@pytest.mark.parametrize(
    "typed",
    [
        "<arossi@example.it>",
        "EXAMPLE\\arossi",
        "example.it\\arossi",
        "arossi%example.it",
        "ws7\\AROSSI",
        "EXAMPLE/arossi",
    ],
)
def test_another_spelling_is_the_same_account(typed: str) -> None:
    directory = Directory([ANNA])
    assert directory.resolve(typed).account == "anna@example.it"
    assert directory.is_known(typed)


def test_a_windows_name_that_two_domains_have_is_told_by_the_domain_or_not_at_all() -> None:
    directory = Directory((), ["anna@example.it", "anna@other.example"])
    assert directory.resolve("OTHER\\anna").account == "anna@other.example"
    assert directory.resolve("WS7\\anna").candidates == ("anna@example.it", "anna@other.example")
    assert not directory.is_known("WS7\\s3cret")


def test_a_tagged_address_is_the_accounts_that_is_seen_without_the_tag() -> None:
    assert Directory([ANNA]).resolve("anna+x@example.it").account == "anna@example.it"
    directory = Directory((), ["anna+shop@example.it", "anna@example.it", "lia+x@example.it"])
    assert directory.resolve("anna+shop@example.it").account == "anna@example.it"
    assert directory.resolve("lia+x@example.it").account == "lia+x@example.it"
