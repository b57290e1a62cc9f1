"""The site is built from this checkout, asks for nothing from elsewhere, and leaves nothing out."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import eventfold as ef
from docs.site import commands, dependencies, figures
from docs.site.pages import completed
from eventfold import errors
from eventfold.doors.cli.configuration import OTHERS, PREFIX, SECRETS, SETTINGS
from eventfold.doors.cli.main import cli
from tests.docs.pages import DOCS, ROOT, sources

LOADS = {"src", "srcset", "data", "poster", "action", "formaction"}


class Loaded(HTMLParser):
    """What a browser fetches when it shows a page: everything but the links that a person follows."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.styles: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in LOADS or (name == "href" and tag != "a"):
                self.found.append(value or "")
            elif name == "style":
                self.styles.append(value or "")


class Wide(HTMLParser):
    """What of a page may be wider than a phone and stands in no box that scrolls."""

    VOID = frozenset({"img", "br", "hr", "input", "meta", "link", "path", "circle", "line", "rect", "use"})

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[tuple[str, set[str]]] = []
        self.boxed = 0
        self.loose: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = set((dict(attrs).get("class") or "").split())
        if tag in {"table", "img", "svg"}:
            self._look(tag)
        if tag not in self.VOID:
            self.inside.append((tag, classes))

    def handle_endtag(self, tag: str) -> None:
        if any(name == tag for name, _ in self.inside):
            while self.inside.pop()[0] != tag:
                pass

    def _look(self, tag: str) -> None:
        if all(name != "article" for name, _ in self.inside):
            return  # a picture of the frame around the page
        parent, classes = self.inside[-1]
        is_boxed = {
            "table": {"table-wrapper", "container"} <= classes,
            "img": parent == "p",
            "svg": "wide" in classes,
        }[tag]
        self.boxed += is_boxed
        if not is_boxed:
            self.loose.append(self.get_starttag_text() or tag)


def wide(html: str) -> Wide:
    parser = Wide()
    parser.feed(html)
    return parser


def from_elsewhere(html: str) -> list[str]:
    parser = Loaded()
    parser.feed(html)
    styles = re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL)
    inside = [url for style in (*styles, *parser.styles) for url in css_from_elsewhere(style)]
    return [*filter(elsewhere, parser.found), *inside]


def css_from_elsewhere(css: str) -> list[str]:
    return [url for url in re.findall(r"(?:url\(|@import)\s*['\"]?([^'\")]+)", css) if elsewhere(url)]


def elsewhere(url: str) -> bool:
    return url.startswith("//") or re.match(r"(?!data:)[a-z]+:", url, re.IGNORECASE) is not None


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_asks_for_nothing_from_elsewhere(tmp_path: Path) -> None:
    done = build(DOCS, tmp_path)
    assert done.returncode == 0, done.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > len(list(sources()))
    for page in pages:
        assert from_elsewhere(page.read_text("utf-8")) == [], page.name
    # Sphinx's own index has tables that fold their columns
    found = {page.stem: wide(page.read_text("utf-8")) for page in pages if page.stem != "genindex"}
    assert {name: page.loose for name, page in found.items() if page.loose} == {}
    assert found["performance"].boxed > 3  # charts and their table
    assert sum(page.boxed for page in found.values()) > 60
    for style in (tmp_path / "site").rglob("*.css"):
        assert css_from_elsewhere(style.read_text("utf-8")) == [], style.name


def test_what_may_be_wide_stands_in_a_box_that_scrolls_and_shows_it() -> None:
    boxes = (
        '<p><img src="a.svg"></p><div class="wide"><svg class="chart" viewBox="0 0 9 9"><path d=""/></svg></div>'
        '<div class="table-wrapper docutils container"><table><tr><td>a</td></tr></table></div>'
    )
    assert (wide(f"<article>{boxes}</article>").boxed, wide(f"<article>{boxes}</article>").loose) == (3, [])
    for loose in ('<svg viewBox="0 0 9 9"></svg>', "<table></table>", '<div><img src="a.svg"></div>'):
        assert len(wide(f"<article><div>{loose}</div>{boxes}</article>").loose) == 1
    css = (DOCS / "site" / "static" / "eventfold.css").read_text("utf-8")
    [(selectors, rule)] = re.findall(r"^(article p:has[^{]*)\{([^}]*)\}", css, re.MULTILINE)
    assert {one.strip() for one in selectors.split(",")} == {
        "article p:has(> img)",
        ".wide",
        "article .table-wrapper.container",
    }
    assert "overflow-x: auto" in rule
    assert rule.count("scroll") > rule.count("scrollbar")  # the shadows that stay at the edges


@pytest.mark.slow
def test_a_broken_link_and_an_unknown_name_fail(tmp_path: Path) -> None:
    broken = tmp_path / "docs"
    broken.mkdir()
    (broken / "conf.py").write_text((DOCS / "conf.py").read_text("utf-8").replace('"site/static"', ""))
    (broken / "index.md").write_text(
        "# A page\n\n[gone](gone.md), [no such part](index.md#nothing) and {py:class}`eventfold.Nothing`.\n"
    )
    done = build(broken, tmp_path)
    assert done.returncode != 0
    for missing in ("gone.md", "nothing", "eventfold.Nothing"):
        assert missing in done.stderr


