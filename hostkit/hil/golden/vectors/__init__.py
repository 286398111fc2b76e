"""Golden vectors, read by C++ and Python tests: ``python -m hostkit.hil.golden.vectors [DIRECTORY]``."""
