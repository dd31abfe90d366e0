"""What was sent? Messages → the texts they share → the runs they are of → the string to purge each by."""
