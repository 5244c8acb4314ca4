"""Fixtures for all tests: a database server, started at the first test that asks for it."""

from tests.server import mysql_server_url, mysql_url

__all__ = ["mysql_server_url", "mysql_url"]
