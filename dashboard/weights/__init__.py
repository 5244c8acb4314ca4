"""The stores of tables, and their common interface."""
