"""The drawn benchmark of verdicts: whole servers by chance, each account with the verdict a fair expert would allow.

Nothing here is taken from a detector: no constant, no word, no rule. A story is written from what the people and thieves
of such servers do, and its truth says how somebody who reads the logs and the queue by hand could tell.

Where it began, find-account of commit 13e8e68 on seeds 21 22 23: precision of *compromised* 0.78 and recall 0.78 on the
kinds to build against, 0.85 and 0.84 on those kept aside; a seed of one half takes 25 s of processor.
"""
