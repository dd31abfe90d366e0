"""Real messages: the fixtures that mail parsers ship, fetched from where they are published, never committed."""
