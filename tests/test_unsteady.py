"""The second try of a browser test (tests/unsteady.py), tried on suites of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from config import ROOT

Run = Callable[[str], pytest.RunResult]
# Fails at the first try, as often as it is told, and passes after it.
SUITE = """
import pathlib, pytest

@pytest.fixture
def fresh():
    return []

def once(name):
    mark = pathlib.Path(__file__).with_name(name)
    if not mark.exists():
        mark.touch()
        raise AssertionError("the first try of " + name)

@pytest.mark.e2e
@pytest.mark.parametrize("number", range({unsteady}))
def test_browser(number, fresh):
    fresh.append(1)
    once("browser-" + str(number))
    assert fresh == [1]

@pytest.mark.e2e
def test_steady():
    pass
"""
BROKEN = """
@pytest.mark.e2e
def test_broken():
    assert False, "whatever one does"
"""
FAST = """
def test_fast():
    once("fast")
"""
TEARDOWN = """
@pytest.fixture
def complains():
    yield
    once("teardown")

@pytest.mark.e2e
def test_complains(complains):
    pass
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a suite as `make e2e` does, in two processes; without what it needs no plugin for."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("UNSTEADY_FILE", raising=False)
    pytester.makeini("[pytest]\nmarkers =\n    e2e: a browser's")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    options = [f"-p{name}" for name in ("no:cacheprovider", "xdist", "pytest_rerunfailures", "tests.unsteady")]
    options += ["--numprocesses", "2", "--dist", "worksteal"]

    def run_(suite: str) -> pytest.RunResult:
        pytester.makepyfile(test_suite=suite)
        return pytester.runpytest_subprocess(*options)

    return run_


def unsteady(result: pytest.RunResult) -> list[str]:
    return sorted(line.split()[1] for line in result.outlines if line.startswith("UNSTEADY "))


def test_a_browser_test_that_passes_at_its_second_try_is_named(run: Run) -> None:
    result = run(SUITE.format(unsteady=1) + TEARDOWN)

    assert result.ret == pytest.ExitCode.OK
    assert unsteady(result) == ["test_suite.py::test_browser[0]", "test_suite.py::test_complains"]
    result.stdout.fnmatch_lines(["*AssertionError: the first try of browser-0"])


def test_three_unsteady_names_fail_the_run(run: Run) -> None:
    result = run(SUITE.format(unsteady=3))

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert len(unsteady(result)) == 3
    result.stdout.fnmatch_lines(["3 unsteady tests fail the run*"])


def test_a_browser_test_that_fails_twice_has_failed_and_a_fast_one_has_no_second_try(run: Run) -> None:
    result = run(SUITE.format(unsteady=0) + BROKEN + FAST)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert unsteady(result) == []
    result.assert_outcomes(failed=2, passed=1, skipped=1)


def test_the_names_of_runs_that_belong_together_are_counted_together(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "unsteady"
    shared.write_text("tests/e2e/test_other.py::test_one\ntests/e2e/test_other.py::test_two\n")
    monkeypatch.setenv("UNSTEADY_FILE", str(shared))

    result = run(SUITE.format(unsteady=1))

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert shared.read_text().splitlines()[-1] == "test_suite.py::test_browser[0]"
