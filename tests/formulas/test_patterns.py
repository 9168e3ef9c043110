"""The small matcher of regular expressions agrees with Python's `re`, and never hangs."""

from __future__ import annotations

import random
import re
import time
import warnings
from contextlib import suppress

import pytest

from dlp._patterns import LONGEST, Pattern

PATHS = [
    "model.layers.0.self_attn.q_proj",
    "model.layers.11.self_attn.k_proj",
    "model.layers.2.mlp.down_proj",
    "transformer.h.7.attn.c_attn",
    "encoder.layer.1.output.dense",
    "lm_head",
    "a-b^c]d",
    "x{2}y",
    "a b",
]
ATOMS = r"""
\. . \d \w \s \D \W \S [0-9] [^.] [a-z_]+ [.\d] [^\W\d] []a] [a-] layers model self_attn mlp q k v
_proj attn 0 1 11 (?:q|k|v) (q|k)_proj (?P<n>\d+) () (|a) \d+ .* .*? .+ \w+ ^ $ \b \B \A \Z { } {2}
x a] \- \_ \] \{ \^
""".split()  # noqa: SIM905
REPEATS = (
    "",
    "",
    "",
    "",
    "*",
    "+",
    "?",
    "*?",
    "+?",
    "??",
    "{0,2}",
    "{2}",
    "{,1}",
    "{1,}",
    "{2,3}?",
    "{a}",
)


def pattern(draw: random.Random, depth: int = 0) -> str:
    """Put a pattern together that is mostly valid."""
    found = ""
    for _ in range(draw.randint(1, 5)):
        one = draw.choice(ATOMS)
        if depth < 3 and draw.random() < 0.25:
            one = draw.choice(("(", "(?:")) + pattern(draw, depth + 1) + ")"
        found += one + draw.choice(REPEATS)
        if draw.random() < 0.15:
            found += "|"
    return found


@pytest.mark.filterwarnings("ignore:Possible")
def test_it_agrees_with_pythons_own() -> None:
    draw = random.Random(11)  # noqa: S311
    matched = tried = 0
    for _ in range(2000):
        text = pattern(draw)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                theirs = re.compile(text)
        except (re.error, FutureWarning):
            with suppress(ValueError):
                Pattern("it", text)
                pytest.fail(f"{text!r} is taken, and refused by re")
            continue
        try:
            ours = Pattern("it", text)
        except ValueError as refused:
            assert "possessive" in str(refused)  # noqa: PT017
            continue
        for path in PATHS:
            whole = bool(theirs.fullmatch(path))
            assert ours.matches(path) == whole, (text, path)
            assert ours.matches(path, whole=False) == bool(theirs.match(path)), (text, path)
            tried += 1
            matched += whole
    assert tried > 5_000
    assert matched > 300


@pytest.mark.parametrize("text", [r"[\b]", r"[\ba]b", r"[^\b]", r"[\n\t]", r"\n", r"[a\b-\n]+"])
def test_characters_that_are_not_seen_are_those_of_pythons_own(text: str) -> None:
    for word in ("\b", "\bb", "b", "\n", "\t", "ab", "a", "a\t\b", "\\b"):
        assert Pattern("it", text).matches(word) == bool(re.fullmatch(text, word)), word


def test_a_repeat_may_be_as_long_as_all_states() -> None:
    assert Pattern("it", "a{5000}").matches("a" * 5000)
    with pytest.raises(ValueError, match="it is too long when its repeats are written out"):
        Pattern("it", "a{5000}b")


@pytest.mark.parametrize("sign", ["!", "="])
@pytest.mark.parametrize("begin", ["", "^", "(?!x)", "(?:", "lm_head|", "(?!(?=l))"])
def test_it_looks_ahead_from_the_beginning(begin: str, sign: str) -> None:
    for ahead in (r".*mlp", "model", "", "$", r".*\d\d", "lm_head$", "e|t", ".*(?:attn|mlp)$"):
        for rest in (r".*_proj$", r".+", r"[a-z]+\..*", "lm_head", r".*\.[qkv]_proj"):
            text = f"{begin}(?{sign}{ahead}){rest}" + (")" if begin == "(?:" else "")
            for path in PATHS:
                theirs = bool(re.fullmatch(text, path))
                assert Pattern("it", text).matches(path) == theirs, (text, path)


def test_it_looks_ahead_from_nowhere_else() -> None:
    for text in ("a(?!c)b", "a?(?=b)b", "a(?=b(?!c)).*"):
        with pytest.raises(ValueError, match="from elsewhere than the beginning"):
            Pattern("it", text).matches("ab")


@pytest.mark.parametrize(
    "text",
    [
        *(
            r"(?=",
            r"(?!a",
            r"(?!a)*",
            r"(?!a)" * 6,
            r"(?<=a)b",
            r"(a)\1",
            r"(?i)a",
            r"(?P=n)",
            r"(?#a)",
            r"(?>a)",
            "a*+",
        ),
        *("(", ")", "a)", "[", "[]", "[b-a]", r"[\d-z]", "*", "+a", "a**", "a{2}{3}", "^*", "{2}"),
        *("a{3,2}", "\\", r"\q", r"\x41", r"\0", r"\b*", "((a{99}){99}){99}", "a{9999}"),
        *("(" * 60 + "a" + ")" * 60, "a" * (LONGEST + 1), "(?P<n"),
    ],
)
def test_what_it_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^target_modules must "):
        Pattern("target_modules", text)


def test_no_pattern_takes_long() -> None:
    begin = time.perf_counter()
    for text in ("(a*)*b", "(a|a)*b", "(a|aa)+$b", "((a+)+)+b", "(.*)*(.*)*(.*)*x"):
        assert not Pattern("it", text).matches("a" * 2000)
    assert time.perf_counter() - begin < 2
