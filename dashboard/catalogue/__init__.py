"""The small relational database about everything but the weights themselves."""
