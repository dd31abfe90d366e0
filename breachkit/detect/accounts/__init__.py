"""Who came in: attempts, sends and deliveries → attackers, entries and the verdict on every account."""
