"""Pages of versions and their tensors."""
