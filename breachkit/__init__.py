"""Incident response for mail servers: from an exploding queue to the compromised account."""

from __future__ import annotations

__version__ = "0.1.0"
