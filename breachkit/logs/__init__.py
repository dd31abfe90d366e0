"""Lines → sessions → events, for every product."""
