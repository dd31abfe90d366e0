"""The texts of a message as a reader sees them, and what can be told of them without decoding all of it.

`decoding` says what *decoded* means. `added` (many strings at once) and `glance` (one string) answer for most messages
at a fraction of the cost, say None of the others, and are held against it by property tests.

`finder` looks for many strings in bytes, whatever they are of.
"""
