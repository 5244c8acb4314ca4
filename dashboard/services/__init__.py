"""Use cases as plain functions; the only layer that sees all below it."""
