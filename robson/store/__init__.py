"""Remembering: the journal and what it is made of."""
