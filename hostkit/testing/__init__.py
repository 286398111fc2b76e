"""Fakes that hostkit's own tests use, for yours."""
