"""EVIDENCE → RECORDS IN MEMORY: where it is, what of it was read, and what was not; no command line in here."""

from __future__ import annotations
