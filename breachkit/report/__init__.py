"""Anything → words: text for a terminal, JSON by the contract."""
