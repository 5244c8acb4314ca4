"""Use cases of changes: a version's weights are changed, measured, and kept as a child version."""
