"""The formats in which versions leave, each a module with one object."""
