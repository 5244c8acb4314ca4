import pytest

from tests.contract.store_contract import StoreContract


class TestCsvStore(StoreContract):
    @pytest.fixture
    def address(self, tmp_path):
        return f"csv:{tmp_path / 'weights'}"

    @pytest.fixture
    def tamper(self, store):
        def overwrite(key, row, column, number):
            path = store.folder / store.table_name(key)
            lines = path.read_text().split("\n")
            cells = lines[row + 1].split(",")
            cells[column] = str(number)
            lines[row + 1] = ",".join(cells)
            path.write_text("\n".join(lines))

        return overwrite
