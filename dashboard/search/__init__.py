"""Architecture search: space, samplers, early stopping and findings. Numbers only."""
