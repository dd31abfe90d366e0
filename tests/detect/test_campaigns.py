"""Small queues with one run in them, and their innocent twins."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachkit.detect.campaigns.bulk import Judged
from breachkit.detect.campaigns.campaign import Campaigns
from breachkit.detect.campaigns.choice import StringSearch, Tried, candidates_of, choose
from breachkit.detect.campaigns.grouping import find_campaigns
from breachkit.detect.campaigns.passages import Passage, passage_of
from breachkit.detect.campaigns.plain_groups import find_groups, subject_shape
from breachkit.detect.campaigns.sample import choose_sample
from breachkit.detect.campaigns.strings import corpus_of, find_shared
from breachkit.records import Locus, Message
from breachkit.servers import QueueFolder
from breachkit.text.message import decoded_texts
from tests.campaigns.letter import Letter, as_html, written
from tests.campaigns.office import Office
from tests.campaigns.tongue import Tongue, token
from tests.servers.icewarp.factories import message_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

QUEUE = QueueFolder(Path("_outgoing"), "_outgoing")
QUARANTINE = QueueFolder(Path("moved"), "moved", is_quarantine=True)
ANNA = "anna@house.example"
LINK = "http://cheap-boxes.example/buy"


class Mail:
    """A queue in memory."""

    def __init__(self, *letters: Letter, seed: int = 1) -> None:
        rng = random.Random(seed)
        self.raws = {f"{at:05d}": written(one, rng, envelope=True, eol="\n") for at, one in enumerate(letters)}

    def messages(self, names: list[str] | None = None, folder: QueueFolder = QUEUE) -> list[Message]:
        return [message_of(self.raws[name], folder, 0, Locus(name, 0, 1)) for name in names or sorted(self.raws)]

    def __call__(self, message: Message) -> bytes:
        return self.raws[message.files[0]]

    def each(
        self, messages: Sequence[Message], look: Callable[[bytes], Any], _progress: Callable[[int], object]
    ) -> Iterator[Any]:
        return (look(self(message)) for message in messages)

    def grouped(self, messages: list[Message] | None = None, **asked: Any) -> Campaigns:
        return find_campaigns(messages or self.messages(), self, **asked)


def letter(rng: random.Random, text: str, **changes: Any) -> Letter:
    rcpt = f"{token(rng)}@{token(rng)}.example"
    plain = Letter(None, ANNA, ANNA, ANNA, "Anna", rcpt, token(rng), text, second=rng.randrange(9000))
    return plain._replace(**changes)


def forged(rng: random.Random, text: str, **changes: Any) -> Letter:
    sender = f"{token(rng)}@{token(rng)}.example"
    return letter(rng, text, mail_from=sender, header_from=sender, **changes)


def office(seed: int, count: int) -> list[Letter]:
    rng = random.Random(seed)
    return Office(rng, Tongue(rng, 1500), staff=25).letters(count)


def noise(rng: random.Random, words: int) -> str:
    return " ".join(token(rng, 3, 9) for _ in range(words))


def around(rng: random.Random, lure: str) -> str:
    return f"{noise(rng, 20)}\n{lure}\n{noise(rng, 20)}\n"


GUILTY: dict[str, Callable[[random.Random], Letter]] = {
    "one text": lambda rng: forged(rng, f"Buy our fine boxes today\nonly this week\n{LINK}\n"),
    "a link among noise": lambda rng: forged(rng, around(rng, LINK)),
    "a link among noise, in the account's own name": lambda rng: letter(rng, around(rng, LINK)),
    "a link under random words": lambda rng: letter(rng, f"{noise(rng, 30)}\n{LINK}\n"),
    "a random host before a fixed one": lambda rng: forged(rng, around(rng, f"http://{token(rng)}.cheap-boxes.example/")),
    "a number to call": lambda rng: forged(rng, around(rng, f"call +44 7700 900123 {token(rng)}")),
    "a product between random words": lambda rng: forged(rng, around(rng, f"{token(rng)} the marvellous Boxomatic 3000 {token(rng)}")),
    "base64": lambda rng: forged(rng, around(rng, f"è già {LINK}"), coding="base64"),
    "quoted-printable": lambda rng: forged(rng, around(rng, f"è già {LINK}"), coding="quoted-printable", charset="cp1252"),
    "entities": lambda rng: forged(rng, "see below", html=as_html(around(rng, "buy boxes now at our place"), entities=True)),
    "an encoded subject": lambda rng: forged(rng, noise(rng, 20), subject="Più scatole per tutti, oggi", coded_subject=True),
    "a reply address": lambda rng: forged(rng, noise(rng, 30), reply_to="dr.boxes@scatole.example"),
    "without authentication": lambda rng: forged(rng, around(rng, LINK), account=None),
}  # fmt: skip


@pytest.mark.parametrize("name", GUILTY)
def test_a_run_is_found_whole_and_nothing_else_with_it(name: str) -> None:
    rng = random.Random(name)
    run = [GUILTY[name](rng) for _ in range(14)]
    found = Mail(*run, *office(5, 60)).grouped()
    [campaign] = [one for one in found.campaigns if not one.bulk]
    assert campaign.members == tuple(range(14))
    assert campaign.strings[0].messages == 14
    assert {row.text: row.elsewhere for row in campaign.strings}[campaign.purge_string] == 0


def test_a_link_is_the_string_also_when_the_sample_shows_only_copies_with_the_same_words_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("breachkit.detect.campaigns.grouping.SAMPLES", (40,))
    rng = random.Random(5)
    pitch = "the marvellous boxes are here again today"
    broken = [at % 12 == 0 for at in range(60)]
    texts = (f"{pitch}{chr(10) if is_broken else ' '}{LINK}" for is_broken in broken)
    mail = Mail(*(forged(rng, around(rng, text)) for text in texts), *office(5, 60))
    [campaign] = [one for one in mail.grouped().campaigns if not one.bulk]
    assert campaign.members == tuple(range(60))
    assert campaign.purge_string == LINK


SIGNATURE = "\n-- \nAnna Verdi\nSales\nHouse S.p.A. - Tel. +39 02 5550123\nhttps://www.house.example/\n"
DISCLAIMER = (
    "\nThis message is confidential and meant for its addressee only. See http://privacy-notice.example/ for all of it,"
    "\nand delete it at once should you have received it in error, without opening what is attached to it.\n"
)


INNOCENT: dict[str, Callable[[random.Random, Tongue], Letter]] = {
    "a signature": lambda rng, tongue: letter(rng, tongue.paragraph(rng, 200) + SIGNATURE),
    "a disclaimer of several colleagues": lambda rng, tongue: letter(
        rng, tongue.paragraph(rng, 200) + DISCLAIMER, account=(name := f"p{rng.randrange(9)}@house.example"), mail_from=name, header_from=name
    ),
    "a set phrase": lambda rng, tongue: letter(
        rng, tongue.paragraph(rng, 300) + "\nPlease find enclosed what we spoke about.\n" + tongue.paragraph(rng, 300)
    ),
    "a quoted letter": lambda rng, tongue: letter(
        rng, tongue.paragraph(rng, 150) + "\n\n> Come and see http://our-fair.example/ in May\n> all of you are welcome\n"
    ),
    "what the mail program writes": lambda rng, tongue: letter(
        rng, tongue.paragraph(rng, 200), html=as_html(tongue.paragraph(rng, 200)), headers=("X-Mailer: Letters 7.1 for Desks",)
    ),
    "bounces": lambda rng, _tongue: letter(
        rng, "This is the mail system at host mail.house.example. See http://help.example/\n", account=None, mail_from=""
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", INNOCENT)
def test_what_innocent_mail_shares_makes_no_campaign(name: str) -> None:
    rng = random.Random(name)
    tongue = Tongue(rng, 1500)
    mail = Mail(*(INNOCENT[name](rng, tongue) for _ in range(20)), *office(6, 40))
    assert [one.purge_string for one in mail.grouped().campaigns if not one.bulk] == []


def test_innocent_mail_of_the_accounts_that_were_entered_stays_out() -> None:
    rng = random.Random(3)
    tongue = Tongue(rng, 1500)
    run = [letter(rng, around(rng, LINK)) for _ in range(15)]
    own = [letter(rng, tongue.paragraph(rng, 200) + SIGNATURE) for _ in range(15)]
    [campaign] = Mail(*run, *own, *office(5, 40)).grouped().campaigns[:1]
    assert campaign.members == tuple(range(15))


def test_interleaving_runs_of_one_account_are_told_apart() -> None:
    rng = random.Random(4)
    lures = ["http://boxes.example/a", "call +44 7700 900123 now", "tiny-loans.example/apply"]
    mail = Mail(*(forged(rng, around(rng, lures[at % 3])) for at in range(45)), *office(5, 40))
    spam = [one for one in mail.grouped().campaigns if not one.bulk]
    assert sorted(one.members for one in spam) == [tuple(range(at, 45, 3)) for at in range(3)]


def newsletter(rng: random.Random, **changes: Any) -> Letter:
    text = (
        "News of the month\n"
        + "The fair is open again, come and see it. " * 8
        + f"\nhttps://www.house.example/{token(rng)}\n"
    )
    way_out = {"headers": ("List-Unsubscribe: <https://www.house.example/out>",)}
    return letter(rng, text, **(way_out | changes))


@pytest.mark.parametrize(
    ("changes", "asked", "bulk"),
    [
        ({}, {}, True),
        ({}, {"judged": Judged(accused=frozenset({ANNA}))}, False),
        ({"headers": ()}, {}, False),
        ({"headers": ()}, {"judged": Judged(clear=frozenset({ANNA}))}, True),
        ({"headers": ()}, {"judged": Judged()}, False),
        ({"header_from": "bank@elsewhere.example"}, {}, False),
    ],
)
def test_bulk_is_lawful_by_its_way_out_and_steady_sender_or_by_the_logs(
    changes: dict[str, Any], asked: dict[str, Any], bulk: bool
) -> None:
    rng = random.Random(7)
    found = Mail(*(newsletter(rng, **changes) for _ in range(12)), *office(5, 40)).grouped(**asked)
    [campaign] = [one for one in found.campaigns if 0 in one.members]
    assert (campaign.messages, campaign.bulk) == (12, bulk)


def test_mass_mail_from_two_addresses_is_not_lawful() -> None:
    rng = random.Random(7)
    mail = Mail(*(newsletter(rng, peer=f"198.51.100.{at % 2}") for at in range(12)), *office(5, 40))
    [campaign] = [one for one in mail.grouped().campaigns if 0 in one.members]
    assert not campaign.bulk


@pytest.mark.parametrize(("others", "bulk"), [(1, True), (9, False)])
def test_a_colleague_who_passes_a_mailing_on_makes_it_no_run(others: int, bulk: bool) -> None:
    rng = random.Random(7)
    bob = {"account": "bob@house.example", "mail_from": "bob@house.example", "header_from": "bob@house.example"}
    passed_on = [newsletter(rng, headers=(), peer="198.51.100.9", **bob) for _ in range(others)]
    mail = Mail(*(newsletter(rng) for _ in range(60)), *passed_on, *office(5, 40))
    [campaign] = [one for one in mail.grouped().campaigns if 0 in one.members]
    assert (campaign.messages, campaign.bulk) == (60 + others, bulk)


def test_bulk_comes_last_and_what_is_in_no_group_is_counted() -> None:
    rng = random.Random(7)
    letters = [newsletter(rng) for _ in range(30)] + [forged(rng, around(rng, LINK)) for _ in range(9)]
    found = Mail(*letters, *(letter(rng, noise(rng, 30)) for _ in range(7))).grouped()
    assert [(one.messages, one.bulk) for one in found.campaigns] == [(9, False), (30, True)]
    assert found.ungrouped == 7


def test_elsewhere_counts_what_holds_a_string_only_as_a_reader_sees_it() -> None:
    rng = random.Random(8)
    pitch = "Buy our fine boxes today and only this week"
    run = [forged(rng, f"{noise(rng, 20)}\n{pitch}\n{noise(rng, 20)}\n") for _ in range(14)]
    words = pitch.split()
    others = [
        letter(rng, f"{noise(rng, 9)}\n{' '.join(words[:4])}\n{' '.join(words[4:])}\n{noise(rng, 9)}\n"),
        letter(rng, "see below", html=f"<p>{noise(rng, 9)}<p>{pitch.replace('boxes', 'bo<b>xe</b>s')}</p>"),
        letter(rng, f"{noise(rng, 9)}\n{pitch.replace(' ', '  ')}\n", coding="base64"),
    ]
    found = Mail(*run, *others, *office(5, 60)).grouped()
    [campaign] = [one for one in found.campaigns if not one.bulk]
    assert campaign.purge_string in pitch
    assert [(row.messages, row.elsewhere) for row in campaign.strings if row.text == campaign.purge_string] == [(14, 3)]


def test_elsewhere_counts_in_other_campaigns_what_a_reader_sees_and_an_open_comment_hides_nothing() -> None:
    rng = random.Random(9)
    pitch = "Buy our fine boxes today and only this week"
    run = [forged(rng, f"{noise(rng, 20)}\n{pitch}\n{noise(rng, 20)}\n") for _ in range(14)]
    split = "<i></i>".join(pitch[at : at + 3] for at in range(0, len(pitch), 3))
    other = "The winter sale of wooden chairs has begun in all our houses"
    shop = [forged(rng, f"{other} <!--\n{noise(rng, 20)}", html=f"{other}<p>{split}<p>-->") for _ in range(9)]
    found = Mail(*run, *shop, *office(5, 60)).grouped()
    [first, second] = [one for one in found.campaigns if not one.bulk]
    assert [(first.messages, first.purge_string in pitch), second.messages] == [(14, True), 9]
    assert {row.text: row.elsewhere for row in first.strings}[first.purge_string] == 9


def test_elsewhere_counts_innocent_holders_of_the_other_strings() -> None:
    rng = random.Random(8)
    run = [forged(rng, around(rng, f"{LINK} with free delivery everywhere")) for _ in range(12)]
    asks = letter(rng, "Do they really send with free delivery everywhere? " + noise(rng, 9), coding="base64")
    [campaign] = Mail(*run, asks, *office(5, 30)).grouped().campaigns[:1]
    assert {row.elsewhere for row in campaign.strings if row.text.endswith("with free delivery everywhere")} <= {0, 1}
    assert campaign.members == tuple(range(12))
    assert LINK in campaign.purge_string


def test_messages_in_quarantine_are_counted_apart() -> None:
    rng = random.Random(9)
    mail = Mail(*(forged(rng, around(rng, LINK)) for _ in range(12)), *office(5, 30))
    names = sorted(mail.raws)
    messages = mail.messages(names[:5], QUARANTINE) + mail.messages(names[5:])
    [campaign] = [one for one in mail.grouped(messages).campaigns if not one.bulk]
    assert (campaign.messages, campaign.quarantined_messages) == (7, 5)
    assert campaign.share == 7 / 37
    assert mail.grouped(mail.messages(names[:12], QUARANTINE)).campaigns == ()


def test_the_smallest_group_is_five_unless_asked() -> None:
    rng = random.Random(10)
    mail = Mail(*(forged(rng, around(rng, LINK)) for _ in range(4)), *office(5, 30))
    assert [one for one in mail.grouped().campaigns if not one.bulk] == []
    assert [one.messages for one in mail.grouped(least=4).campaigns if not one.bulk] == [4]


@given(st.randoms(use_true_random=False), st.integers(0, 5))
@settings(max_examples=8, deadline=None)
def test_groups_do_not_depend_on_the_order_or_the_names_of_files(rng: random.Random, seed: int) -> None:
    dice = random.Random(seed)
    mail = Mail(*(forged(dice, around(dice, LINK)) for _ in range(9)), *office(seed, 25))
    first = mail.grouped()
    names = sorted(mail.raws)
    shuffled = rng.sample(names, len(names))
    mail.raws = {new: mail.raws[old] for new, old in zip(names, shuffled, strict=True)}
    again = mail.grouped()
    assert [one.purge_string for one in again.campaigns] == [one.purge_string for one in first.campaigns]
    assert [one.strings for one in again.campaigns] == [one.strings for one in first.campaigns]
    for one, other in zip(first.campaigns, again.campaigns, strict=True):
        assert {names[at] for at in one.members} == {shuffled[at] for at in other.members}


LURES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=10, max_size=60)


@given(LURES, st.sampled_from(["8bit", "base64", "quoted-printable"]), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_what_a_campaign_says_of_its_strings_is_so(lure: str, coding: str, seed: int) -> None:
    rng = random.Random(seed)
    mail = Mail(*(forged(rng, around(rng, lure), coding=coding) for _ in range(8)), *office(seed, 15))
    texts = [[*decoded_texts(raw), raw.decode("utf-8", "replace")] for _, raw in sorted(mail.raws.items())]
    for campaign in mail.grouped().campaigns:
        own = campaign.purge_string
        assert own == own.strip()
        assert own.isprintable()
        assert 0 < len(own) <= 200
        assert campaign.members == tuple(at for at, seen in enumerate(texts) if any(own in text for text in seen))
        for row in campaign.strings:
            holders = {at for at, seen in enumerate(texts) if any(row.text in text for text in seen)}
            assert row.messages == len(holders & set(campaign.members))
            assert row.elsewhere == len(holders - set(campaign.members))


@given(st.lists(st.binary(max_size=300), max_size=12))
@settings(max_examples=50, deadline=None)
def test_any_bytes_are_grouped_without_an_error(raws: list[bytes]) -> None:
    mail = Mail()
    mail.raws = {f"{at:05d}": raw for at, raw in enumerate(raws * 3)}
    if raws:
        found = mail.grouped()
        assert found.ungrouped + sum(one.messages for one in found.campaigns) == 3 * len(raws)


_HARD = st.sampled_from(["è già", "=E8", "boxes today", "&egrave;", "\r\n ", "\n\t", "\n", " ", "x", "€", "Ã¨"])


@given(
    st.lists(_HARD, max_size=12).map("".join),
    st.sampled_from(["utf-8", "cp1252", "iso-8859-15", "us-ascii", ""]),
    st.sampled_from(["utf-8", "cp1252"]),
    st.sampled_from(["8bit", "quoted-printable", "base64", ""]),
)
@settings(max_examples=200, deadline=None)
def test_a_search_finds_what_stands_in_the_bytes_or_the_decoded_texts(
    said: str, charset: str, written_in: str, coding: str
) -> None:
    kind = f"Content-Type: text/plain; charset={charset}\r\n" if charset else ""
    way = f"Content-Transfer-Encoding: {coding}\r\n" if coding else ""
    raw = f"Subject: a folded\r\n subject\r\n{kind}{way}\r\n{said}\r\n".encode(written_in)
    texts = ["è già", "boxes today", "already", "a folded subject", "è", "Ã¨", "€", "xx", "x x"]
    seen = [raw.decode("utf-8", "replace"), *decoded_texts(raw)]
    assert set(StringSearch(texts)(raw)) == {at for at, text in enumerate(texts) if any(text in one for one in seen)}


def test_a_sample_holds_only_what_is_wanted_and_tells_how_much_is() -> None:
    assert choose_sample(range(309), 40, lambda at: at % 2 == 0) == (list(range(0, 80, 2)), 156)
    assert choose_sample(range(309), 400, lambda at: at % 2 == 0) == (list(range(0, 309, 2)), 155)
    assert choose_sample((), 40, lambda _at: True) == ([], 0)


def test_an_empty_queue_has_no_campaign() -> None:
    assert find_campaigns([], Mail()) == Campaigns((), 0)


@given(st.lists(st.text(alphabet="ab .\n", max_size=40), min_size=2, max_size=8))
@settings(max_examples=100, deadline=None)
def test_shared_strings_are_where_they_are_said_to_be(texts: list[str]) -> None:
    passages = [Passage(("padding of one line, " + text + "\n").encode(), (0,), is_list=False) for text in texts]
    for shared in find_shared(corpus_of(passages), 2):
        assert b"\n" not in shared.text
        assert shared.docs.tolist() == [at for at, one in enumerate(passages) if holds(one.text, shared.text)]


def holds(text: bytes, sought: bytes) -> bool:
    """Tell whether a text holds a string where a word begins."""
    places = [at for at in range(len(text)) if text.startswith(sought, at)]
    return any(at == 0 or not (text[at - 1 : at].isalnum()) for at in places)


def test_tags_styles_quotations_and_the_original_are_no_part_of_a_passage() -> None:
    raw = (
        b"Subject: Re: [list] the subject\nX-Mailer: Letters\nReply-To: me@x.example\nContent-Type: text/html\n\n"
        b"<html><style>p {margin: 0}</style><p>own <b>words</b></p>\n> quoted words\n<a href='http://x.example/y'>there</a>"
        b"\n-----Original Message-----\nold words</html>"
    )
    lines = passage_of(raw).text.decode().splitlines()
    assert lines == ["the subject", "me@x.example", "http://x.example/y", "own", "words", "there"]


def unread(_at: int) -> tuple[str, ...]:
    return ()


def test_the_string_that_hits_nobody_else_is_chosen() -> None:
    covers_more = Tried("a phrase that others have", np.arange(103, dtype=np.int32))
    exact = Tried("http://x.example/", np.arange(100, dtype=np.int32))
    fragment = Tried("x.example/", np.arange(100, dtype=np.int32))
    assert choose([covers_more, fragment, exact], unread) is exact
    assert choose([], unread) is None


def test_a_number_that_lines_break_within_gives_way_to_a_string_that_they_spare() -> None:
    every, whole = np.arange(100, dtype=np.int32), np.arange(96, dtype=np.int32)
    number = Tried("+44 7700 900123", whole)
    begun = Tried("the marvellous Boxomatic", every[1:])
    ended = Tried("is here again, come today", every[2:])
    spared = Tried("marvellous Box", every)
    assert choose([number, begun, ended, spared], unread) is spared
    assert choose([number, spared], unread) is number


@pytest.mark.parametrize(
    ("others", "best"),
    [
        (("call +44 7700\n900123 now",), "900123"),
        (("+44\r\n7700 900123",), "900123"),
        (("MsgID: 202611209001231",), "+44 7700 900123"),
    ],
)
def test_the_end_of_a_number_is_taken_for_who_holds_all_of_it(others: tuple[str, ...], best: str) -> None:
    number = Tried("+44 7700 900123", np.arange(98, dtype=np.int32))
    end = Tried("900123", np.arange(100, dtype=np.int32))
    chosen = choose([number, end], lambda _at: others)
    assert chosen is not None
    assert chosen.text == best


def test_what_a_line_end_leaves_of_a_number_is_tried_and_so_is_its_end() -> None:
    begun, rest = b"call the marvellous Boxomatic on +44", b"7700 900123"
    best, _ = candidates_of([begun, rest], ())
    assert best[:2] == ["7700 900123", "call the marvellous Boxomatic on +44"]
    assert "900123" in best
    every = np.arange(100, dtype=np.int32)
    tried = [Tried("7700 900123", every[:98]), Tried("900123", every)]
    phrases = [Tried(begun.decode(), every[:90]), Tried("the marvellous Boxomatic", np.arange(140, dtype=np.int32))]
    chosen = choose([*tried, *phrases], lambda _at: ("on +44 7700\n900123",))
    assert chosen is not None
    assert chosen.text == "900123"


@pytest.mark.parametrize("text", ["21 11 2026 and more words", "12 500 EUR a month, that is", "2026-11-21 10:15"])
def test_a_date_or_a_price_is_no_number_of_a_line(text: str) -> None:
    best, _ = candidates_of([text.encode(), b"a phrase that nobody else would write"], ())
    assert best[0] == "a phrase that nobody else would write"


def test_plain_groups_count_every_message_once() -> None:
    rng = random.Random(1)
    letters = [
        letter(rng, f"see http://one.example/{at} and http://two.example/", subject=f"Order {at}") for at in range(4)
    ]
    letters += [letter(rng, "see http://two.example/", subject="Re: Order 12", account=None), letter(rng, "no link")]
    mail = Mail(*letters)

    def rows(by: str) -> list[tuple[str | None, int]]:
        found = find_groups(mail.messages(), by, lambda message: mail.raws[message.files[0]], 1)
        assert found.ungrouped + sum(group.messages for group in found.groups) == 6
        return [(group.name, group.messages) for group in found.groups]

    assert rows("local-sender") == [(ANNA, 5), (None, 1)]
    assert rows("from") == [(ANNA, 6)]
    assert rows("subject")[0] == ("Order #", 5)
    assert rows("url") == [("two.example", 5)]


def test_a_subject_has_a_shape() -> None:
    assert subject_shape("Re: Fwd: Order 4711 of =?utf-8?q?citt=C3=A0?=") == "Order # of città"


def test_a_host_of_its_own_in_every_message_is_no_writers_way() -> None:
    rng = random.Random(5)
    tongue = Tongue(random.Random(6), 1500)

    def mail(host: Callable[[], str]) -> Mail:
        staff = Office(rng, tongue, staff=25).letters(60)
        texts = [
            f"{sent.text}\nhttps://{host()}.odd-boxes.example/{token(rng)}\n"
            for sent in Office(rng, tongue, staff=1).letters(20)
        ]
        return Mail(*staff, *(letter(rng, text) for text in texts))

    guilty = mail(lambda: token(rng, 6, 9)).grouped()
    assert ["odd-boxes.example" in campaign.purge_string for campaign in guilty.campaigns] == [True]
    assert guilty.campaigns[0].messages == 20
    innocent = mail(lambda: "www").grouped()
    assert not any("odd-boxes.example" in campaign.purge_string for campaign in innocent.campaigns)
