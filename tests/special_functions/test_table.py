"""The committed table of errors in the docs is true: bounds are those that the tests hold, figures lie below them."""

from __future__ import annotations

import pytest

from dualtape.primitives import CATALOGUE, special
from special_functions.reference import FUNCTIONS, HOST_ULPS, host_name
from special_functions.table import DTYPES, error_on_host, stated

ON_HOST = [name for name in FUNCTIONS if host_name(name)]


def test_every_function_has_a_row() -> None:
    assert sorted(stated()) == sorted(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_stated_bounds_are_those_that_are_tested(name: str) -> None:
    single, double, bound, *host = stated()[name]
    assert float(bound) == FUNCTIONS[name].ulps
    assert max(float(single), float(double)) <= float(bound)
    if host_name(name):
        assert float(host[2]) == HOST_ULPS.get(name, 4)
        assert max(float(host[0]), float(host[1])) <= float(host[2])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ON_HOST)
def test_error_on_the_host_is_within_the_stated_bound(name: str, dtype: str) -> None:
    assert error_on_host(name, dtype) <= float(stated()[name][5])


def test_special_functions_of_the_catalogue_are_all_there() -> None:
    own = {p.name for p in vars(special).values() if CATALOGUE.get(getattr(p, "name", "")) is p}
    assert own - {"exp"} <= {host_name(name) for name in ON_HOST}
