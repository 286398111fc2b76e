"""Verdict to reader."""
