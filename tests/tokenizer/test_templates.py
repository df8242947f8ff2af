"""Chat templates run in a sandbox; faults of template or messages are one clear line."""

from __future__ import annotations

from typing import Any

import pytest

from tokenworks.errors import FormatError, OptionError, TokenworksError, UnsupportedError
from tokenworks.tokenizer.templates import render

HI = [{"role": "user", "content": "Hi <b> é"}]


def test_what_published_templates_rely_on() -> None:
    template = """
    {%- for m in messages %}
        {%- if loop.index0 > 5 %}{% break %}{% endif %}
        {%- generation %}{{ bos_token + m.role + ': ' + m.content | trim }}{% endgeneration %}
    {%- endfor %}
    {{- {"é": "<"} | tojson }}{{ strftime_now("%Y") | length }}"""
    text = render(template, HI, special_tokens={"bos_token": "<s>"})
    assert text == '<s>user: Hi <b> é{"é": "<"}4'


CASES: list[tuple[str | None, Any, type[TokenworksError], str]] = [
    (None, HI, UnsupportedError, "no chat template"),
    ("{% for %}", HI, FormatError, r"damaged.*line 1"),
    ("{{ raise_exception('roles must alternate') }}", HI, OptionError, "roles must alternate"),
    ("{{ messages[0].content.x.y }}", HI, OptionError, "cannot render"),
    ("{{ messages[0].content + 1 }}", HI, OptionError, "cannot render"),
    ("{{ ''.__class__.__mro__[1].__subclasses__() }}", HI, OptionError, "cannot render"),
    ("{{ messages.append(1) }}", HI, OptionError, "cannot render"),
    ("{% include 'other' %}", HI, OptionError, "cannot render"),
    ("{{ range(10**9) | list }}", HI, OptionError, "cannot render"),
    ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", HI, FormatError, "does not end"),
    ("{{ messages }}", [], OptionError, "no messages"),
    ("{{ messages }}", ["Hi"], OptionError, r"messages\[0\]"),
    ("{{ messages }}", [{"content": "Hi"}], OptionError, r"messages\[0\]"),
]


@pytest.mark.parametrize(("template", "messages", "error", "says"), CASES)
def test_faults_are_named(
    template: str | None, messages: Any, error: type[TokenworksError], says: str
) -> None:
    with pytest.raises(error, match=says) as caught:
        render(template, messages, special_tokens={})
    assert "\n" not in str(caught.value)


def test_messages_as_services_give_them() -> None:
    """What is None is as good as absent; reasoning is found under any of its names."""
    one = "[{{ m.content }}|{{ 'tool_calls' in m }}|{{ m.reasoning_content }}]"
    template = f"{{% for m in messages %}}{one}{{% endfor %}}"
    messages = [
        {"role": "assistant", "content": None, "tool_calls": [{"name": "f"}], "thinking": "hm"},
        {"role": "tool", "content": "4", "tool_calls": None},
    ]
    assert render(template, messages, special_tokens={}) == "[|True|hm][4|False|]"


def test_templates_see_no_objects() -> None:
    class Image:
        def save(self, path: str) -> str:
            raise AssertionError(path)

    messages = [{"role": "user", "content": [{"type": "image", "image": Image()}, ("a", 1.5)]}]
    template = "{{ messages[0].content[0].image }} {{ messages[0].content[1] }} {{ tools }}"
    text = render(template, messages, special_tokens={}, variables={"tools": [Image()]})
    assert text == "<Image> ['a', 1.5] ['<Image>']"
    with pytest.raises(OptionError, match="cannot render"):
        render("{{ messages[0].content[0].image.save('x') }}", messages, special_tokens={})
