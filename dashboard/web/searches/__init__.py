"""Pages of architecture searches."""
