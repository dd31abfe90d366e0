"""`python -m tests.schemas` writes the published schemas."""

from __future__ import annotations

from tests.schemas import FOLDER, schemas

for name, text in schemas().items():
    (FOLDER / name).write_text(text, encoding="utf-8")
