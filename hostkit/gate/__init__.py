"""Observations to verdict."""
