"""Queues with known campaigns in them, for measuring `breachkit group`.

Nothing here is shared with the detector: words are made of syllables by the seed, there is no list of real words and
no rule about what spam looks like. The truth is written by what each writer did. `python -m tests.campaigns` builds
queues, runs the product on them and prints recall, precision and what each purge string hits; `--ham` takes real mail
for the innocent part (downloaded, never kept here).
"""
