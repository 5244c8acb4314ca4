"""Caches: counted numbers in memory and on disk."""
