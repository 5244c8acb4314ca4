"""The forms of the catalogue, one migration each."""
