"""The numeric core: dense networks and their training, in numpy alone."""
