"""Use cases over all versions of a network: history, health, firing."""
