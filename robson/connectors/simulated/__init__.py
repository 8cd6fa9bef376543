"""The simulated exchange: an isolated-margin account, its durable books, and the tapes it plays."""
