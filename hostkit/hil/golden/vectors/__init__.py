"""Golden vectors, which C++ and Python tests both read: ``python -m hostkit.hil.golden.vectors [DIRECTORY]``."""
