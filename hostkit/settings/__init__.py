"""What was asked: settings records, each value with where it came from."""
