"""Pages of the store: tables, trash, copying, verifying."""
