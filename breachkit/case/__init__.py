"""One incident's folder: what was found, for its readers and their tools, and every command run on it."""
