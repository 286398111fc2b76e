"""The queue: who wants what done, in which order, on which board, and how each attempt at it ended."""
