"""Taking a version away: in which formats, making the file, and proving that it holds what the store holds."""
