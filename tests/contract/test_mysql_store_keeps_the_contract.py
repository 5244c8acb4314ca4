from contextlib import closing

import pytest

from dashboard.weights.mysql_store import MysqlStore
from tests.contract.store_contract import StoreContract
from tests.server import run_sql

pytestmark = pytest.mark.server


class TestMysqlStore(StoreContract):
    @pytest.fixture
    def address(self, mysql_url):
        return mysql_url

    @pytest.fixture
    def tamper(self, mysql_url):
        server, _, database = mysql_url.rpartition("/")

        def overwrite(key, row, column, number):
            name = MysqlStore(mysql_url).table_name(key)
            run_sql(server, f"UPDATE `{name}` SET c{column} = {number} WHERE r = {row}", database=database)

        return overwrite


class TestMysqlStoreByPublicInterfaces(TestMysqlStore):
    """The same without the connector's private parts: the way out when they change."""

    @pytest.fixture
    def store(self, mysql_url):
        with closing(MysqlStore(mysql_url, only_public=True)) as store:
            yield store
