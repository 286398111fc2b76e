"""Numbered migrations, run in-process when a database is opened."""
