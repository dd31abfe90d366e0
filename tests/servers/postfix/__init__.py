"""Postfix: what its queue files and its log lines say."""
