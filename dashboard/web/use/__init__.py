"""The pages on which a version is put to use."""
