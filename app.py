"""What `weightbase` does, in a checkout: the same command line, and `app:create_app()` for gunicorn."""

import sys

from dashboard import create_app
from dashboard.cli import main

__all__ = ["create_app", "main"]

if __name__ == "__main__":
    sys.exit(main())
