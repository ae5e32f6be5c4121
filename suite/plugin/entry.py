"""The options of the suite, known to pytest before it looks for a configuration.

Installed as an entry point, since an option that a conftest.py adds comes too late for its value: pytest would take an
existing folder after `--model` or `--results` for one of tests, and look for its configuration there. In projects other
than the suite's own this adds a group to `pytest --help`, runs a course with `--course`, and does nothing else.
"""

from __future__ import annotations

import pytest

from suite.plugin import hookspecs, options


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hooks that others can implement."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    options.add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | pytest.ExitCode | None:
    """Start over with the configuration of the checkout that pytest was called in, where it took another for it."""
    here = config.invocation_params.dir
    named = config.option.inifilename or config.option.rootdir
    if named or config.rootpath == here or not (here / "suite" / "plugin" / "entry.py").is_file():
        return None
    return pytest.main(["-c", str(here / "pyproject.toml"), *map(str, config.invocation_params.args)])


def pytest_configure(config: pytest.Config) -> None:
    """With --course, bring what runs it, whatever project this is; the matrix belongs to the suite's own checkout."""
    if config.getoption("--course") and not config.pluginmanager.has_plugin("suite.plugin"):
        config.pluginmanager.import_plugin("suite.plugin")
