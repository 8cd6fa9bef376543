"""Nouns and law: what Robson talks about, with every invariant checked on construction."""
