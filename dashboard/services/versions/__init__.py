"""Use cases of versions and their tensors."""
