"""Times in the catalogue: UTC, to the microsecond, without a zone, so that both databases keep them alike."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment as the catalogue keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)
