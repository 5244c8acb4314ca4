"""Use cases that compare versions."""
