"""What travels between the layers: frozen records, one module a noun, and reading definitions from untrusted input."""
