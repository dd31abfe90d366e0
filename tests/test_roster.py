"""Accounts that are packed are the accounts that were put in."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from breachkit.columns import Roster
from breachkit.detect.names import Directory
from breachkit.records import Account, Locus

texts = st.text(st.characters(exclude_categories=[]), max_size=12)
names = st.lists(texts, max_size=3).map(tuple)
numbers = st.integers(0, 2**60)
places = st.builds(Locus, st.sampled_from(["users.csv", "b.csv", "\udcff"]), numbers, numbers, texts)
accounts = st.lists(st.builds(Account, texts, names, names, st.booleans(), places), max_size=8)


@given(accounts)
@settings(deadline=None)
def test_what_was_put_in_comes_out(given_accounts: list[Account]) -> None:
    roster = Roster(given_accounts)
    assert len(roster) == len(given_accounts)
    assert list(roster) == given_accounts
    assert roster[1:] == given_accounts[1:]
    assert [roster[at - 1] for at in range(len(roster))] == [given_accounts[at - 1] for at in range(len(roster))]
    roster.append(Account("a@example.net", (), (), False, Locus("x", 1, 2)))
    assert roster[-1].source == Locus("x", 1, 2)


few = st.text("ab@%/.", min_size=1, max_size=5)
people = st.builds(
    Account,
    st.builds("{}@{}.it".format, st.sampled_from("abc"), st.sampled_from("xy")),
    st.lists(few, max_size=2).map(tuple),
    st.lists(few, max_size=2).map(tuple),
    st.just(True),
    st.just(Locus("users.csv", 0, 1)),
)


@given(st.lists(people, max_size=5), st.lists(few, max_size=3), few)
@settings(deadline=None)  # the first one imports numpy
def test_a_directory_of_packed_accounts_answers_as_one_of_plain_ones(
    given_accounts: list[Account], seen: list[str], name: str
) -> None:
    packed, plain = Directory(Roster(given_accounts), seen), Directory(given_accounts, seen)
    assert packed.resolve(name) == plain.resolve(name)
    assert packed.is_known(name) == plain.is_known(name)
    assert packed.names_of(name) == plain.names_of(name)
    assert packed.domains == plain.domains
