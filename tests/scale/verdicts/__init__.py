"""The drawn benchmark of verdicts: whole servers by chance, each account with the verdict a fair expert would allow.

Nothing here is taken from a detector: no constant, no word, no rule. A story is written from what the people and thieves
of such servers do, and its truth says how somebody who reads the logs and the queue by hand could tell.
"""
