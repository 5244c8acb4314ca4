"""Putting a version to use: a record, a file of records or a drawing goes in, an answer comes out."""
