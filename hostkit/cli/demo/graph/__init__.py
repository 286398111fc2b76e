"""``hostkit demo --graph``: a whole plan, from a bad breakdown to a branch that only holds what passed."""
