"""Pages that compare two versions, several, or all."""
