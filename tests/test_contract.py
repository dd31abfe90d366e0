"""What every mail server owes: found by its folder, documented, and good for its samples."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import breachkit
from breachkit.evidence.where import Asked, find_evidence
from breachkit.servers import MailServer, load, names

SAMPLES = Path(__file__).parents[1] / "sample_queues"
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(breachkit.__path__, "breachkit.")
    if not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", names())
def test_a_server_is_a_whole_value_of_functions(name: str) -> None:
    server = load(name)
    assert isinstance(server, MailServer)
    assert server.name == name
    for field in dataclasses.fields(server):
        ability = getattr(server, field.name)
        if callable(ability):
            assert ability.__doc__, f"{field.name} of {name} says nothing of itself"


@pytest.mark.parametrize("name", names())
def test_a_server_recognises_its_samples(name: str) -> None:
    stories = [path for path in (SAMPLES / name).iterdir() if path.is_dir()]
    assert stories
    for story in stories:
        assert (story / "README.md").is_file()
        assert (story / "expected.json").is_file()
        assert name in find_evidence(Asked(root=story)).server.split(", ")


@pytest.mark.parametrize("name", MODULES)
def test_everything_public_says_what_it_is(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    for shown, thing in vars(module).items():
        if (
            not shown.startswith("_")
            and (inspect.isfunction(thing) or inspect.isclass(thing))
            and thing.__module__ == name
        ):
            assert thing.__doc__, f"{name}.{shown}"
