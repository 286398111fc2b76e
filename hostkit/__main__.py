"""``python -m hostkit`` is the ``hostkit`` command."""

from hostkit.cli.main import entry

if __name__ == "__main__":
    entry()
