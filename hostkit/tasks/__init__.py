"""What depends on what: the task graph and its runner."""
