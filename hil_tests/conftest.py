"""What this project adds to hostkit's own models: nothing yet.

A new pattern needs a model here before a board can be held against it; see docs/reference/rendering.md.
"""


def pytest_hostkit_patterns():
    return ()
