"""The picture of the incident by hour, as inline SVG that Vega-Lite draws.

Colours come from the page's style sheet, by the names of the views, so that one drawing serves light and dark; the
SVG holds presentation attributes only, which a strict Content-Security-Policy permits.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import vl_convert

from breachkit.report.words import clean

if TYPE_CHECKING:
    from breachkit.case.phrases import Phrases
    from breachkit.report.contract import Json

PANELS = {
    "failures": "Failed logins",
    "entries": "Attackers' logins",
    "sent": "Messages sent",
    "queued": "Messages queued",
    "purged": "Messages purged",
}
BEFORE = timedelta(hours=6)
"""How much is shown before the first trace of the attackers."""
AFTER = timedelta(hours=36)
"""How long after the last trace of them a purge is still in the picture."""
WIDE, NARROW = 900, 300
"""Widths of the drawing for a desk and for a phone, in pixels, without its axes."""
_CONFIG = {
    "aria": False,  # the figure says in words what the drawing shows; hundreds of bars would drown it
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {"labelFontSize": 12, "domain": False, "gridOpacity": 1, "labelColor": "#555", "gridColor": "#ddd"},
    "axisX": {"grid": False},
    "title": {"fontSize": 13, "fontWeight": 600, "offset": 4, "color": "#333"},
}


def draw_hours(findings: Json, words: Phrases, width: int) -> str | None:
    """Draw the columns of the findings; None when there is nothing to draw."""
    columns = _window(findings)
    kinds = [kind for kind in PANELS if any(column[kind] for column in columns)]
    if not kinds:
        return None
    length = timedelta(hours=1) if findings["hours"]["step"] == "hour" else timedelta(days=1)
    begin, end = _wall(columns[0]["from"]), _wall(columns[-1]["from"]) + length
    entries = sorted({_wall(one["entry_ts"]) for one in findings["accused"] if one["entry_ts"] is not None})
    marks = [{"from": _spelled(ts)} for ts in entries if begin <= ts <= end]
    time: Json = {
        "field": "from",
        "type": "temporal",
        "scale": {"type": "utc", "domain": [_spelled(begin), _spelled(end)]},
        "axis": {
            "format": words.say("%m-%d %H:%M"),
            "labelOverlap": True,
            "labelFlush": True,
            "title": None,
            "tickCount": 6,
        },
    }
    counts = {"title": None, "tickCount": 2, "format": "~s", "tickMinStep": 1}
    panels = []
    for kind in kinds:
        hidden = {} if kind == kinds[-1] else {"labels": False, "ticks": False}
        x = {**time, "axis": {**time["axis"], **hidden}}
        bars = {
            "name": kind,
            "data": {"values": [_bar(column, kind, length) for column in columns if column[kind]]},
            "mark": {"type": "rect", "xOffset": 0.5, "x2Offset": -0.5},
            "encoding": {
                "x": x,
                "x2": {"field": "to"},
                "y": {"field": "n", "type": "quantitative", "axis": counts, "scale": {"zero": True}},
                "y2": {"datum": 0},
            },
        }
        rule = {
            "name": f"{kind}_entry",
            "data": {"values": marks},
            "mark": {"type": "rule", "strokeDash": [4, 3], "strokeWidth": 1.5},
            "encoding": {"x": x},
        }
        title = {"text": words.say(PANELS[kind]), "anchor": "start"}
        panels.append({"title": title, "width": width, "height": 64, "layer": [bars, rule] if marks else [bars]})
    schema = "https://vega.github.io/schema/vega-lite/v5.json"
    spec = {"$schema": schema, "background": None, "padding": 4, "config": _CONFIG, "spacing": 14, "vconcat": panels}
    # the library may reach for images and data: there is none to reach for
    svg: str = vl_convert.vegalite_to_svg(json.dumps(spec), allowed_base_urls=[])
    return svg


def _window(findings: Json) -> list[Json]:
    """Choose the columns around the attack; all of them where nobody attacked."""
    columns: list[Json] = findings["hours"]["columns"]
    accused = findings["accused"]
    seen = [place for one in accused for place in one["places"] if place["role"] == "attacker"]
    if not seen:
        return columns
    last_ts = [*(place["last_seen"] for place in seen), *(one["last_ts"] for one in accused if one["last_ts"])]
    first = min(datetime.fromisoformat(place["first_seen"]) for place in seen) - BEFORE
    last = max(map(datetime.fromisoformat, last_ts)) + AFTER
    return [column for column in columns if first <= datetime.fromisoformat(column["from"]) <= last]


def _bar(column: Json, kind: str, length: timedelta) -> Json:
    begin = _wall(column["from"])
    return {"from": _spelled(begin), "to": _spelled(begin + length), "n": column[kind]}


def _wall(ts: str) -> datetime:
    """Take the wall clock of a time: the axis has no zone."""
    return datetime.fromisoformat(ts).replace(tzinfo=None)


def _spelled(ts: datetime) -> str:
    return ts.isoformat(timespec="seconds") + "Z"


def label(findings: Json, words: Phrases) -> str:
    """Say in words what the drawing shows."""
    columns = _window(findings)
    totals = {kind: sum(column[kind] for column in columns) for kind in PANELS}
    return clean(", ".join(f"{words.say(PANELS[kind])}: {words.number(n)}" for kind, n in totals.items() if n))
