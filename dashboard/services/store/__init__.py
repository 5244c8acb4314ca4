"""Use cases of the store: long actions, copying, trash, reindexing."""
