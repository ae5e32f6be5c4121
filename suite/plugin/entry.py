"""The options of the suite, known to pytest before it looks for a configuration.

Installed as an entry point, since an option that a conftest.py adds comes too late for its value: pytest would take an
existing folder after `--model` or `--results` for one of tests, and look for its configuration there. In projects other
than the suite's own this adds a group to `pytest --help`, runs a course with `--course`, the tasks on a `--model`, and
does nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from suite.core.files import project_root
from suite.core.import_path import SAFE_PATH, leave_out_all_but_packages
from suite.plugin import hookspecs, options


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hooks that others can implement."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    options.add_options(parser)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """With --course, keep whatever lies in the working directory or above it from being imported.

    That is: every conftest.py, and what the environment or a pytest.ini puts onto the import path.
    """
    if not early_config.known_args_namespace.course:
        return (yield)
    early_config.known_args_namespace.noconftest = True
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    early_config.add_cleanup(lambda: _set_variable(SAFE_PATH, before))
    leave_out_all_but_packages()
    result = yield
    leave_out_all_but_packages()
    return result


def _set_variable(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | pytest.ExitCode | None:
    """Start over with the configuration of the checkout that pytest was called in, where it took another for it.

    Or with the tasks, where a model is named in any other folder, and no tests are.
    """
    here, words = config.invocation_params.dir, list(map(str, config.invocation_params.args))
    named = config.option.inifilename or config.option.rootdir
    if not named and config.rootpath != here and (here / "suite" / "plugin" / "entry.py").is_file():
        return pytest.main(["-c", str(here / "pyproject.toml"), *words])
    if config.getoption("--model") and not config.getoption("--course") and _names_no_tests(config):
        from suite.task.discovery import tasks_root

        tasks = Path(config.getoption("--tasks") or tasks_root()).expanduser()
        again = "-Wignore:Module already imported:pytest.PytestAssertRewriteWarning"
        return pytest.main(["-p", "suite.plugin", "--import-mode=importlib", again, *words, str(tasks)])
    return None


def _names_no_tests(config: pytest.Config) -> bool:
    """Whether what pytest would collect is neither named nor the tasks: the folder that it is in, or its project's."""
    if config.args_source is pytest.Config.ArgsSource.ARGS:
        return False
    is_ours = config.rootpath == project_root()
    in_ours = is_ours and config.args_source is pytest.Config.ArgsSource.INVOCATION_DIR
    return in_ours or not config.pluginmanager.has_plugin("suite.plugin")


def pytest_configure(config: pytest.Config) -> None:
    """With --course, bring what runs it, whatever project this is; the matrix belongs to the suite's own checkout."""
    if config.getoption("--course") and not config.pluginmanager.has_plugin("suite.plugin"):
        config.pluginmanager.import_plugin("suite.plugin")
