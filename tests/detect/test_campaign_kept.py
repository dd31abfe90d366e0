"""Which campaigns must not be purged by their string, and which strings belong to many."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from breachkit.detect.campaigns.bulk import Judged
from breachkit.detect.campaigns.choice import Tried, choose
from breachkit.detect.campaigns.marks import SPECIFIC, bare, is_weak
from breachkit.detect.campaigns.passages import passage_of
from tests.campaigns.tongue import token
from tests.detect.test_campaigns import ANNA, LINK, Mail, around, forged, letter, noise, office, unread

if TYPE_CHECKING:
    from breachkit.detect.campaigns.campaign import Campaign

import numpy as np

OF_A_LIST = ("List-Id: <staff.house.example>", "List-Unsubscribe: <mailto:leave@house.example>")


def only(mail: Mail, **asked: Any) -> Campaign:
    """Return the campaign of the first message."""
    [campaign] = [one for one in mail.grouped(**asked).campaigns if 0 in one.members]
    return campaign


@pytest.mark.parametrize(
    ("judged", "why"),
    [
        (None, None),
        (Judged(accused=frozenset({ANNA})), None),
        (Judged(clear=frozenset({ANNA})), "cleared"),
        (Judged(), None),
        (Judged(clear=frozenset({ANNA}), came_from={}), None),
        (Judged(clear=frozenset({"bob@house.example"})), None),
    ],
)
def test_a_run_is_purged_unless_logs_that_show_it_acquit_all_its_accounts(judged: Judged | None, why: str) -> None:
    rng = random.Random(2)
    mail = Mail(*(forged(rng, around(rng, LINK)) for _ in range(12)), *office(5, 40))
    messages = [message._replace(queue_id=f"ID{at}") for at, message in enumerate(mail.messages())]
    [campaign] = [one for one in mail.grouped(messages, judged=judged).campaigns if 0 in one.members]
    assert (campaign.messages, campaign.no_purge_why, campaign.bulk) == (12, why, why is not None)


def test_one_accused_account_among_clear_ones_makes_a_run_one_to_purge() -> None:
    rng = random.Random(2)
    names = [f"p{at % 4}@house.example" for at in range(16)]
    mail = Mail(*(forged(rng, around(rng, LINK), account=name) for name in names), *office(5, 40))
    clear, accused = frozenset(names[:3]), frozenset(names[3:4])
    assert only(mail, judged=Judged(clear, accused)).no_purge_why is None
    assert only(mail, judged=Judged(clear)).no_purge_why is None
    assert only(mail, judged=Judged(clear | accused)).no_purge_why == "cleared"


@pytest.mark.parametrize(("by_accused", "why"), [(2, "list-mail"), (12, None)])
def test_posts_to_a_list_are_kept_though_one_of_their_writers_is_accused(by_accused: int, why: str | None) -> None:
    rng = random.Random(8)
    foot = "\n-- \nTo leave the staff list write to leave@lists.example\nhttps://lists.example/staff/options\n"
    names = [f"p{at}@house.example" for at in range(18)]
    posts = [
        letter(
            rng, noise(rng, 30) + foot, account=name, mail_from="staff-bounces@lists.example", header_from=name,
            headers=OF_A_LIST,
        )
        for name in names
    ]  # fmt: skip
    judged = Judged(frozenset(names[by_accused:]), frozenset(names[:by_accused]))
    campaign = only(Mail(*posts, *office(5, 40)), judged=judged)
    assert (campaign.messages, campaign.no_purge_why) == (18, why)


@pytest.mark.parametrize(
    ("accused_ips", "came_from", "why"),
    [
        ((), {}, "unauthenticated"),
        (("198.51.100.7",), {}, None),
        (("203.0.113.9",), {}, "unauthenticated"),
        (("203.0.113.9",), {"ID3": "203.0.113.9"}, None),
    ],
)
def test_mail_without_a_login_is_purged_where_its_address_is_accused(
    accused_ips: tuple[str, ...], came_from: dict[str | None, str | None], why: str | None
) -> None:
    rng = random.Random(4)
    relayed = (forged(rng, around(rng, LINK), account=None, peer="198.51.100.7") for _ in range(12))
    mail = Mail(*relayed, *office(5, 40))
    messages = [message._replace(queue_id=f"ID{at}") for at, message in enumerate(mail.messages())]
    found = mail.grouped(messages, judged=Judged(accused_ips=frozenset(accused_ips), came_from=came_from))
    [campaign] = [one for one in found.campaigns if 0 in one.members]
    assert (campaign.messages, campaign.no_purge_why, campaign.bulk) == (12, why, False)
    assert found.judged


def test_what_is_not_to_be_purged_comes_last_and_is_found_by_number_or_id() -> None:
    rng = random.Random(4)
    relayed = (forged(rng, around(rng, LINK), account=None) for _ in range(20))
    run = (forged(rng, around(rng, "http://tiny-loans.example/apply")) for _ in range(8))
    found = Mail(*relayed, *run, *office(5, 40)).grouped(judged=Judged(accused=frozenset({ANNA})))
    assert [(one.messages, one.no_purge_why) for one in found.campaigns] == [(8, None), (20, "unauthenticated")]
    for number, campaign in enumerate(found.campaigns, 1):
        assert found.named(str(number)) is found.named(campaign.id) is campaign
    assert [found.named(word) for word in ("0", "3", "-1", "", "x", "\u0661\u0661")] == [None] * 6


SHARED = [
    "https://docs.google.com/forms/d/e/",
    "https://www.facebook.com/",
    "http://bit.ly/",
    "blogspot.com/",
    "https://pages.dev/",
    "x.github.io"[1:],
    "co.uk",
    "https://",
    "http://www.",
    "mailto:",
    "@gmail.com",
    "see https://forms.gle/",
    "Visit us at https://bit.ly/",
    "blogspot.com/2026/win.html",
    "wordpress.com/?p=",
    "s3.eu-west-1.amazonaws.com/",
]
OF_ONE = [
    "https://docs.google.com/forms/d/e/1FAIpQLSd3zXy/viewform",
    "https://boxes.blogspot.com/",
    "https://bit.ly/3xYzAbC",
    "http://boxes.co.uk/",
    "https://boxes.pages.dev/",
    "boxes@gmail.com",
    "https://storage.googleapis.com/cheap-boxes-4711/a.html",
    "http://cheap-boxes.example/",
    "+44 7700 900123",
    "the marvellous Boxomatic",
    "blogspot.com/2026/11/the-prize-that-you-have-won.html",
    "all our boxes at half price: https://bit.ly/",
]


@pytest.mark.parametrize("text", SHARED)
def test_a_scheme_or_a_host_of_many_owners_belongs_to_many(text: str) -> None:
    assert is_weak(text.encode())
    assert not SPECIFIC.search(bare(text.encode()))


@pytest.mark.parametrize("text", OF_ONE)
def test_what_names_its_owner_does_not(text: str) -> None:
    assert not is_weak(text.encode())


def test_half_a_code_below_a_host_of_many_owners_names_nobody() -> None:
    half = b"https://docs.google.com/forms/d/e/1FAIpQLS"
    assert is_weak(half, is_cut=True)
    assert not is_weak(half)
    assert not is_weak(half + b"d3zXy/viewform", is_cut=True)
    assert not is_weak(b"http://cheap-boxes.example/a1b2", is_cut=True)


@pytest.mark.parametrize(
    "form",
    [
        "https://docs.google.com/forms/d/e/1FAIpQLS{}/viewform",
        "Visit us at https://wa.me/447700900{}",
        "http://{}.blogspot.com/2026/win.html",
        "Visit us at https://{}.pages.dev/",
    ],
)
def test_two_runs_that_share_a_host_of_many_owners_are_two(form: str) -> None:
    rng = random.Random(6)
    links = [form.format(code) for code in ("6f1a2b", "9z8y7x")]
    runs = (
        forged(rng, around(rng, links[at % 2]), account=f"p{at % 2}@house.example") for at in range(30)
    )  # fmt: skip
    found = Mail(*runs, *office(5, 40)).grouped()
    spam = [one for one in found.campaigns if not one.bulk]
    assert sorted(one.members for one in spam) == [tuple(range(at, 30, 2)) for at in range(2)]
    assert sorted(one.purge_string for one in spam) == sorted(links)
    assert {one.no_purge_why for one in spam} == {None}


@pytest.mark.parametrize("host", ["https://forms.gle/{}", "http://{}.blogspot.com/", "https://{}.github.io/x"])
def test_a_run_of_links_that_share_only_such_a_host_is_shown_and_not_purged_by_it(host: str) -> None:
    rng = random.Random(host)
    run = [forged(rng, around(rng, host.format(token(rng, 9, 9)))) for _ in range(15)]
    campaign = only(Mail(*run, *office(5, 60)))
    assert (campaign.messages, campaign.no_purge_why) == (15, "only-weak-string")


def test_the_link_to_strangers_wins_over_the_signature_of_the_house() -> None:
    every = np.arange(50, dtype=np.int32)
    signature = Tried("https://www.house.example/contacts/and/opening-hours", every)
    lure = Tried("http://bad.example/x", every)
    phrase = Tried("a sentence that the run has and nobody else", every)
    assert choose([signature, lure], unread, {"house.example"}) is lure
    assert choose([signature, phrase], unread, {"house.example"}) is phrase
    assert choose([signature, lure], unread) is signature
    shared = Tried("https://docs.google.com/", every)
    assert choose([shared, phrase], unread) is phrase


UNOPENED = """\
This is a multi-part message in MIME format.
------=_NextPart_000_0012_01DC
Content-Type: multipart/alternative;
\tboundary="----=_NextPart_001_0013_01DC"

