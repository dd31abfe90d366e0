"""The published JSON Schemas, made of the types in `breachkit.report.shapes`: `python -m tests.schemas` writes them."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args, get_type_hints

import jsonschema
import msgspec

from breachkit.report.shapes import DOCUMENTS

FOLDER = Path(str(files("breachkit.report"))) / "schemas"


def schemas() -> dict[str, str]:
    """Make each schema: file name → text."""
    made = {}
    for document in DOCUMENTS:
        identity = get_args(get_type_hints(document)["schema"])[0]
        (reference,), parts = msgspec.json.schema_components([document], ref_template="#/$defs/{name}")
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


if __name__ == "__main__":
    for name, text in schemas().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
