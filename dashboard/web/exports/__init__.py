"""Taking a version away: the formats, their files and their proofs."""
