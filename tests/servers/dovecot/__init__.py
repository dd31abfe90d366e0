"""Dovecot: what its log lines and its passwd-files say."""
