"""Addresses of stores with and without their password: what is kept and shown never holds one."""

import re
from urllib.parse import quote, unquote

WITH_PASSWORD = re.compile(r"(mysql://[^:@/]*):(.*)@([^@]*)", re.DOTALL)


def split_password(address: str) -> tuple[str, str]:
    """Return a store's address without its password, and the password (empty if there is none)."""
    match = WITH_PASSWORD.fullmatch(address.strip())
    return (f"{match[1]}@{match[3]}", unquote(match[2])) if match else (address.strip(), "")


def with_password(address: str, password: str) -> str:
    """Return the address with a password put in; `address` has none."""
    user, at, rest = address.rpartition("@")
    return f"{user}:{quote(password, safe='')}@{rest}" if password and at else address
