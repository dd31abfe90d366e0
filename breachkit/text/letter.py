"""The bytes of a message → the letter that its reader sees: subject, text, attachments; bounded, whatever was sent."""

from __future__ import annotations

from typing import NamedTuple

from breachkit.spelling import plain_address
from breachkit.text.charsets import LOOKS_LIKE_HTML
from breachkit.text.message import leaves, main_of, own_headers
from breachkit.text.seen import paragraphs_seen

LONGEST_TEXT = 1 << 14
"""Characters that are kept: what is looked at is a message, not a book."""
LONGEST_READ = 1 << 20
"""Characters of a part that are looked at: markup and blanks are most of some."""
LONGEST_NAME = 255
MOST_ATTACHMENTS = 100


class Attachment(NamedTuple):
    """One part of a message that is no text of the letter."""

    name: str | None
    type: str | None
    bytes: int


class Letter(NamedTuple):
    """What the reader of a message sees of it."""

    subject: str | None
    reply_to: str | None
    text: str
    is_cut: bool
    attachments: tuple[Attachment, ...]
    """The first `MOST_ATTACHMENTS`."""
    attachments_found: int


def read_letter(raw: bytes) -> Letter:
    """Read what the reader of a message sees; a text that is there twice, as HTML too, once. Never raises."""
    headers: dict[str, str] = {}
    for name, value in own_headers(raw):
        headers.setdefault(name, " ".join(value[:LONGEST_TEXT].split()))
    texts: dict[str, str] = {}
    is_cut, length = False, 0
    attachments: list[Attachment] = []
    found = 0
    for leaf in leaves(raw):
        if leaf.is_attached:
            found += 1
            if found <= MOST_ATTACHMENTS:
                attachments.append(Attachment(_short(leaf.name), _short(main_of(leaf.kind)), leaf.size))
        elif length > LONGEST_TEXT:
            is_cut = is_cut or not leaf.text.isspace()
        else:
            seen = _seen(leaf.text[:LONGEST_READ], leaf.kind)
            is_cut = is_cut or len(leaf.text) > LONGEST_READ
            words = " ".join(seen.split())
            length += 0 if words in texts else len(seen)
            texts.setdefault(words, seen)
    text = "\n\n".join(filter(None, texts.values()))
    return Letter(
        headers.get("subject") or None,
        _short(plain_address(headers.get("reply-to", "")).lower()),
        text[:LONGEST_TEXT],
        is_cut or len(text) > LONGEST_TEXT,
        tuple(attachments),
        found,
    )


def _seen(text: str, kind: str) -> str:
    """Return a text as it is on a screen: without its markup, and a plain one line by line as it is."""
    if "html" in kind[:40].lower() or (not kind and LOOKS_LIKE_HTML.match(text[:1000])):
        return "\n".join(filter(None, paragraphs_seen(text, kind)))
    return text.strip()


def _short(text: str) -> str | None:
    return text[:LONGEST_NAME] or None
