"""The page on which a version is measured on other data."""
