"""For all tests: Hypothesis sets no time limit, as machines are noisy, and tells how to repeat a failure.

A database server is started at the first test that asks for one.
"""

from hypothesis import HealthCheck, settings

from tests.server import mysql_server_url, mysql_url

__all__ = ["mysql_server_url", "mysql_url"]

settings.register_profile(
    "house", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.load_profile("house")
