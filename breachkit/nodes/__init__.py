"""SEVERAL NODES → ONE ANSWER: records read here, carried over in files, or read by workers, and stitched."""

from __future__ import annotations
