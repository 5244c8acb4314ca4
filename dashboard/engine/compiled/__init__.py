"""A second way to compute a training's steps: a small library in C, where numpy's price a call is most of the time."""
