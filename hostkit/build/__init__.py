"""Source to artifact."""
