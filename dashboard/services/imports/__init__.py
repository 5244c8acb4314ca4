"""Imports: files of weights made elsewhere, read, looked at, and saved as versions."""
