"""JSON and YAML that would bring a reader down."""

import pytest

from geoseg.files.parse import MAX_DEPTH, ParseError, parse_json, parse_yaml

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[" * 100_000, "too deep"),
        ('{"a":' * 100 + "1" + "}" * 100, "too deep"),
        ("[0, " * 100 + "1" + "]" * 100, "too deep"),
        ("9" * 5000, "thousands of digits"),
        ("{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
    ],
)
def test_json_that_cannot_be_read_is_told(text: str, told: str) -> None:
    with pytest.raises(ParseError, match=told):
        parse_json(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[" * 1200, "too deep"),
        (LAUGHS, "aliases"),
        ("a: &a [*a]", "too deep"),
        ("a: " + "9" * 5000, "thousands of digits"),
        ("a: 2026-13-45", "is not YAML"),
        ("a: !!python/object/apply:os.getcwd []", "is not YAML"),
        ("? [a]: b\n: c", "is not YAML"),
        ("a: [", "is not YAML"),
    ],
)
def test_yaml_that_cannot_be_read_is_told(text: str, told: str) -> None:
    with pytest.raises(ParseError, match=told):
        parse_yaml(text)


def test_what_is_sound_comes_back() -> None:
    assert parse_json('{"a": [1, 2.5, null, "[[["]}') == {"a": [1, 2.5, None, "[[["]}
    assert parse_yaml("a: &a {b: 1}\nc: {<<: *a, d: 2}") == {"a": {"b": 1}, "c": {"b": 1, "d": 2}}
    deep = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert str(parse_json(deep)).replace(" ", "") == deep
