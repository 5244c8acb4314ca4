"""The page on which the weights of a version are changed and kept as a child version."""
