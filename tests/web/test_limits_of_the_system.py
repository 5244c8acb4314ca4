"""Where no file descriptor or no memory is left, an address answers 503 and names the remedy: no fault of ours."""

import os
import resource
from contextlib import ExitStack, contextmanager

import pytest

from dashboard.services.store.tables import clear_cache
from tests.representatives import most_in_soak

V = "/networks/demo-digits/versions"
PLACES = [
    "/",
    "/store",
    "/runs",
    "/datasets/digits",
    "/networks/demo-digits",
    f"{V}/5?tensor=layer_01.weight",
    f"{V}/5/tensors/layer_01.weight",
    "/networks/demo-digits/health",
    "/compare?base=demo-digits:1&other=demo-digits:5",
    "/api/v1/networks",
    f"/api/v1{V}/5/tensors/layer_01.weight.csv",
    f"/api/v1{V}/5/tensors/layer_01.weight.npy",
    "/api/v1/networks/demo-digits/health",
]


@contextmanager
def descriptors(more):
    """Let this process open so many more files than are open now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    with ExitStack() as gaps:  # numbers below the highest that are free would count as well
        while (number := os.open(os.devnull, os.O_RDONLY)) < highest:
            gaps.callback(os.close, number)
        os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (number + more, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("more", most_in_soak([0, 2, 1, 3, 4], 2))
def test_without_file_descriptors_each_address_answers_or_names_the_limit(demo, trained_workspace, more):
    for place in PLACES:  # what a page imports at its first visit
        demo.raw(place)
    clear_cache(trained_workspace)
    answers = {}
    with descriptors(more):
        for place in PLACES:
            answer = demo.raw(place)
            answers[place] = (answer.status_code, answer.get_data())
    refused = {place: text.decode() for place, (status, text) in answers.items() if status != 200}
    assert {place: status for place, (status, _) in answers.items() if status not in {200, 503}} == {}
    assert [place for place, text in refused.items() if "file descriptor" not in text] == []
    assert more > 0 or refused
    assert [demo.raw(place).status_code for place in PLACES] == [200] * len(PLACES)


@pytest.mark.parametrize(
    ("place", "kind", "service"),
    [
        (f"{V}/5", "text/html", "dashboard.web.versions.views.get_detail"),
        (f"/api/v1{V}/5", "application/json", "dashboard.services.versions.reading.get_detail"),
    ],
)
def test_without_memory_an_address_names_the_limit(demo, monkeypatch, place, kind, service):
    def none_left(*_arguments):
        raise MemoryError

    monkeypatch.setattr(service, none_left)
    answer = demo.raw(place)
    assert (answer.status_code, answer.mimetype) == (503, kind)
    assert "This machine has no memory left" in answer.text
