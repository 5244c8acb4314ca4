"""Numbers about weights: arrays in, small named tuples out."""
