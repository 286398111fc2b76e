"""Artifact to board."""
