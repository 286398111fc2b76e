"""Board to observations."""
