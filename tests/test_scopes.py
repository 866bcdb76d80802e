"""What is open in a thread is dropped with the frame that opened it, wherever an interrupt came."""

from __future__ import annotations

import threading

import dualtape as dt
from dualtape.devices.registry import current_device
from dualtape.scopes import Scopes


class Scope:
    """Something entered."""


def test_what_is_gone_at_the_end_is_open_no_more() -> None:
    from weakref import ref

    scopes, outer, inner = Scopes(), Scope(), Scope()
    entered = scopes.entered = (ref(outer), ref(inner))
    assert scopes.still_open() == entered
    del inner
    assert scopes.still_open() == entered[:1]
    del outer
    assert scopes.still_open() == Scopes().still_open() == ()


def test_a_device_that_was_interrupted_on_the_way_out_is_chosen_no_more() -> None:
    before, last = current_device(), dt.devices()[-1]
    chosen = dt.device(last)
    assert chosen.__enter__() is last is current_device()
    with dt.device("host") as host:
        assert current_device() is host
    assert current_device() is last
    del chosen  # and Ctrl-C before it was left
    assert current_device() is before


def test_one_choice_may_be_entered_again_and_inside_itself() -> None:
    before, last = current_device(), dt.devices()[-1]
    chosen = dt.device(last)
    for _ in range(2):
        with chosen, dt.device("host"):
            with chosen:
                assert current_device() is last
            assert current_device().name == "host"
        assert current_device() is before


def test_a_choice_decorates_a_function_and_belongs_to_a_thread() -> None:
    last = dt.devices()[-1]
    seen: list[str] = []

    @dt.device(last)
    def name(depth: int) -> str:
        return current_device().name + (name(depth - 1) if depth else "")

    assert name(1) == last.name * 2
    with dt.device(last):
        thread = threading.Thread(target=lambda: seen.append(current_device().name))
        thread.start()
        thread.join()
    assert seen == [current_device().name]