def build(folder: Path, into: Path) -> subprocess.CompletedProcess[str]:
    strict = ["--quiet", "--fail-on-warning", "--keep-going", "-d", f"{into}/trees", "-b", "html"]
    command = [sys.executable, "-m", "sphinx", *strict, str(folder), f"{into}/site"]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/x.css">',
        "<style>@import 'https://fonts.example/x.css'</style>",
        '<p style="background: url(http://a.example/b.png)">',
        '<img srcset="https://a.example/b.png 2x">',
    ],
)
def test_what_comes_from_elsewhere_is_seen(html: str) -> None:
    assert from_elsewhere(html)


def test_what_lies_beside_the_page_and_what_a_person_follows_are_let_through() -> None:
    here = (
        '<img src="path.svg"><a href="https://a.example/">a</a><p style="display: none"><link href="a.css">'
    )
    assert from_elsewhere(here) == []


def test_the_chart_draws_what_is_faster_to_the_right_and_what_missed_its_target_hollow() -> None:
    rate = figures.Row(
        name="a", unit="ev/s", ours=50, floor=100, ratio=0.5, target=">= 0.8", reached=False, peer=None
    )
    time = figures.Row(
        name="b", unit="s", ours=50, floor=100, ratio=0.5, target="<= 1", reached=True, peer=200
    )
    free = figures.Row(**{**time, "target": ""})
    slower, faster, other = (
        float(re.findall(r'class="dot[^"]*" cx="([\d.]+)"', figures.chart([row]))[0])
        for row in (rate, time, free)
    )
    assert slower < faster == other
    assert 'class="dot missed"' in figures.chart([rate])
    assert 'class="dot missed"' not in figures.chart([time])
    assert [len(re.findall('class="peer"', figures.chart([row]))) for row in (rate, time)] == [0, 1]


@pytest.mark.parametrize("page", sorted((DOCS / "guide").glob("*.md")), ids=lambda path: path.name)
def test_every_page_of_the_guide_has_a_picture_that_can_be_seen_in_the_dark_and_read_aloud(
    page: Path,
) -> None:
    pictures = re.findall(r"!\[(.+?)\]\((.+?\.svg)\)", page.read_text("utf-8"))
    assert pictures
    for said, picture in pictures:
        text = (page.parent / picture).read_text("utf-8")
        assert f'aria-label="{said}"' in text
        assert "prefers-color-scheme: dark" in text
        assert "http" not in text.replace('xmlns="http://www.w3.org/2000/svg"', "")


@pytest.mark.parametrize("picture", sorted(DOCS.rglob("*.svg")), ids=lambda path: path.name)
def test_a_picture_is_one_that_a_browser_shows(picture: Path) -> None:
    """One whose text is no XML is shown as its description, and the page is built without a word."""
    root = ET.parse(picture).getroot()
    text = picture.read_text("utf-8")
    assert root.tag.endswith("}svg")
    assert set(re.findall(r"url\(#(.+?)\)", text)) <= set(re.findall(r'id="(.+?)"', text))
    assert not (root.text or "").strip()


def test_the_glossary_has_each_word_once_and_in_order() -> None:
    text = (DOCS / "glossary.md").read_text("utf-8")
    words = re.findall(r"^([a-zA-Z ]+)\n: ", text, re.MULTILINE)
    assert len(words) == text.count("\n: ")
    assert words == sorted(set(words), key=str.lower)


def reference(name: str) -> str:
    return completed((DOCS / "reference" / f"{name}.md").read_text("utf-8"))


def test_every_command_option_and_example_is_in_the_reference() -> None:
    page = reference("commands")
    for path, command in commands.every(cli):
        assert f"## eventfold {' '.join(path)}\n" in page
        section = page.split(f"## eventfold {' '.join(path)}\n", 1)[1].split("\n## ", 1)[0]
        assert f"$ {commands.example(command)}\n" in section
        for option in (
            name for parameter in command.params for name in parameter.opts if name.startswith("-")
        ):
            assert f"{option}" in section, f"{path}: {option}"


def test_every_setting_and_variable_is_in_the_reference() -> None:
    page = reference("settings")
    for name in SETTINGS:
        for form in (f"`{name}`", f"`{PREFIX}{name.upper()}`", f"`--{name}`"):
            assert form in page
    for name in (*SECRETS, *OTHERS):
        assert f"`{name}`" in page


def test_every_error_is_in_the_reference_with_its_numbers() -> None:
    page = reference("errors")
    for code, status, exit_code, name in errors.table():
        if getattr(errors, name, None) is not None:  # not a class that a test made
            assert f"| `{code}` | `{name}` | {status} | {exit_code} |" in page


def test_everything_at_the_front_door_is_in_the_reference() -> None:
    page = reference("python")
    for name in ef.__all__:
        assert f"eventfold.{name}\n" in page or f"`ef.{name}`" in page, name


def test_every_dependency_has_a_reason_on_its_page() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    project = text[text.index("dependencies = [") : text.index("[project.scripts]")]
    named = set(re.findall(r'^\s+"([A-Za-z0-9_-]+)', project, re.MULTILINE)) - {"eventfold"}
    page = completed((DOCS / "dependencies.md").read_text("utf-8"))
    assert {package for packages in dependencies.reasons().values() for package in packages} == named
    for package in named:
        assert f"| {package} | " in page
