"""Pages of imports: sending files of weights, and saying what they are to become."""
