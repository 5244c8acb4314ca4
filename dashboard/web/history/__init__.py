"""Pages of what happened over the versions: history, one cell or unit, health."""
