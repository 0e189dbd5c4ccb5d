"""A folder of results survives kills and refuses to mix."""

from pathlib import Path

import pytest

from medvid.core import ConfigError
from medvid.core.results_folder import PART, ResultsFolder, provenance, whole_lines

MADE = {"plan": "a", "model": "b"}


def folder(path: Path, **made_with: str) -> ResultsFolder:
    return ResultsFolder(path, "lines.jsonl", {**MADE, **made_with}, {"told": 1})


def test_what_was_appended_is_there_on_the_next_start(tmp_path: Path) -> None:
    folder(tmp_path / "out").append({"a": 1})
    folder(tmp_path / "out").append({"b": "\n"})
    assert folder(tmp_path / "out").kept == [b'{"a": 1}', b'{"b": "\\n"}']
    assert provenance(tmp_path / "out") == {"made_with": MADE, "told": 1}


def test_a_line_that_a_kill_cut_off_is_dropped_and_does_not_spoil_the_next(tmp_path: Path) -> None:
    folder(tmp_path).append({"a": 1})
    with (tmp_path / "lines.jsonl").open("a") as file:
        file.write('{"b": ')
    folder(tmp_path).append({"c": 3})
    assert whole_lines(tmp_path / "lines.jsonl") == [b'{"a": 1}', b'{"c": 3}']


def test_a_start_that_was_killed_before_it_wrote_its_provenance_goes_on(tmp_path: Path) -> None:
    (tmp_path / PART).write_text('{"made')
    assert folder(tmp_path).kept == []


def test_what_was_made_otherwise_is_refused_and_named(tmp_path: Path) -> None:
    folder(tmp_path)
    with pytest.raises(ConfigError, match="results of another model; name another folder"):
        folder(tmp_path, model="c")


@pytest.mark.parametrize("name", ["letter.txt", "lines.jsonl"])
def test_a_folder_of_something_else_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    with pytest.raises(ConfigError, match="something else already"):
        folder(tmp_path)


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"provenance.json cannot be read"):
        provenance(tmp_path)
