"""Writes the golden vectors."""

import sys

from hostkit.hil.golden.vectors.files import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
