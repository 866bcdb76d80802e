"""The pytest plugin, in runs of pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import dualtape as dt
from dualtape.devices.registry import HOST
from dualtape.errors import DeviceError
from dualtape.testing.targets import Target, chosen_targets

pytest_plugins = ["pytester"]

ARGUMENTS = ("-p", "no:cacheprovider", "-p", "no:xdist")
USING_THE_FIXTURE = """
    import dualtape as dt

    def test_square(dualtape_device):
        made_here = dt.Tensor([3.0])
        assert made_here.device is dualtape_device.device
        result = dualtape_device(lambda x: x * x)(made_here)
        assert result.device is dualtape_device.device
        assert float(result) == 9.0
"""
MARKED = """
    import pytest
    import dualtape as dt

    @pytest.mark.dualtape_devices
    def test_where():
        print("on", dt.Tensor([1.0]).device.name)
"""


@pytest.fixture
def run(pytester: pytest.Pytester):  # type: ignore[no-untyped-def]
    """``run(source, *options)``: the outcome of pytest on a file, with warnings as errors."""

    def run(source: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(source)
        return pytester.runpytest_subprocess(*ARGUMENTS, "-W", "error", *options)

    return run


def test_fixture_runs_eagerly_and_under_jit(run) -> None:  # type: ignore[no-untyped-def]
    result = run(USING_THE_FIXTURE, "--dualtape-devices=host", "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*test_square[[]host[]] PASSED*", "*test_square[[]host-jit[]] PASSED*"])


def test_all_devices_are_the_default(run) -> None:  # type: ignore[no-untyped-def]
    outcomes = run(USING_THE_FIXTURE).parseoutcomes()
    assert outcomes.get("passed", 0) + outcomes.get("skipped", 0) == 2 * len(dt.devices())
    working = [place for place in dt.devices() if Target(place).failure() is None]
    assert outcomes["passed"] == 2 * len(working)


def test_mark_alone_runs_eagerly_on_each_device(run) -> None:  # type: ignore[no-untyped-def]
    result = run(MARKED, "--dualtape-devices=host", "-v", "-s")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*test_where[[]host[]]*on host*"])


@pytest.mark.parametrize(
    ("mark", "count"),
    [('dualtape_devices("host")', 2), ('dualtape_devices("host", jit=False)', 1), ("dualtape_devices(jit=False)", 1)],
)
def test_mark_restricts_the_fixture(run, mark: str, count: int) -> None:  # type: ignore[no-untyped-def]
    source = f"""
        import pytest

        @pytest.mark.{mark}
        def test_runs(dualtape_device):
            assert str(dualtape_device) in ("host", "host-jit")
    """
    run(source, "--dualtape-devices=host").assert_outcomes(passed=count)


def test_mark_for_devices_that_this_run_does_not_use(run) -> None:  # type: ignore[no-untyped-def]
    source = """
        import pytest

        @pytest.mark.dualtape_devices("host")
        class TestMarked:
            def test_other(self):
                pass
    """
    run(source, "--dualtape-devices=host").assert_outcomes(passed=1)


def test_fixture_serves_hypothesis(run) -> None:  # type: ignore[no-untyped-def]
    """Without a complaint that it is not made anew for each example: it holds no state."""
    source = """
        from hypothesis import given
        from dualtape.testing.strategies import shapes, tensors

        @given(x=tensors(shapes()))
        def test_square(dualtape_device, x):
            assert bool((dualtape_device(lambda x: x * x)(x) >= 0).all())
    """
    run(source, "--dualtape-devices=host", "--hypothesis-profile=dev").assert_outcomes(passed=2)


def test_unknown_device_is_an_error_that_names_it(run) -> None:  # type: ignore[no-untyped-def]
    result = run(USING_THE_FIXTURE, "--dualtape-devices=opencl:99")
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*no device 'opencl:99'; there are host*"])


@pytest.mark.parametrize("profile", ["dev", "ci", "nightly"])
def test_profiles_are_registered(run, profile: str) -> None:  # type: ignore[no-untyped-def]
    source = """
        from hypothesis import settings

        def test_profile(request):
            name = request.config.getoption("--hypothesis-profile")
            assert settings.get_current_profile_name() == name
            assert settings().max_examples == {"dev": 20, "ci": 200, "nightly": 4000}[name]
    """
    run(source, f"--hypothesis-profile={profile}").assert_outcomes(passed=1)


def test_profiles_of_a_project_win(run, pytester: pytest.Pytester) -> None:  # type: ignore[no-untyped-def]
    pytester.makeconftest("from hypothesis import settings\nsettings.register_profile('ci', max_examples=7)")
    source = "def test_own():\n    from hypothesis import settings\n    assert settings().max_examples == 7"
    run(source, "--hypothesis-profile=ci").assert_outcomes(passed=1)


def test_other_projects_do_not_pay_for_the_plugin(run) -> None:  # type: ignore[no-untyped-def]
    source = """
        import sys

        def test_nothing_is_imported():
            assert "pytest_dualtape" in sys.modules
            for name in ("dualtape", "numpy", "pyopencl", "hypothesis"):
                assert name not in sys.modules, name
    """
    run(source).assert_outcomes(passed=1)


def test_host_alone_needs_no_opencl(run) -> None:  # type: ignore[no-untyped-def]
    source = USING_THE_FIXTURE + "\n        import sys\n        assert 'pyopencl' not in sys.modules\n"
    run(source, "--dualtape-devices=host").assert_outcomes(passed=2)


def test_plugin_is_installed_with_the_package() -> None:
    from importlib.metadata import entry_points

    (found,) = entry_points(group="pytest11", name="pytest_dualtape")
    assert found.value == "pytest_dualtape"


def test_plugin_module_imports_nothing_but_pytest() -> None:
    import pytest_dualtape

    folder = Path(pytest_dualtape.__file__).parent
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import pytest_dualtape; print('dualtape' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_targets() -> None:
    assert [str(target) for target in chosen_targets("host")] == ["host", "host-jit"]
    assert [str(target) for target in chosen_targets("host", jitted=False)] == ["host"]
    assert chosen_targets("host", ("host",)) == [Target(HOST), Target(HOST, True)]
    assert [target.device for target in chosen_targets("all", jitted=False)] == list(dt.devices())
    with pytest.raises(DeviceError, match="no device 'opencl:99'"):
        chosen_targets("opencl:99")
    moved = Target(HOST, jitted=True)(lambda tree: tree["x"] + 1)({"x": dt.Tensor([1.0])})
    assert moved.tolist() == [2.0]
