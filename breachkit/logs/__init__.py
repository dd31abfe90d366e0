"""Log files → lines → sessions → events, for every mail server.

What one product alone knows of its logs (the names of its files, how its lines begin, what they say) is a
`kinds.LogKind` in that product's folder below `servers/`.
"""
