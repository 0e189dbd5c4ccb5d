"""Which videos are served, under which ids, and what is declared of them; nothing outside the named folders."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from medvid.core.access import Access
from medvid.core.case import Action, Case
from medvid.core.errors import AccessError, ConfigError, VideoError
from medvid.video import FrameList, Library, decode
from medvid.video import library as library_module
from medvid.video.declared import title_of
from medvid.video.probe import probe
from tests.video import files

ALL = Access()
TIMES = files.every(0.1, 10)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    folder.mkdir()
    return folder


@pytest.fixture
def cache_file(tmp_path: Path) -> Path:
    return tmp_path / "probes.sqlite"


def video(path: Path, seed: int = 0) -> Path:
    """A one-second video; another seed gives other content."""
    return files.write(path, TIMES, tags={"title": f"content {seed}"})


def titles(library: Library, access: Access = ALL) -> list[str]:
    return [listed.title for listed in library.listing(access)]


def test_videos_of_all_folders_below_a_root_are_listed_by_title(root: Path, cache_file: Path) -> None:
    (root / "theatre 2").mkdir()
    video(root / "b.mp4", 1)
    video(root / "theatre 2" / "A.MKV".lower(), 2)
    video(root / ".hidden.mp4", 3)
    (root / "notes.txt").write_text("no video")
    (root / ".git").mkdir()
    video(root / ".git" / "c.mp4", 4)
    library = Library([root], cache_file=cache_file)
    assert titles(library) == ["a", "b"]
    listed = library.listing(ALL)[1]
    assert (listed.duration_s, listed.fps, listed.size, listed.simulated) == (pytest.approx(1.0), pytest.approx(10), (160, 96), False)
    assert len(listed.video_id) == 16 and set(listed.video_id) <= set("0123456789abcdef")
    assert listed.title == "b"


def test_equal_content_is_one_video_and_equal_names_are_two(root: Path, cache_file: Path) -> None:
    (root / "x").mkdir()
    (root / "y").mkdir()
    first = video(root / "x" / "case01.mp4", 1)
    video(root / "y" / "case01.mp4", 2)
    shutil.copy(first, root / "y" / "copy of case01.mp4")
    library = Library([root], cache_file=cache_file)
    assert titles(library) == ["case01", "case01"]
    assert len({listed.video_id for listed in library.listing(ALL)}) == 2


def test_a_link_out_of_the_root_is_not_followed(tmp_path: Path, root: Path, cache_file: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    secret = video(outside / "secret.mp4", 1)
    (root / "file.mp4").symlink_to(secret)
    (root / "folder").symlink_to(outside)
    (root / "up.mp4").symlink_to("../outside/secret.mp4")
    inside = video(root / "inside.mp4", 2)
    (root / "again.mp4").symlink_to(inside)
    assert titles(Library([root], cache_file=cache_file)) == ["inside"]
    assert titles(Library([root, outside], cache_file=cache_file)) == ["inside", "secret"]


def test_a_folder_whose_name_begins_like_the_root_is_outside(tmp_path: Path, root: Path, cache_file: Path) -> None:
    beside = tmp_path / "videos-private"
    beside.mkdir()
    (root / "x.mp4").symlink_to(video(beside / "x.mp4"))
    assert titles(Library([root], cache_file=cache_file)) == []


def test_an_unknown_video_and_a_forbidden_one_are_refused_alike(root: Path, cache_file: Path) -> None:
    video(root / "a.mp4", 1)
    video(root / "b.mp4", 2)
    library = Library([root], cache_file=cache_file)
    a, b = (listed.video_id for listed in library.listing(ALL))
    only_a = Access(videos=frozenset({a}))
    assert titles(library, only_a) == ["a"]
    assert library.info(a, only_a).video_id == a
    with pytest.raises(AccessError) as forbidden:
        library.info(b, only_a)
    with pytest.raises(AccessError) as unknown:
        library.info("0" * 16, only_a)
    assert str(forbidden.value).replace(b, "ID") == str(unknown.value).replace("0" * 16, "ID")
    with pytest.raises(AccessError, match="list_videos gives the ids"):
        library.info("../../b.mp4", ALL)


def test_a_video_that_comes_later_is_found_and_one_that_goes_is_gone(root: Path, cache_file: Path) -> None:
    library = Library([root], cache_file=cache_file)
    assert titles(library) == []
    path = video(root / "late.mp4")
    video_id = probe(path).video_id
    assert library.info(video_id, ALL).frames == 10
    path.unlink()
    with pytest.raises(AccessError):
        library.info(video_id, ALL)


def test_another_content_under_the_same_name_is_another_video(root: Path, cache_file: Path) -> None:
    path = video(root / "a.mp4", 1)
    library = Library([root], cache_file=cache_file)
    (old,) = library.listing(ALL)
    files.write(path, files.every(0.1, 20))
    with pytest.raises(AccessError):
        library.info(old.video_id, ALL)
    assert [listed.duration_s for listed in library.listing(ALL)] == [pytest.approx(2.0)]


def test_a_video_is_looked_through_once_and_remembered(root: Path, cache_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video(root / "a.mp4")
    (first,) = Library([root], cache_file=cache_file).listing(ALL)

    def never(path: Path) -> None:
        raise AssertionError("probed again")

    monkeypatch.setattr(library_module, "probe", never)
    library = Library([root], cache_file=cache_file)
    assert library.listing(ALL) == [first]
    assert decode(library.info(first.video_id, ALL), [0.5]).times_s.tolist() == pytest.approx([0.5])


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_a_broken_cache_is_as_good_as_none(root: Path, cache_file: Path, content: bytes) -> None:
    cache_file.write_bytes(content)
    video(root / "a.mp4")
    assert titles(Library([root], cache_file=cache_file)) == ["a"]
    assert titles(Library([root], cache_file=root / "no such folder" / "probes.sqlite")) == ["a"]


def test_a_broken_file_is_left_out_and_named(root: Path, cache_file: Path) -> None:
    video(root / "good.mp4")
    (root / "bad.mp4").write_text("text")
    library = Library([root], cache_file=cache_file)
    assert titles(library) == ["good"]
    assert len(library.problems) == 1 and library.problems[0].startswith("bad.mp4 is no video")
    with pytest.raises(VideoError, match=r"bad\.mp4 is no video"):
        Library([], [root / "bad.mp4"], cache_file=cache_file)


def test_a_file_given_by_name_is_served_whatever_it_is_called(tmp_path: Path, cache_file: Path) -> None:
    path = video(tmp_path / "x.mp4").rename(tmp_path / ".capture.bin")
    library = Library([], [path], cache_file=cache_file)
    assert titles(library) == [".capture"]


@pytest.mark.parametrize("spelled", ["..", "link"])
def test_the_home_folder_and_what_holds_it_must_be_named_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelled: str) -> None:
    home = tmp_path / "home" / "ann"
    work = home / "work"
    work.mkdir(parents=True)
    (work / "link").symlink_to("/")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(work)
    with pytest.raises(ConfigError, match="name it in full"):
        Library([Path(spelled)], cache_file=tmp_path / "probes.sqlite")
    Library([home.resolve()], cache_file=tmp_path / "probes.sqlite")
    Library([Path("../work")], cache_file=tmp_path / "probes.sqlite")


@pytest.mark.parametrize("name", ["missing", "file.mp4", "a\0b"])
def test_a_root_that_is_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file.mp4").write_bytes(b"x")
    with pytest.raises(ConfigError, match="folder"):
        Library([tmp_path / name], cache_file=tmp_path / "probes.sqlite")


def test_a_sidecar_states_what_the_video_shows(root: Path, cache_file: Path) -> None:
    video(root / "a.mp4")
    actions = ["clip the cystic duct", {"name": "cut the cystic duct", "synonyms": ["divide the duct"]}]
    (root / "a.medvid.json").write_text(json.dumps({"procedure": "laparoscopic cholecystectomy", "actions": actions}))
    library = Library([root], cache_file=cache_file)
    (listed,) = library.listing(ALL)
    assert listed.procedure == "laparoscopic cholecystectomy"
    assert listed.actions == (Action(name="clip the cystic duct"), Action(name="cut the cystic duct", synonyms=("divide the duct",)))
    assert library.case(listed.video_id) == Case(procedure=listed.procedure, actions=listed.actions)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "the file: Invalid JSON"),
        ('{"procedur": "x"}', "procedur: Extra inputs are not permitted"),
        ('{"actions": [{"synonyms": []}]}', "actions.0.name: Field required"),
        ("[]", "the file: "),
    ],
)
def test_a_broken_sidecar_is_told_when_the_video_is_used(root: Path, cache_file: Path, content: str, said: str) -> None:
    video(root / "a.mp4", 1)
    video(root / "b.mp4", 2)
    (root / "a.medvid.json").write_text(content)
    library = Library([root], cache_file=cache_file)
    listed = library.listing(ALL)
    assert [(one.title, one.procedure) for one in listed] == [("a", None), ("b", None)]
    with pytest.raises(VideoError) as refused:
        library.case(listed[0].video_id)
    assert str(refused.value).startswith(f"a.medvid.json cannot be used: {said}")
    assert str(root) not in str(refused.value)
    assert library.problems == (str(refused.value),)


def test_the_simulators_tag_declares_a_case_and_a_sidecar_goes_over_it(root: Path, cache_file: Path) -> None:
    case = {"procedure": "simulated suturing", "actions": ["tie the knot"], "simulated": True}
    files.write(root / "a.mkv", TIMES, tags={"comment": json.dumps({"medvid_simulated": {"version": 1, "seed": 1_000_000, "case": case}})})
    library = Library([root], cache_file=cache_file)
    (listed,) = library.listing(ALL)
    assert (listed.procedure, listed.simulated) == ("simulated suturing", True)
    (root / "a.medvid.json").write_text('{"procedure": "suturing"}')
    assert library.case(listed.video_id) == Case(procedure="suturing", simulated=True)


FOREIGN = ["recorded in theatre 2", "[[[", "[" * 9999, '{"medvid_simulated": 1}', '{"medvid_simulated": {"case": {"x": 1}}}']


@pytest.mark.parametrize("comment", FOREIGN)
def test_a_comment_of_someone_else_declares_nothing(root: Path, cache_file: Path, comment: str) -> None:
    files.write(root / "a.mp4", TIMES, tags={"comment": comment})
    library = Library([root], cache_file=cache_file)
    (listed,) = library.listing(ALL)
    assert library.case(listed.video_id) == Case()


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("operation 7.mp4", "operation 7"),
        ("a\x1b[31mb\n\tc.mp4", "a [31mb c"),
        ("rtl\u202eevil\u2066.mp4", "rtl evil"),
        ("  \u2028 .mp4", "untitled"),
        ("cafe\u0301.mp4", "café"),
        ("x" * 200 + ".mp4", "x" * 79 + "…"),
        (os.fsdecode(b"bad\xff.mp4"), "bad?"),
    ],
)
def test_a_title_is_one_short_plain_line(name: str, title: str) -> None:
    assert title_of(Path(name)) == title


def test_odd_names_are_served(root: Path, cache_file: Path) -> None:
    for number, name in enumerate(["naïve – 手術 №1.mp4", "a:b.mp4", "%d.mp4", "-x.mp4", "it's \"q\".mp4"]):
        video(root / name, number)
    library = Library([root], cache_file=cache_file)
    assert sorted(titles(library)) == sorted(["naïve – 手術 №1", "a:b", "%d", "-x", "it's \"q\""])
    for listed in library.listing(ALL):
        assert len(decode(library.info(listed.video_id, ALL), [0.0, 0.5])) == 2


def test_a_list_of_frames_is_a_video(tmp_path: Path, cache_file: Path) -> None:
    paths = []
    for number in range(5):
        paths.append(tmp_path / f"{number:04}.png")
        Image.fromarray(files.marked(number)).save(paths[-1])
    library = Library([], [FrameList(tuple(paths), fps=0.5, title="clip 7")], cache_file=cache_file)
    (listed,) = library.listing(ALL)
    assert (listed.title, listed.duration_s, listed.fps, listed.size) == ("clip 7", 10.0, 0.5, (160, 96))
    # Frame k is shown from 2 k s on.
    frames = decode(library.info(listed.video_id, ALL), [0.0, 3.9, 4.0, 10.0])
    assert [files.number_of(picture) for picture in frames.rgb] == [0, 1, 2, 4]
    assert library.case(listed.video_id) == Case()
