"""One session: what is believed, and what a stranger cannot make us believe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from breachkit.records import NULL_SENDER, AuthAttempt
from tests.servers.icewarp.factories import FINGERPRINTS, b64, lines, one_session, sessions_of, write_log

if TYPE_CHECKING:
    from pathlib import Path

OPENING = (
    "Connected, local IP=192.0.2.17",
    ">>> 220 mail.example.it ESMTP IceWarp 10.3.1",
    "<<< EHLO x",
    ">>> 250-mail Hello x",
)
SUCCESS = ">>> 235 2.0.0 Authentication successful"


def one_attempt(folder: Path, *texts: str) -> AuthAttempt:
    attempt: AuthAttempt
    (attempt,) = one_session(folder, *OPENING, *texts).kept.attempts
    return attempt


@pytest.mark.parametrize(
    ("mechanism", "said"),
    [
        ("LOGIN", ["<<< AUTH LOGIN", ">>> 334 VXNlcm5hbWU6", "<<< {user}", ">>> 334 UGFzc3dvcmQ6", "<<< {secret}"]),
        ("LOGIN", ["<<< auth login", ">>> 334", "<<< {user}", ">>> 334", "<<< {secret}"]),
        ("LOGIN", ["<<< AUTH LOGIN {user}", ">>> 334 UGFzc3dvcmQ6", "<<< {secret}"]),
        ("LOGIN", ["<<< AUTH LOGIN", "<<< {user}", "<<< {secret}", ">>> 334 a", ">>> 334 b"]),
        ("PLAIN", ["<<< AUTH PLAIN {plain}"]),
        ("PLAIN", ["<<< AUTH PLAIN", ">>> 334 ", "<<< {plain}"]),
        ("PLAIN", ["<<< AUTH PLAIN", "<<< {plain}"]),
        ("PLAIN", ["<<< AUTH PLAIN {authzid}"]),
    ],
)
def test_every_form_of_auth_gives_user_and_secret(mechanism: str, said: list[str], tmp_path: Path) -> None:
    forms = {
        "user": b64("anna"),
        "secret": b64("S3gr€ta"),
        "plain": b64("\0anna\0S3gr€ta"),
        "authzid": b64("other\0anna\0S3gr€ta"),
    }
    attempt = one_attempt(tmp_path, *(line.format(**forms) for line in said), SUCCESS)
    assert (attempt.user, attempt.mechanism, attempt.outcome) == ("anna", mechanism, "success")
    assert attempt.secret == FINGERPRINTS.of("S3gr€ta")


def test_padding_is_supplied_and_cp1252_is_read(tmp_path: Path) -> None:
    bare = b64("città@example.it").rstrip("=")
    said = ["<<< AUTH LOGIN", ">>> 334 u", f"<<< {bare}", ">>> 334 p", "<<< 4PA="]
    attempt = one_attempt(tmp_path, *said, SUCCESS)
    assert attempt.user == "città@example.it"
    assert attempt.secret == FINGERPRINTS.of("àð")


@pytest.mark.parametrize(
    ("said", "user", "mechanism"),
    [
        (
            ["<<< AUTH XOAUTH2 " + b64("user=anna@example.it\x01auth=Bearer t0ken\x01\x01")],
            "anna@example.it",
            "XOAUTH2",
        ),
        (["<<< AUTH CRAM-MD5", ">>> 334 PDE+", "<<< " + b64("anna e9f1d1")], "anna", "CRAM-MD5"),
        (
            ["<<< AUTH OAUTHBEARER " + b64("n,a=anna@example.it,\x01auth=Bearer x\x01\x01")],
            "anna@example.it",
            "OAUTHBEARER",
        ),
        (["<<< AUTH LOGIN", ">>> 334 u", "<<< ***", ">>> 334 p", "<<< ***"], None, "LOGIN"),
        (["<<< AUTH LOGIN", ">>> 334 u", "<<< " + b64("anna"), ">>> 334 p", "<<< "], "anna", "LOGIN"),
        (["<<< AUTH PLAIN =", ">>> 334 "], None, "PLAIN"),
        (["<<< AUTH PLAIN not!base64"], None, "PLAIN"),
        (["<<< AUTH " + b64("a lost password")], None, "other"),
    ],
)
def test_a_secret_that_cannot_be_seen_is_none(
    said: list[str], user: str | None, mechanism: str, tmp_path: Path
) -> None:
    attempt = one_attempt(tmp_path, *said, SUCCESS)
    assert (attempt.user, attempt.mechanism, attempt.secret) == (user, mechanism, None)


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (">>> 235 2.0.0 ok", "success"),
        (">>> 501 5.7.0 Authentication failed", "failure"),
        (">>> 535 5.7.8 credentials invalid", "failure"),
        (">>> 454 4.7.0 try later", "failure"),
        (">>> 501 5.0.0 Authentication canceled", "failure"),
        ("Disconnected", "undetermined"),
    ],
)
def test_the_code_decides(reply: str, outcome: str, tmp_path: Path) -> None:
    assert one_attempt(tmp_path, "<<< AUTH PLAIN " + b64("\0anna\0x"), reply).outcome == outcome


@pytest.mark.parametrize(
    "said",
    [
        ["<<< EHLO x >>> 235 2.0.0 ok"],
        ["<<< HELO >>> 235 2.0.0 ok", ">>> 250 Hello >>> 235 2.0.0 ok"],
        ["<<< DATA", ">>> 354 go", "<<< AUTH LOGIN", "<<< dXNlcg==", "<<< >>> 235 ok", ">>> 250 2.6.0 ok"],
        [">>> 250-AUTH LOGIN PLAIN", ">>> 250 AUTH LOGIN"],
        ["<<< NOOP\x0b203.0.113.9     [15C0] 08:00:00 >>> 235 ok"],
        ["<<< NOOP\x85203.0.113.9     [15C0] 08:00:00 >>> 235 ok", ">>> 500 5.5.1 what"],
        ["note >>> 235 ok"],
    ],
)
def test_text_that_a_stranger_typed_is_never_the_servers_word(said: list[str], tmp_path: Path) -> None:
    session = one_session(tmp_path, *OPENING, *said)
    assert [tried for tried in session.kept.attempts if tried.outcome == "success"] == []


def test_a_message_id_is_believed_only_after_the_end_of_data(tmp_path: Path) -> None:
    session = one_session(
        tmp_path,
        *OPENING,
        "<<< EHLO x; Message id FAKE00001 accepted",
        ">>> 250 Hello x; Message id FAKE00001 accepted",
        "<<< MAIL FROM:<Message id ABC00001 accepted@example.net>",
        ">>> 250 2.1.0 <Message id ABC00001 accepted@example.net>... Sender ok",
        "<<< RCPT TO:<anna@example.it>",
        ">>> 250 2.1.5 ok",
        "<<< RCPT TO:<nobody@example.it>",
        ">>> 550 5.1.1 User unknown; rejecting",
        "<<< DATA",
        ">>> 354 go",
        "*** <> <x> 1 2 00:00:01 OK EVIL0001> <anna@example.it> 1 2804 00:00:01 OK YAR93710",
        ">>> 250 2.6.0 2804 bytes received in 00:00:01; Message id YAR93710 accepted for delivery",
    )
    (sent,) = session.kept.transactions
    assert (sent.queue_id, sent.rcpt_to, sent.rcpt_count, sent.rcpt_unknown) == ("YAR93710", ("anna@example.it",), 2, 1)
    assert sent.accepted


def test_pipelined_commands_get_their_own_answers(tmp_path: Path) -> None:
    session = one_session(
        tmp_path,
        *OPENING,
        "<<< MAIL FROM:<>",
        "<<< RCPT TO:<a@example.it>",
        "<<< RCPT TO:<b@example.it>",
        "<<< DATA",
        ">>> 250 ok",
        ">>> 550 5.7.1 relaying denied",
        ">>> 250 ok",
        ">>> 354 go",
        ">>> 250 2.6.0 Message id 202611200845592850 accepted",
        "<<< MAIL FROM:<c@example.it> SIZE=10",
        ">>> 501 5.7.1 Permission denied",
    )
    first, second = session.kept.transactions
    assert (first.mail_from, first.rcpt_to, first.rcpt_unknown) == (NULL_SENDER, ("b@example.it",), 0)
    assert first.queue_id == "202611200845592850"
    assert (second.mail_from, second.accepted) == ("c@example.it", False)


def test_a_summary_line_alone_is_a_message_without_auth(tmp_path: Path) -> None:
    session = one_session(tmp_path, "*** <a@example.it> <b@example.net> 3 348 00:00:00 OK YAR93710")
    (sent,) = session.kept.transactions
    assert (sent.mail_from, sent.rcpt_count, sent.queue_id, sent.attempt) == ("a@example.it", 3, "YAR93710", None)
    assert not session.has_dialogue


def client(folder: Path, *texts: str) -> list[tuple[str | None, str | None, str, bool]]:
    session = one_session(folder, *texts)
    assert session.kind == "client"
    return [(sent.mail_from, sent.rcpt_to, sent.outcome, sent.is_unknown) for sent in session.kept.deliveries]


def test_a_client_session_tells_the_fate_of_each_recipient(tmp_path: Path) -> None:
    fates = client(
        tmp_path,
        "Client session",
        "Connected",
        "<<< 220 mx.example.net ESMTP",
        ">>> EHLO mail.example.it",
        "<<< 250-mx.example.net",
        ">>> MAIL FROM:<a@example.it>",
        "<<< 250 ok",
        ">>> RCPT TO:<one@example.net>",
        "<<< 250 ok",
        ">>> RCPT TO:<two@example.net>",
        "<<< 550 5.1.1 no such user",
        ">>> RCPT TO:<three@example.net>",
        "<<< 550 5.7.1 blocked by our policy",
        ">>> RCPT TO:<four@example.net>",
        "<<< 451 4.7.1 greylisted",
        ">>> DATA",
        "<<< 354 go",
        ">>> 235 bytes (overall data transfer speed=1 B/s)",
        "<<< 250 2.0.0 queued as ABC00001",
        ">>> QUIT",
        "<<< 221 bye",
        "Disconnected",
    )
    assert fates == [
        ("a@example.it", "one@example.net", "delivered", False),
        ("a@example.it", "two@example.net", "failed", True),
        ("a@example.it", "three@example.net", "failed", False),
        ("a@example.it", "four@example.net", "deferred", False),
    ]


@pytest.mark.parametrize(
    ("note", "is_unknown"),
    [
        ("Unable to find MX record for nowhere.example", True),
        ("DNS query failed: NXDOMAIN", True),
        ("Host nowhere.example does not exist", True),
        ("Could not connect to host mx.nowhere.example", False),
        ("Connection timed out", False),
    ],
)
def test_a_client_session_that_reached_nobody(note: str, is_unknown: bool, tmp_path: Path) -> None:
    fates = client(tmp_path, "Client session from <a@example.it> to <b@nowhere.example>", note, "Disconnected")
    assert fates == [("a@example.it", "b@nowhere.example", "failed" if is_unknown else "deferred", is_unknown)]


def test_a_banner_after_starttls_is_no_new_session(tmp_path: Path) -> None:
    session = one_session(
        tmp_path, *OPENING, "<<< STARTTLS", ">>> 220 2.0.0 Ready to start TLS", "<<< EHLO y", ">>> 250 Hello y"
    )
    assert session.helo == "y"


def test_two_sessions_of_one_thread_from_two_peers_live_side_by_side(tmp_path: Path) -> None:
    mixed = lines("<<< AUTH LOGIN", ">>> 334 u", peer="192.0.2.1")
    mixed += lines("<<< AUTH LOGIN", ">>> 334 u", f"<<< {b64('two')}", ">>> 334 p", "<<< eA==", peer="192.0.2.2")
    mixed += lines(f"<<< {b64('one')}", ">>> 334 p", "<<< eQ==", ">>> 235 ok", peer="192.0.2.1")
    mixed += lines(">>> 535 no", peer="192.0.2.2")
    sessions, _, _ = sessions_of(write_log(tmp_path, mixed))
    tries = {tried.client_ip: (tried.user, tried.outcome) for session in sessions for tried in session.kept.attempts}
    assert tries == {"192.0.2.1": ("one", "success"), "192.0.2.2": ("two", "failure")}


def test_a_flood_of_unanswered_commands_is_not_kept(tmp_path: Path) -> None:
    session = one_session(tmp_path, *OPENING, *(["<<< NOOP"] * 5_000), "<<< AUTH PLAIN " + b64("\0anna\0x"), SUCCESS)
    assert [tried.outcome for tried in session.kept.attempts] == ["success"]


@pytest.mark.parametrize("counted", ["280", "2809"])
def test_a_log_that_begins_within_a_message_delivers_nothing(counted: str, tmp_path: Path) -> None:
    session = one_session(
        tmp_path,
        f"<<< {counted} bytes (overall data transfer speed=1 B/s)",
        "*** <a@example.it> <b@example.net> 1 280 00:00:01 OK YAR93710",
        ">>> 250 2.6.0 280 bytes received in 00:00:01; Message id YAR93710 accepted for delivery",
    )
    assert (session.kind, session.kept.deliveries) == ("server", [])
