"""How much a file of weights may be: its size, what it unfolds to, its parts, and the time and memory to read it."""

from dataclasses import dataclass

from dashboard.settings import Settings

MB = 2**20
GIB = 2**30


@dataclass(frozen=True)
class Limits:
    """The limits of one file. `file_bytes` is WEIGHTBASE_MAX_UPLOAD_MB in bytes; the others are the same for all."""

    file_bytes: int = 256 * MB
    unfolded_times: int = 20
    """What is in a file is at most so many times as large as the file itself ..."""
    unfolded_at_least: int = 64 * MB
    """... and may always be so large ..."""
    uploads_unfolded: int = 4
    """... and never larger than so many of the largest uploads."""
    tensors: int = 10_000
    members: int = 20_000
    name_length: int = 1024
    rank: int = 8
    nesting: int = 64
    text_bytes: int = 64 * MB
    """Headers, settings and other texts within a file."""
    listed_bytes: int = 32 * MB
    """What the tensors and facts of all files that are sent at once take as a list."""
    seconds: int = 60
    bytes_per_second: int = 8 * MB
    """Files that take longer than `seconds` at this rate get the time that they take at this rate."""
    memory: int = GIB
    memory_times: int = 4
    """The process that reads has `memory`, and so many times the size of the file."""
    open_files: int = 64

    def unfolded(self, file_size: int) -> int:
        """Return how many bytes the tensors of a file of this size may have together."""
        most = max(self.uploads_unfolded * self.file_bytes, self.unfolded_at_least)
        return min(most, max(self.unfolded_at_least, self.unfolded_times * file_size))

    def time(self, file_size: int) -> int:
        """Return the seconds after which reading a file of this size is ended."""
        return max(self.seconds, file_size // self.bytes_per_second)

    def address_space(self, file_size: int) -> int:
        """Return the bytes of memory that reading a file of this size may take."""
        return self.memory + self.memory_times * file_size


def limits_of(settings: Settings) -> Limits:
    """Return the limits that follow from WEIGHTBASE_MAX_UPLOAD_MB."""
    return Limits(file_bytes=settings.max_upload_mb * MB)
