"""Pages of runs and the queue."""
