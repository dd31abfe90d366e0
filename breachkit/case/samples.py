"""One message of each campaign, as its reader would see it, with the string that all of the campaign share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from breachkit.content.decoding import decoded_texts
from breachkit.content.decoding import decoded_words
from breachkit.report.contract import locus_json

if TYPE_CHECKING:
    from breachkit.case.investigation import Investigation
    from breachkit.detect.campaigns import Campaign
    from breachkit.report.contract import Json

_URL = re.compile(r"\bhttps?://[^\s<>\"'\\^`{|}\x00-\x20\x7f]{3,500}", re.IGNORECASE)
MOST_URLS = 20
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
            "urls": list(dict.fromkeys(found.rstrip(".,;:!?)]") for found in _URL.findall(text)))[:MOST_URLS],
            "source": locus_json(message.source),
        }
    return None


def _text_with(raw: bytes, wanted: str) -> str:
    """Return the decoded text that holds a string, else the raw one."""
    texts = list(decoded_texts(raw))
    held = [text for text in texts if wanted in text]
    # the longest is the body: a header with the string shows nothing around it
    return max(held, key=len) if held else raw.decode("utf-8", "replace")
