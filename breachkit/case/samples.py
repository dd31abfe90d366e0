"""One message of each campaign, as its reader would see it, with the string that all of the campaign share."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from breachkit.text.headers import decoded_words
from breachkit.text.message import decoded_texts

if TYPE_CHECKING:
    from breachkit.case.investigation import Investigation
    from breachkit.detect.campaigns.campaign import Campaign
    from breachkit.report.contract import Json

_URL = re.compile(r"\bhttps?://[^\s<>\"'\\^`{|}\x00-\x20\x7f]{3,500}", re.IGNORECASE)
_HOST = re.compile(r"https?://(?:[^/@\s]*@)?([A-Za-z0-9.-]{1,253})", re.IGNORECASE)
MOST_URLS = 20
READ = 50
"""Messages of a campaign that are read for their links."""
AROUND = 240
"""Letters shown before and after the shared string."""
LONGEST = 600
"""Letters of the shared string itself that are shown."""


def sample_json(case: Investigation, campaign: Campaign) -> Json | None:
    """Write the first message of a campaign that can still be read; None when all are gone."""
    for at in campaign.members[:5]:
        message = case.messages[at]
        raw = case.read(message)
        if not raw:
            continue
        text = _text_with(raw, campaign.purge_string)
        begin = text.find(campaign.purge_string)
        end = begin + len(campaign.purge_string)
        return {
            "subject": None if message.subject is None else decoded_words(message.subject),
            "mail_from": message.mail_from,
            "before": text[max(0, begin - AROUND) : begin] if begin >= 0 else text[:AROUND],
            "shared": campaign.purge_string[:LONGEST] if begin >= 0 else "",
            "after": text[end : end + AROUND] if begin >= 0 else "",
            "urls": list(dict.fromkeys(_urls(text)))[:MOST_URLS],
            "source": message.source,
        }
    return None


def links_json(case: Investigation, campaign: Campaign) -> Json:
    """Write the hosts and the whole URLs that more than one message of a campaign links to, most frequent first.

    A part of the messages is read, from the whole of the run: a link that only one reader got shows nothing of the run.
    """
    step = max(1, len(campaign.members) // READ)
    hosts: Counter[str] = Counter()
    urls: Counter[str] = Counter()
    read = 0
    for at in campaign.members[::step][:READ]:
        raw = case.read(case.messages[at])
        read += bool(raw)
        linked = dict.fromkeys(url for text in decoded_texts(raw) for url in _urls(text)) if raw else {}
        urls.update(linked.keys())
        hosts.update({host for url in linked if (host := host_of(url)) is not None})
    return {
        "read_messages": read,
        "hosts": [{"host": host, "messages": n} for host, n in hosts.most_common(MOST_URLS) if n > 1],
        "urls": [{"url": url, "messages": n} for url, n in urls.most_common(MOST_URLS) if n > 1],
    }


def host_of(url: str) -> str | None:
    """Return the name of the host of a URL, lower case; None where it has none, or an IP address."""
    found = _HOST.match(url)
    host = "" if found is None else found[1].lower().strip(".")
    return host if "." in host and not host.replace(".", "").isdigit() else None


def _urls(text: str) -> list[str]:
    return [found.rstrip(".,;:!?)]") for found in _URL.findall(text)]


def _text_with(raw: bytes, wanted: str) -> str:
    """Return the decoded text that holds a string, else the raw one."""
    texts = list(decoded_texts(raw))
    held = [text for text in texts if wanted in text]
    # the longest is the body: a header with the string shows nothing around it
    return max(held, key=len) if held else raw.decode("utf-8", "replace")
