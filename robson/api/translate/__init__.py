"""Between domain values and wire messages; the server's side only."""
