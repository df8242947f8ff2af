"""The register of methods: metadata, lookup by name, and the generated index."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tokenworks import registry, registry_index
from tokenworks.citation import bibtex
from tokenworks.errors import FormatError, MissingExtraError, OptionError, UnknownNameError
from tokenworks.registry import FAMILIES, MethodInfo, method


@pytest.fixture(autouse=True)
def _forget_local_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_local", {})


def add_example(name: str = "first-fit", **options: object) -> object:
    @method("packing", name, paper="arXiv:0000.00001", year=2020, **options)  # type: ignore[arg-type]
    def pack(lengths: list[int]) -> list[int]:
        """Put each document into the first bin that has room.

        More text.
        """
        return lengths

    return pack


def test_index_is_current() -> None:
    expected = registry_index.render(registry_index.scan())
    assert registry.INDEX.read_text(encoding="utf-8") == expected, (
        "run: python -m tokenworks.registry"
    )


def test_every_indexed_method_exists_where_the_index_says() -> None:
    for info in registry.methods():
        assert info.family in FAMILIES
        if all(need not in registry.EXTRAS for need in info.needs):
            assert registry.resolve(info.key).method_info.key == info.key


def test_decorator_keeps_the_function_and_its_summary() -> None:
    pack = add_example()
    info = pack.method_info  # type: ignore[attr-defined]
    assert info.summary == "Put each document into the first bin that has room."
    assert info.key == "packing/first-fit"
    assert registry.resolve("first-fit") is pack
    assert registry.resolve("packing/first-fit") is pack
    assert info in registry.methods("packing")


def test_families_are_those_of_the_design() -> None:
    assert len(FAMILIES) == 19
    assert all(name.isalpha() and text.endswith(".") for name, text in FAMILIES.items())


@pytest.mark.parametrize(
    ("family", "name", "options", "message"),
    [
        ("packaging", "x", {}, "family 'packaging' is not one of"),
        ("packing", "First Fit", {}, "lower-case words joined by hyphens"),
        ("packing", "x", {"fidelity": "perfect"}, "exact, faithful, adapted"),
    ],
)
def test_bad_metadata_is_refused(
    family: str, name: str, options: dict[str, str], message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        method(family, name, **options)  # type: ignore[arg-type]


def test_a_taken_name_is_refused() -> None:
    add_example()
    with pytest.raises(OptionError, match="already registered"):

        @method("packing", "first-fit")
        def other() -> None: ...


def test_unknown_names_give_the_nearest() -> None:
    add_example()
    with pytest.raises(UnknownNameError, match="did you mean first-fit"):
        registry.find("firstfit")
    with pytest.raises(UnknownNameError, match="did you mean packing"):
        registry.methods("pakcing")


def test_ambiguous_names_are_refused() -> None:
    add_example()
    method("mixing", "first-fit")(lambda: None)
    with pytest.raises(UnknownNameError, match="packing/first-fit"):
        registry.find("first-fit")
    assert registry.find("first-fit", "mixing").family == "mixing"


def test_missing_extra_gives_the_exact_line(monkeypatch: pytest.MonkeyPatch) -> None:
    add_example(needs=("torch", "no_such_package"))
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as caught:
        registry.resolve("first-fit")
    assert str(caught.value) == (
        "method packing/first-fit needs torch, no_such_package: "
        "pip install 'tokenworks[models]' no_such_package"
    )


def test_entry_points_of_other_packages(tmp_path: Path) -> None:
    (tmp_path / "stranger.py").write_text(
        "from tokenworks.registry import method\n"
        "@method('packing', 'theirs', summary='Their way.')\n"
        "def pack(lengths): return lengths\n"
    )
    info = tmp_path / "stranger-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tokenworks.methods]\npacking.theirs = stranger:pack\n")
    program = (
        "import sys\n"
        "from tokenworks import registry\n"
        "info = registry.find('packing/theirs')\n"
        "assert 'stranger' not in sys.modules\n"
        "print(info.summary, registry.resolve('theirs')([1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": f"{tmp_path}:{Path(registry.__file__).parents[1]}"},
    )
    assert done.stdout == "from package stranger [1]\n"


def write_module(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_scan_reads_decorators_without_importing(tmp_path: Path) -> None:
    write_module(
        tmp_path,
        "packing/best_fit.py",
        "raise SystemExit('imported')\n"
        "@method('packing', 'best-fit', year=1973, needs=('torch',), declares=('lossless',))\n"
        "class BestFit:\n"
        "    '''The fullest bin that has room.\n\n    More.'''\n",
    )
    (info,) = registry_index.scan(tmp_path, "house")
    assert info == MethodInfo(
        "packing",
        "best-fit",
        "house.packing.best_fit:BestFit",
        "The fullest bin that has room.",
        year=1973,
        needs=("torch",),
        declares=("lossless",),
    )
    assert '"best-fit"' in registry_index.render([info])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@method('packing', NAME)\ndef f(): ...\n", "literals only"),
        ("@method('packing', 'a', colour='red')\ndef f(): ...\n", "does not take colour"),
        (
            "@method('packing', 'a')\ndef f(): ...\n@method('packing', 'a')\ndef g(): ...\n",
            "also the name",
        ),
    ],
)
def test_scan_names_the_line_of_a_mistake(tmp_path: Path, text: str, message: str) -> None:
    write_module(tmp_path, "m.py", text)
    with pytest.raises(FormatError, match=message) as caught:
        registry_index.scan(tmp_path)
    assert "m.py:" in str(caught.value)


def test_check_option_says_when_the_index_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert registry_index.main(["--check"]) == 0
    monkeypatch.setattr(registry_index, "INDEX", tmp_path / "index.json")
    assert registry_index.main(["--check"]) == 1
    assert "python -m tokenworks.registry" in capsys.readouterr().out
    assert registry_index.main([]) == 0
    assert registry_index.main(["--check"]) == 0


@pytest.mark.parametrize(
    ("paper", "expected"),
    [
        ("arXiv:2404.14469", "eprint = {2404.14469}"),
        ("doi:10.1/x", "url = {https://doi.org/10.1/x}"),
        ("https://example.org/a", "url = {https://example.org/a}"),
        ("Johnson & Co 1973", r"howpublished = {Johnson \& Co 1973}"),
        (None, "howpublished = {Tokenworks"),
    ],
)
def test_bibtex(paper: str | None, expected: str) -> None:
    key, entry = bibtex(MethodInfo("packing", "a", "m:f", "50% less", paper=paper, year=1999))
    assert key == "packing-a"
    assert expected in entry
    assert r"50\% less" in entry
    assert entry.startswith("@misc{packing-a,\n")
    assert entry.endswith("\n}")
