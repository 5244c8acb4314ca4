"""Pages of networks: the list, one network, defining and training it."""
