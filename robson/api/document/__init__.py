"""From wire messages to JSON documents; the caller's side only, and it knows nothing of domain."""
