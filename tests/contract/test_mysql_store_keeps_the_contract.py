from contextlib import closing

import pytest

from dashboard.weights.dtypes import DTYPES
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

    @pytest.mark.soak
    def test_a_layer_of_5000_units_and_one_of_70000_columns_come_back(self, store):
        super().test_a_layer_of_5000_units_and_one_of_70000_columns_come_back(store)

    @pytest.mark.soak
    def test_the_csv_of_a_large_table_comes_in_pieces_of_bounded_size(self, store):
        super().test_the_csv_of_a_large_table_comes_in_pieces_of_bounded_size(store)

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.soak
    @pytest.mark.slow
    def test_a_table_of_half_a_million_random_bits_comes_back(self, store, dtype):
        super().test_a_table_of_half_a_million_random_bits_comes_back(store, dtype)

    # In what follows the other processes use all parts of the connector: they are those of the class above.

    @pytest.mark.soak
    def test_a_save_in_another_process_is_neither_swept_nor_deleted_nor_joined(self, store, address):
        super().test_a_save_in_another_process_is_neither_swept_nor_deleted_nor_joined(store, address)

    @pytest.mark.soak
    def test_what_a_killed_save_has_left_is_invisible_and_swept(self, store, address):
        super().test_what_a_killed_save_has_left_is_invisible_and_swept(store, address)

    @pytest.mark.soak
    def test_a_save_goes_ahead_over_what_a_killed_one_has_left(self, store, address):
        super().test_a_save_goes_ahead_over_what_a_killed_one_has_left(store, address)

    @pytest.mark.soak
    def test_processes_save_read_delete_and_sweep_one_store_at_once_without_a_wrong_bit(self, store, address):
        super().test_processes_save_read_delete_and_sweep_one_store_at_once_without_a_wrong_bit(store, address)
