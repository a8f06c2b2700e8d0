"""Results find their images again, and never those of others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detect.evaluate.match_paths import Pair, match_paths


def test_paths_come_first() -> None:
    found = match_paths({"a.png": "1", "b/c.png": "2"}, {"b/c.png": "2", "a.png": "1"})
    assert found.pairs == {"a.png": Pair("a.png", "path"), "b/c.png": Pair("b/c.png", "path")}
    assert (found.changed, found.ambiguous) == ((), ())


def test_either_folder_may_be_the_deeper_one() -> None:
    found = match_paths(
        {"images/hand/1.png": None, "2.png": None}, {"hand/1.png": None, "set/images/2.png": None}
    )
    assert found.pairs == {
        "images/hand/1.png": Pair("hand/1.png", "tail"),
        "2.png": Pair("set/images/2.png", "tail"),
    }


def test_folder_names_are_whole() -> None:
    assert match_paths({"x/11.png": None}, {"1.png": None}).pairs == {}
    assert match_paths({"left-hand/1.png": None}, {"hand/1.png": None}).pairs == {}


def test_what_could_be_several_is_none() -> None:
    found = match_paths({"p1/1.png": None, "p2/1.png": None, "p3/2.png": None}, {"1.png": None})
    assert found.pairs == {}
    assert found.ambiguous == ("p1/1.png", "p2/1.png")
    found = match_paths({"1.png": None}, {"p1/1.png": None, "p2/1.png": None})
    assert (found.pairs, found.ambiguous) == ({}, ("1.png",))


def test_bytes_tell_where_paths_do_not() -> None:
    images = {"p1/1.png": "aa", "p2/1.png": "bb", "new.png": "cc"}
    found = match_paths(images, {"1.png": "bb", "old.png": "cc", "other.png": "dd"})
    assert found.pairs == {
        "p2/1.png": Pair("1.png", "sha256"),
        "new.png": Pair("old.png", "sha256"),
    }


def test_a_result_of_other_bytes_counts_for_its_own_path_alone() -> None:
    found = match_paths({"a/1.png": "aa"}, {"a/1.png": "zz"})
    assert found.pairs == {"a/1.png": Pair("a/1.png", "path")}
    assert found.changed == ("a/1.png",)
    assert match_paths({"a/1.png": "aa"}, {"1.png": "zz"}).pairs == {}


def test_bytes_are_stronger_than_a_path_of_other_bytes() -> None:
    """The pictures were numbered anew in between."""
    found = match_paths({"1.png": "aa", "2.png": "bb"}, {"1.png": "bb", "2.png": "aa"})
    assert found.pairs == {"1.png": Pair("2.png", "sha256"), "2.png": Pair("1.png", "sha256")}
    assert found.changed == ()


_NAMES = st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map("/".join)
_MAPS = st.dictionaries(_NAMES, st.sampled_from([None, "1", "2", "3"]), max_size=6)


@given(_MAPS, _MAPS)
def test_each_result_is_of_one_image_and_the_order_is_kept(
    images: dict[str, str | None], results: dict[str, str | None]
) -> None:
    found = match_paths(images, results)
    used = [pair.path for pair in found.pairs.values()]
    assert len(set(used)) == len(used)
    assert set(used) <= set(results)
    assert list(found.pairs) == [name for name in images if name in found.pairs]
    assert not set(found.ambiguous) & set(found.pairs)
    for name, pair in found.pairs.items():
        same = name == pair.path
        digests = images[name], results[pair.path]
        differ = None not in digests and digests[0] != digests[1]
        assert not differ or (same and name in found.changed)
        if pair.how == "tail":
            assert f"/{name}".endswith(f"/{pair.path}") or f"/{pair.path}".endswith(f"/{name}")
