"""Computed figures inside a sentence: `#!calc` and `#!cite` in a code span.

Write `` `#!calc count(given.num_samples)` `` where a number belongs, and `` `#!cite hu2021` ``
where a source does. The expression sees the public names of `dlp`, the formats of
`_guide.formats`, the values of `_guide.given`, the `ledger`, and `q(1)` to `q(8)`, the questions.
"""

from __future__ import annotations

import html
import importlib
from typing import TYPE_CHECKING, Any

from pymdownx.inlinehilite import InlineHiliteException
from pymdownx.superfences import SuperFencesException

from _guide.engine import pure

if TYPE_CHECKING:
    from markdown import Markdown


class FigureError(InlineHiliteException, SuperFencesException):
    """A figure that cannot be computed. It stops the build, in executed blocks as well."""


def namespace() -> dict[str, Any]:
    """Return the names that a computed figure may use."""
    # Imported at each use: a served guide forgets these modules when a formula is edited.
    package = importlib.import_module("dlp")
    names = {name: getattr(package, name) for name in package.__all__}
    formats = importlib.import_module("_guide.formats")
    names |= {name: value for name, value in vars(formats).items() if callable(value)}
    names["given"] = importlib.import_module("_guide.given")
    names["ledger"] = importlib.import_module("_guide.ledger")
    names["q"] = importlib.import_module("_guide.questions").question
    return names


def calc(source: str, language: str, class_name: str, md: Markdown) -> str:
    """Compute one figure, for `custom_inline` of `pymdownx.inlinehilite`.

    Raises:
        FigureError: If the expression fails or is no text; this stops the build.
    """
    try:
        with pure.limited():
            value = eval(source, {"__builtins__": {}}, namespace())  # noqa: S307 - our own pages
    except (Exception, pure.TooLong) as error:
        raise FigureError(f"#!calc {source}: {error}") from error
    if not isinstance(value, str):
        raise FigureError(f"#!calc {source}: give it a format, such as count(...)")
    return f'<span class="{class_name}">{html.escape(value, quote=False)}</span>'


def cite(source: str, language: str, class_name: str, md: Markdown) -> str:
    """Link to one source by its key, for `custom_inline` of `pymdownx.inlinehilite`.

    Raises:
        FigureError: If no source has the key; this stops the build.
    """
    try:
        found = importlib.import_module("_evidence.sources").SOURCES[source]
        link, words = html.escape(found.url), html.escape(found.short)
    except Exception as error:
        raise FigureError(
            f"#!cite {source}: no key of _evidence/sources.toml, {error!r}"
        ) from error
    return f'<a class="{class_name}" href="{link}">{words}</a>'
