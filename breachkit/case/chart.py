"""The picture of the incident by hour, as inline SVG that Vega-Lite draws.

Colours come from the page's style sheet, by the names of the views, so that one drawing serves light and dark; the
SVG holds presentation attributes only, which a strict Content-Security-Policy permits.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import vl_convert

from breachkit.report.sanitize import clean

if TYPE_CHECKING:
    from breachkit.case.words import Words
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
"""Widths of the drawing for a desk and for a phone, in pixels, axes left aside."""


def draw_hours(findings: Json, words: Words, width: int) -> str | None:
    """Draw the columns of the findings; None when there is nothing to draw."""
    columns, step = _window(findings), findings["hours"]["step"]
    kinds = [kind for kind in PANELS if any(column[kind] for column in columns)]
    if not kinds:
        return None
    length = timedelta(hours=1) if step == "hour" else timedelta(days=1)
    first = _wall(columns[0]["from"])
    last = _wall(columns[-1]["from"]) + length
    axis = _axis(words, (first, last))
    views = [_view(columns, kind, length, axis, is_last=kind == kinds[-1]) for kind in kinds]
    entries = sorted({_wall(one["entry_ts"]) for one in findings["accused"] if one["entry_ts"] is not None})
    marked = [ts for ts in entries if first <= ts <= last]
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": None,
        "padding": 4,
        "config": _config(),
        "spacing": 14,
        "vconcat": [
            _with_marks(view, marked, width, words.say(PANELS[kind])) for view, kind in zip(views, kinds, strict=True)
        ],
    }
    # the library may reach for images and data: there is none to reach for
    svg: str = vl_convert.vegalite_to_svg(json.dumps(spec), allowed_base_urls=[])
    return svg


def _window(findings: Json) -> list[Json]:
    """Choose the columns around the attack; all of them where nobody attacked."""
    columns: list[Json] = findings["hours"]["columns"]
    seen = [
        (place["first_seen"], place["last_seen"])
        for one in findings["accused"]
        for place in one["places"]
        if place["role"] == "attacker"
    ]
    if not seen:
        return columns
    first = min(datetime.fromisoformat(ts) for ts in {pair[0] for pair in seen}) - BEFORE
    last = max(datetime.fromisoformat(ts) for ts in {pair[1] for pair in seen}) + AFTER
    last_ts = [one["last_ts"] for one in findings["accused"] if one["last_ts"]]
    last = max([last, *(datetime.fromisoformat(ts) + AFTER for ts in last_ts)])
    return [column for column in columns if first <= datetime.fromisoformat(column["from"]) <= last]


def _wall(ts: str) -> datetime:
    """Take the wall clock of a time: the axis has no zone."""
    return datetime.fromisoformat(ts).replace(tzinfo=None)


def _spelled(ts: datetime) -> str:
    return ts.isoformat(timespec="seconds") + "Z"


def _axis(words: Words, reach: tuple[datetime, datetime]) -> Json:
    """Describe the axis of time; its labels are of the wall clock."""
    axis = {"format": words.say("%m-%d %H:%M"), "labelOverlap": True, "labelFlush": True, "title": None, "tickCount": 6}
    scale = {"type": "utc", "domain": [_spelled(ts) for ts in reach]}
    return {"field": "from", "type": "temporal", "scale": scale, "axis": axis}


def _view(columns: list[Json], kind: str, length: timedelta, axis: Json, *, is_last: bool) -> Json:
    values = [
        {"from": _spelled(_wall(column["from"])), "to": _spelled(_wall(column["from"]) + length), "n": column[kind]}
        for column in columns
        if column[kind]
    ]
    hidden = {} if is_last else {"labels": False, "ticks": False}
    counts = {"title": None, "tickCount": 2, "format": "~s", "tickMinStep": 1}
    return {
        "name": kind,
        "data": {"values": values},
        "mark": {"type": "rect", "xOffset": 0.5, "x2Offset": -0.5},
        "encoding": {
            "x": {**axis, "axis": {**axis["axis"], **hidden}},
            "x2": {"field": "to"},
            "y": {"field": "n", "type": "quantitative", "axis": counts, "scale": {"zero": True}},
            "y2": {"datum": 0},
        },
    }


def _with_marks(view: Json, marked: list[datetime], width: int, title: str) -> Json:
    """Lay the moments of entry over a view."""
    rule = {
        "name": f"{view['name']}_entry",
        "data": {"values": [{"from": _spelled(ts)} for ts in marked]},
        "mark": {"type": "rule", "strokeDash": [4, 3], "strokeWidth": 1.5},
        "encoding": {"x": view["encoding"]["x"]},
    }
    layers: list[Any] = [view, *([rule] if marked else [])]
    return {"title": {"text": title, "anchor": "start"}, "width": width, "height": 64, "layer": layers}


def _config() -> Json:
    font = "system-ui, sans-serif"
    return {
        "aria": False,  # the figure says in words what the drawing shows; hundreds of bars would drown it
        "font": font,
        "view": {"stroke": None},
        "axis": {"labelFontSize": 12, "domain": False, "gridOpacity": 1, "labelColor": "#555", "gridColor": "#ddd"},
        "axisX": {"grid": False},
        "title": {"fontSize": 13, "fontWeight": 600, "offset": 4, "color": "#333"},
    }


def label(findings: Json, words: Words) -> str:
    """Say in words what the drawing shows."""
    columns = _window(findings)
    totals = {kind: sum(column[kind] for column in columns) for kind in PANELS}
    said = ", ".join(f"{words.say(PANELS[kind])}: {words.number(n)}" for kind, n in totals.items() if n)
    return clean(said)
