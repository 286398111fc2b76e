"""Proof that the suite can fail: firmware with one fault each, and whether the suite notices."""
