"""Files of weights that other programs wrote, read as untrusted data in a confined process (docs/formats.md)."""
