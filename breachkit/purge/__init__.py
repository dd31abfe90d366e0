"""Chosen messages → quarantine and back; every act is journalled first, and none is without a way home."""
