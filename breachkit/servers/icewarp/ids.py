"""Message ids of IceWarp: what they look like and what they tell.

Old servers: 3 letters and 5 digits (`YAR93710`), not unique over time. From version 11: 18 digits, the
local time `YYYYMMDDhhmmss` and 4 more (vendor logs).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from breachkit.micros import is_possible

if TYPE_CHECKING:
    from datetime import tzinfo

STAMPED_ID = re.compile(r"(?:19|20)\d{16}")
ANY_ID = re.compile(r"\b(?:[A-Z]{3}\d{5}|(?:19|20)\d{16})\b")


def time_of_id(queue_id: str, zone: tzinfo) -> datetime | None:
    """Return the time an 18-digit id was given, None for any other."""
    if not STAMPED_ID.fullmatch(queue_id):
        return None
    month, day, hour, minute, second = (int(queue_id[place : place + 2]) for place in range(4, 14, 2))
    try:  # strptime takes three times as long, and a queue has 200,000 ids
        ts = datetime(int(queue_id[:4]), month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None
    return ts if is_possible(ts.timestamp()) else None
