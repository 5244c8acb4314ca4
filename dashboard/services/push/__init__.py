"""Versions that other programs push: contents first, then the manifest that names them."""
