"""Numbers that are counted once: what is kept, what a budget allows, and what becomes of a damaged group."""

import threading

import pytest

from dashboard.services.cache import numbers as module
from dashboard.services.cache.numbers import Budget, cached_numbers, clear_numbers, size_of_numbers
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings


@pytest.fixture
def workspace(tmp_path):
    opened = open_workspace(Settings(home=str(tmp_path / "home")))
    yield opened
    opened.catalogue.close()


class Counter:
    """Counts, and notes what it was asked for."""

    def __init__(self):
        self.asked = []

    def __call__(self, place):
        self.asked.append(place)
        return {"place": place}


def ask(workspace, count, keys="abc", budget=module.UNLIMITED, group="group"):
    return cached_numbers(workspace, group, list(keys), [10] * len(keys), count, budget)


def test_what_was_counted_once_is_not_counted_again(workspace):
    count = Counter()
    first = ask(workspace, count)
    assert ask(workspace, count) == first == [{"place": 0}, {"place": 1}, {"place": 2}]
    assert count.asked == [0, 1, 2]
    assert ask(workspace, count, "cad") == [{"place": 2}, {"place": 0}, {"place": 2}]
    assert count.asked == [0, 1, 2, 2]


def test_what_cannot_be_written_is_counted_once_all_the_same_so_that_a_page_that_polls_sees_an_end(workspace):
    workspace.decoded.folder.mkdir(exist_ok=True)
    (workspace.decoded.folder / "numbers").write_text("a file where the folder should be")
    count, little = Counter(), Budget(seconds=1e-9)  # of one at a time
    assert [ask(workspace, count, budget=little)[place] for place in range(3)] == [
        {"place": place} for place in range(3)
    ]
    assert count.asked == [0, 1, 2]
    assert ask(workspace, count, budget=module.NOTHING) == [{"place": 0}, {"place": 1}, {"place": 2}]


def test_equal_keys_are_counted_once_and_shelves_are_apart(workspace):
    count = Counter()
    assert ask(workspace, count, "aab") == [{"place": 1}, {"place": 1}, {"place": 2}]
    ask(workspace, count, "a", group="another")
    assert count.asked == [1, 2, 0]


def test_a_budget_of_work_allows_all_or_nothing(workspace):
    """The work is that of the cells, and of opening each of the three."""
    count, work = Counter(), 30 + 3 * module.OPENING
    assert ask(workspace, count, "abc", Budget(most_work=work - 1)) == [None, None, None]
    assert None not in ask(workspace, count, "abc", Budget(most_work=work))
    assert None not in ask(workspace, count, "abc", Budget(most_work=0))  # nothing has to be read any more


def test_requests_at_the_same_time_count_once_for_all_who_wait(workspace):
    """The first one waits in the middle of its count until the others have begun; none of them counts anything."""
    count, counting, others_wait, results = Counter(), threading.Event(), threading.Barrier(5), []

    def slowly(place):
        counting.set()
        if not count.asked:
            others_wait.wait()
        return count(place)

    def another():
        others_wait.wait()
        results.append(ask(workspace, count))

    first = threading.Thread(target=lambda: results.append(ask(workspace, slowly)))
    first.start()
    counting.wait()
    others = [threading.Thread(target=another) for _ in range(4)]
    for thread in others:
        thread.start()
    for thread in (first, *others):
        thread.join()
    assert count.asked == [0, 1, 2]
    assert results == [[{"place": 0}, {"place": 1}, {"place": 2}]] * 5


def test_who_may_not_wait_any_longer_gets_what_is_known(workspace):
    counting, may_go_on, count = threading.Event(), threading.Event(), Counter()
    ask(workspace, count, "a")

    def slowly(place):
        counting.set()
        may_go_on.wait()
        return count(place)

    first = threading.Thread(target=ask, args=(workspace, slowly))
    first.start()
    counting.wait()
    assert ask(workspace, count, "abc", Budget(seconds=1e-9)) == [{"place": 0}, None, None]
    may_go_on.set()
    first.join()
    assert count.asked == [0, 1, 2]


def test_a_budget_of_seconds_goes_on_where_it_stopped(workspace):
    count = Counter()
    assert ask(workspace, count, "abc", Budget(seconds=0)) == [None, None, None]
    short = Budget(seconds=1e-9)
    assert [ask(workspace, count, "abc", short).count(None) for _ in range(3)] == [2, 1, 0]
    assert count.asked == [0, 1, 2]


def test_what_was_counted_before_a_failure_is_kept(workspace):
    def fails(place):
        if place == 1:
            raise ValueError("no second one")
        return {"place": place}

    with pytest.raises(ValueError, match="no second one"):
        ask(workspace, fails)
    count = Counter()
    ask(workspace, count)
    assert count.asked == [1, 2]


@pytest.mark.parametrize("content", [b"", b"{torn", b"[]", b"\x00"])
def test_a_damaged_shelf_is_counted_again(workspace, content):
    count = Counter()
    ask(workspace, count)
    (file,) = (workspace.settings.home_folder / "cache" / "numbers").glob("*.json")
    file.write_bytes(content)
    assert None not in ask(workspace, count)
    assert len(count.asked) == 6


def test_a_shelf_forgets_its_oldest(workspace):
    full = [f"key {number}" for number in range(module.MOST_IN_A_FILE)]
    count = Counter()
    ask(workspace, count, full)
    ask(workspace, count, ["one more"])
    ask(workspace, count, [*full[1:], "one more"])
    assert count.asked == [*range(len(full)), 0]
    ask(workspace, count, full[:1])
    assert count.asked == [*range(len(full)), 0, 0]


def test_the_numbers_are_part_of_the_cache_that_a_person_can_clear(workspace):
    assert size_of_numbers(workspace) == 0
    ask(workspace, Counter())
    assert size_of_numbers(workspace) > 0
    clear_numbers(workspace)
    assert size_of_numbers(workspace) == 0
