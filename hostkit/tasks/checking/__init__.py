"""Typed checks at work: each in a process of its own, on the commit that is to be proved."""
