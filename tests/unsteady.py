"""Browser tests get a second try, and no second try is hidden: who needed one is named at the end of the run.

A browser, a server and a simulator on a busy machine may trip over something that no change here brought. So a browser
test that fails is run once more, by pytest-rerunfailures; other tests never are. What then passes is unsteady: it is
listed by name with what went wrong, and LIMIT such names fail the run. Where several runs belong together, they share
the file that UNSTEADY_FILE names, and their names are counted together.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

LIMIT = 3


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # With xdist, every report arrives in the process that began the others.
        config.pluginmanager.register(Unsteady(), "unsteady-tests")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.flaky(reruns=1))


class Unsteady:
    """What failed at its first try, and what failed for good."""

    def __init__(self) -> None:
        self.first_tries: dict[str, str] = {}
        self.failed: set[str] = set()
        self.before: list[str] = []

    @property
    def names(self) -> list[str]:
        """The tests of this run that passed at their second try."""
        return [name for name in self.first_tries if name not in self.failed]

    @property
    def too_many(self) -> bool:
        return len({*self.before, *self.names}) >= LIMIT

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        outcome: str = report.outcome  # The plugin's own, beside pytest's three.
        if outcome == "rerun":
            self.first_tries.setdefault(report.nodeid, report.longreprtext)  # Its end may fail of the same thing.
        elif report.failed:
            self.failed.add(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if shared := os.environ.get("UNSTEADY_FILE"):
            file = Path(shared)
            self.before = file.read_text().splitlines() if file.exists() else []
            with file.open("a") as names:
                names.writelines(f"{name}\n" for name in self.names)
        if self.names and self.too_many and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        if not self.names:
            return
        terminalreporter.section("unsteady: failed, and passed when run once more", yellow=True)
        for name in self.names:
            terminalreporter.write_line(f"{self.first_tries[name]}\n")
        for name in self.names:
            terminalreporter.write_line(f"UNSTEADY {name}", yellow=True)
        if self.too_many:
            count = len({*self.before, *self.names})
            terminalreporter.write_line(f"{count} unsteady tests fail the run ({LIMIT} do).", red=True)
