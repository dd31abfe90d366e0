"""The JSON contract as types, and the published schemas made of them: `python -m tests.schemas` writes the schemas.

One class is one object of JSON. A record that is written as it is stands in them itself: its numbers are counts, its
shares fractions, its times and places as in `reading`. Unknown is None; a key that is not always there is `NotRequired`.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache, reduce
from importlib.resources import files
from operator import or_
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, NotRequired, TypedDict, Union, get_args, get_origin, get_type_hints

import jsonschema
import msgspec

from breachkit.advice import Console
from breachkit.detect.accounts.roles import Role
from breachkit.detect.passwords.weakness import Weakness
from breachkit.records import Locus, Service
from tests.schemas import investigating, moving, reading

FOLDER = Path(str(files("breachkit.report"))) / "schemas"

DOCUMENTS = (*reading.DOCUMENTS, *moving.DOCUMENTS, investigating.InvestigateDocument)
"""What a command may write; the schema of each is named after it."""

AS_WRITTEN = {int: reading.Count, float: reading.Share, datetime: reading.Time | None}
"""How the contract has what a record holds."""
NAMES = {
    "Console": Console,
    "datetime": datetime,
    "Locus": Locus,
    "Role": Role,
    "Service": Service,
    "Weakness": Weakness,
}
"""What the types of records name, and their modules import for the type checker only."""


@cache
def object_of(kind: Any) -> Any:
    """Make the object of the contract that a record, or an object with records in it, is written as."""
    hints = get_type_hints(kind, localns=NAMES, include_extras=True)
    is_record = hasattr(kind, "_fields")
    made: Any = TypedDict(kind.__name__, {name: written(hint, is_record) for name, hint in hints.items()})  # type: ignore[misc]
    made.__doc__ = kind.__doc__
    return made


def written(hint: Any, is_record: bool) -> Any:
    """Turn a type into the one that is written."""
    origin, parts = get_origin(hint), get_args(hint)
    if hasattr(hint, "__required_keys__") or hasattr(hint, "_fields"):
        return object_of(reading.PlaceRow if hint is Locus else hint)
    made: Any = AS_WRITTEN.get(hint, hint) if is_record else hint
    if origin is Annotated:
        made = Annotated[written(parts[0], False), *parts[1:]]
    elif origin is NotRequired:
        made = NotRequired[written(parts[0], is_record)]
    elif origin in {Union, UnionType}:
        made = reduce(or_, (written(part, is_record) for part in parts))
    elif origin in {list, tuple}:
        made = list[written(parts[0], is_record)]  # type: ignore[misc]
    elif origin is dict:
        made = dict[str, written(parts[1], is_record)]  # type: ignore[misc]
    return made


def schemas() -> dict[str, str]:
    """Make each schema: file name → text."""
    made = {}
    for document in DOCUMENTS:
        identity = get_args(get_type_hints(document)["schema"])[0]
        (reference,), parts = msgspec.json.schema_components([object_of(document)], ref_template="#/$defs/{name}")
        whole = parts.pop(reference["$ref"].rpartition("/")[2])
        head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": identity, "title": document.__doc__}
        for part in (whole, *parts.values()):
            part.pop("title", None)
        schema = {**head, **whole, "$defs": parts}
        name = identity.removeprefix("breachkit.").removesuffix("/1")
        made[f"{name}.json"] = json.dumps(schema, indent=1) + "\n"
    return made


def validate(text: str) -> dict[str, Any]:
    """Check a JSON object against the published schema that it names, and return it.

    Readers must take keys that they do not know; here a key that no type names is a mistake.
    """
    document: dict[str, Any] = json.loads(text)
    name = document["schema"].removeprefix("breachkit.").removesuffix("/1")
    schema = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    for part in (schema, *schema["$defs"].values()):
        part["additionalProperties"] = False
    jsonschema.validate(document, schema)
    return document
