"""The truth that a board is measured against: NumPy models of ``docs/reference/rendering.md``."""
