"""Exim: what its spool files and its log lines say."""
