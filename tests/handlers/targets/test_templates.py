"""Mails from templates: escaped, sandboxed, and refused where a template fails."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eventfold.errors import ConfigInvalid, EffectRefused, ExtraMissing
from eventfold.handlers.targets.mail.templates import MailTemplates

Write = Callable[..., MailTemplates]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def made(**files: str) -> MailTemplates:
        given = {"subject": "Order {{ order }}\n", "txt": "Dear {{ name }},\n\n{{ order }} left.\n", **files}
        for kind, text in given.items():
            name = {"subject": "shipped.subject.txt", "txt": "shipped.txt", "html": "shipped.html"}[kind]
            (tmp_path / name).write_text(text)
        return MailTemplates(tmp_path)

    return made


def test_subject_text_and_html_are_made_of_templates(write: Write) -> None:
    templates = write(html="<p>Dear {{ name }}</p>")
    mail = templates.mail("shipped", to="ada@example.org", sender="s@example.org", name="Ada", order="7")
    assert (mail.subject, mail.text, mail.html) == ("Order 7", "Dear Ada,\n\n7 left.", "<p>Dear Ada</p>")
    assert (mail.to, mail.sender) == (("ada@example.org",), "s@example.org")


def test_html_is_left_out_where_there_is_none(write: Write) -> None:
    assert write().mail("shipped", to="ada@example.org", name="Ada", order="7").html is None


def test_values_are_escaped_in_html_and_only_there(write: Write) -> None:
    evil = '<img src=x onerror="alert(1)">'
    mail = write(html="<p>{{ name }}</p><a title='{{ name }}'>").mail(
        "shipped", to="ada@example.org", name=evil, order="7"
    )
    assert mail.html is not None
    assert "<img" not in mail.html
    assert mail.html.count("&lt;img src=x onerror=&#34;alert(1)&#34;&gt;") == 2
    assert evil in mail.text


def test_a_value_is_never_a_template(write: Write) -> None:
    mail = write().mail("shipped", to="ada@example.org", name="{{ order }}", order="{% raw %}")
    assert mail.text == "Dear {{ order }},\n\n{% raw %} left."


FAILING = {
    "a name that nobody gave": "{{ nobody }}",
    "a field that is not there": "{{ order.nobody.knows }}",
    "wrong syntax": "{% if %}",
    "an end that is missing": "{% for a in order %}",
    "a filter that is not there": "{{ order | nothing }}",
    "a division by zero": "{{ 1 / 0 }}",
    "a template that is not there": "{% include 'nothing.txt' %}",
    "a file outside": "{% include '../secret.txt' %}",
    "a way into Python": "{{ order.__class__.__mro__[1].__subclasses__() }}",
    "another way into Python": "{{ write.__globals__ }}",
    "a change of a value": "{{ items.append(1) }}",
    "a loop without end": "{% for a in range(999999999) %}{% endfor %}",
    "a circle": "{% include 'shipped.KIND' %}",
}


@pytest.mark.parametrize("what", FAILING)
@pytest.mark.parametrize("kind", ["subject", "txt", "html"])
def test_a_template_that_fails_refuses_the_mail(write: Write, tmp_path: Path, kind: str, what: str) -> None:
    (tmp_path.parent / "secret.txt").write_text("secret")
    ending = kind.replace("subject", "subject.txt")
    templates = write(**{kind: FAILING[what].replace("KIND", ending)})
    with pytest.raises(EffectRefused) as caught:
        templates.mail("shipped", to="ada@example.org", name="Ada", order="7", items=[], write=write)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("subject", ["{{ order }}", "a\nb", "", "{{ order }}{{ order }}"])
def test_a_subject_of_several_lines_is_refused(write: Write, subject: str) -> None:
    templates = write(subject=subject)
    if subject:
        with pytest.raises(EffectRefused, match="subject"):
            templates.mail("shipped", to="ada@example.org", name="Ada", order="7\nBcc: evil@example.org")
    else:
        assert templates.mail("shipped", to="ada@example.org", name="Ada", order="7").subject == ""


@pytest.mark.parametrize(
    "name", ["", "../shipped", "/etc/passwd", "a b", "shipped.txt", "a//b", "nothing", "sh\0"]
)
def test_a_name_of_no_template_is_refused(write: Write, name: str) -> None:
    with pytest.raises(EffectRefused, match="template"):
        write().mail(name, to="ada@example.org", name="Ada", order="7")


def test_a_folder_that_is_not_there_and_a_missing_package_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigInvalid, match="no folder"):
        MailTemplates(tmp_path / "nothing")
    modules: dict[str, Any] = __import__("sys").modules
    monkeypatch.setitem(modules, "jinja2", None)
    with pytest.raises(ExtraMissing, match=r"eventfold\[handlers\]"):
        MailTemplates(tmp_path)
