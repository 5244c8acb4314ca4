from datetime import datetime

from dashboard.services.history.lineage import Descent, nodes_of

SAVED = datetime(2026, 1, 1)


def descent(number, run=None, parents=(), how="training"):
    return Descent(f"a:{number}", number, number, SAVED, how, run, tuple(parents))


def drawn(versions, **options):
    return [(node.id, node.kind, node.versions, node.parents) for node in nodes_of(versions, **options)]


def test_versions_of_a_run_that_nothing_comes_from_stand_together():
    versions = [descent(number, run=7) for number in range(1, 6)]
    assert drawn(versions) == [
        ("run 7", "run", 1, ()),
        ("a:4", "group", 4, ("run 7",)),
        ("a:5", "version", 1, ("run 7",)),
    ]


def test_a_version_that_something_comes_from_stands_by_itself():
    versions = [*(descent(number, run=7) for number in range(1, 4)), descent(4, parents=["a:2"], how="edit")]
    assert drawn(versions) == [
        ("run 7", "run", 1, ()),
        ("a:1", "version", 1, ("run 7",)),
        ("a:2", "version", 1, ("run 7",)),
        ("a:4", "version", 1, ("a:2",)),
        ("a:3", "version", 1, ("run 7",)),
    ]


def test_a_run_begins_at_its_parent():
    versions = [descent(1, run=7), descent(2, run=8, parents=["a:1"])]
    assert drawn(versions) == [
        ("run 7", "run", 1, ()),
        ("a:1", "version", 1, ("run 7",)),
        ("run 8", "run", 1, ("a:1",)),
        ("a:2", "version", 1, ("run 8",)),
    ]


def test_a_parent_of_another_network_or_one_that_is_deleted_is_drawn_too():
    assert drawn([descent(3, parents=["b:9", "a:1"], how="average")]) == [
        ("a:1", "version", 1, ()),
        ("b:9", "version", 1, ()),
        ("a:3", "version", 1, ("b:9", "a:1")),
    ]


def test_a_version_stands_after_all_that_it_was_made_of():
    versions = [descent(1), descent(2, parents=["a:1"]), descent(3), descent(4, parents=["a:1", "a:3"])]
    assert [name for name, *_ in drawn(versions)] == ["a:1", "a:2", "a:3", "a:4"]


def test_of_very_many_nodes_the_newest_are_drawn():
    versions = [
        descent(number, parents=[f"a:{number - 1}"] if number > 1 else [], how="edit") for number in range(1, 50)
    ]
    assert drawn(versions, most=3) == [
        ("a:47", "version", 1, ()),
        ("a:48", "version", 1, ("a:47",)),
        ("a:49", "version", 1, ("a:48",)),
    ]