--{mark}
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable
Content-Disposition: inline

{text}
--{mark}
Content-Type: application/pdf;
 name="{file}.pdf"
Content-Disposition: attachment; filename="{file}.pdf"

--{mark}--
"""


def test_mime_syntax_that_a_reader_sees_is_no_part_of_a_passage() -> None:
    text = "the text: of somebody\ncharset is a word\n--\nAnna"
    raw = UNOPENED.format(mark="=_abc123", text=text, file="invoice 4711")
    lines = passage_of(b"Subject: hello\nContent-Type: multipart/mixed; boundary=zz\n\n" + raw.encode()).text.decode()
    assert lines.splitlines() == ["hello", *text.split("\n"), "invoice 4711.pdf"]


def test_mail_that_shares_only_mime_syntax_is_no_run() -> None:
    rng = random.Random(9)
    mail = Mail(*office(5, 40))
    for at in range(16):
        account = f"p{at % 2}@house.example"
        body = UNOPENED.format(mark=f"=_{token(rng)}", text=noise(rng, 40), file=token(rng, 9, 9))
        head = f"LocalSender: {account}\nFrom: x{at}@{token(rng)}.example\n\nSubject: {token(rng)}\nTo: y@z.example\n"
        raw = f"{head}Content-Type: multipart/mixed; boundary=other\n\n{body}"
        mail.raws[f"a{at:04d}"] = raw.encode()
    assert [one.purge_string for one in mail.grouped().campaigns if not one.bulk] == []


@pytest.mark.parametrize("first", ["garbage\n", "\x01\x02\n", "no header here\nnor here\n", ""])
def test_head_lines_of_the_server_are_no_part_of_a_passage(first: str) -> None:
    head = "LocalSender: anna@house.example\nMsgID: 202611200845592850\n"
    raw = f"{first}{head}\nSubject: hello\nTo: b@b.example\n\nthe text\n"
    assert set(passage_of(raw.encode()).text.decode().splitlines()) == {"hello", "the text"}
    quoted = f"Subject: hello\n\nthe text\n{head}From: x@y.example\n Received: by z\n\nmore\n"
    assert passage_of(quoted.encode()).text.decode().splitlines() == ["hello", "the text", "more"]


def test_lines_with_a_colon_that_people_write_stay() -> None:
    text = "Dear all:\nName: Anna\nPhone: 055 123\nhttp://x.example: see there\nNote: come at 10:30"
    assert passage_of(f"Subject: hello\n\n{text}\n".encode()).text.decode().splitlines() == ["hello", *text.split("\n")]
