"""Two mail servers that do not exist: what the contract asks of any product, and what each may lack.

They are found as the true ones are, by their folder: a test puts this folder beside theirs.
"""
