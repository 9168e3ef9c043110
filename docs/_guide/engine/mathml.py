"""TeX to MathML while the site is built, so that a formula needs no JavaScript.

This extension brings `pymdownx.arithmatex`, converts what it finds, and stops the build at bad TeX.
"""

import html
import re
from collections import UserDict
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString
from math_core import LatexError, LatexToMathML
from pymdownx.arithmatex import ArithmatexExtension
from pymdownx.superfences import SuperFencesException

_CONVERTER = LatexToMathML(fancy_error=False)
_SEPARATOR = re.compile(r'(?<=\d)</mn><mo rspace="0">,</mo><mn>(?=\d{3})')
_WORDS = re.compile(r"<mtext>([^<]+)</mtext>")
_FUNCTION = re.compile(r"\\operatorname\{(?=[^}]*\\_)")  # one of ours
_LONG = 15  # letters beyond which an identifier may take two lines on a phone
_CEILING = re.compile(r"<mo>(?=[⌈⌉⌊⌋]<)")
_STRAY = re.compile(r"\$\$|\$\\\(.*\\\)\$|\\begin\{", re.DOTALL)

TEX: UserDict[str, str] = UserDict()
"""How each formula was written. No `dict`: that a block adds to it is no change of other pages."""


class TexError(SuperFencesException, ValueError):
    """A formula that cannot be shown. In an executed block any other exception is swallowed."""


def to_mathml(tex: str, *, display: bool) -> str:
    """Return one formula as a `<math>` element.

    Args:
        tex: The formula, without dollar signs.
        display: Whether it stands on a line of its own.

    Raises:
        TexError: If the TeX is empty, malformed or uses an unknown command.
    """
    if not tex.strip():
        raise TexError("empty TeX")
    try:
        named = _FUNCTION.sub(r"\\text{", tex)  # names of functions look like those of arguments
        mathml = _CONVERTER.convert_with_local_state(named, displaystyle=display)
    except LatexError as error:
        raise TexError(f"bad TeX: {tex}\n{error}") from error
    mathml = _SEPARATOR.sub(",", mathml).replace("><m", "> <m")  # so that words do not run together
    mathml = _CEILING.sub('<mo symmetric="false">', mathml)  # no taller than what it holds
    mathml = _WORDS.sub(_words, mathml)
    TEX[mathml] = tex.strip()
    return mathml


def _words(match: re.Match[str]) -> str:
    # The span is for the style sheet: a font set on the token itself undoes a subscript's size.
    text = match[1]
    if not re.fullmatch(r"[A-Za-z]\w+", text):
        return f"<mtext><span>{text}</span></mtext>"
    if len(text) > _LONG and "_" in text:
        breaks = [i + 1 for i, letter in enumerate(text) if letter == "_"]
        at = min(breaks, key=lambda i: abs(i - len(text) / 2))
        text = f"<span>{text[:at]}<wbr>{text[at:]}</span>"
    # An identifier is no `mtext`: that counts as space and costs the operator beside it its own.
    return f"<mi><span>{text}</span></mi>"


class _Formulas(Treeprocessor):
    def run(self, root: Element) -> None:
        for parent in root.iter():
            line = "" if isinstance(parent.text, AtomicString) else parent.text or ""
            for child in parent:
                inline = child.get("class") == "arithmatex" and child.tag == "span"
                line += f"{child.text if inline else ' '}{child.tail or ''}"
                if child.get("class") == "arithmatex":
                    self._convert(child)
            if _STRAY.search(line):
                raise TexError(f"TeX left as text, display math is a paragraph of its own: {line}")

    def _convert(self, element: Element) -> None:
        tex = (element.text or "")[2:-2]
        display = element.tag == "div"
        if display:
            tex = html.unescape(tex)  # arithmatex escapes display math, and only that
            element.set("tabindex", "0")  # the keyboard must reach what scrolls
        mathml = self.md.htmlStash.store(to_mathml(tex, display=display))
        tail = element.tail or ""
        element.tail = tail.lstrip(".,;:!?)")
        closing = tail.removesuffix(element.tail)  # must not begin the next line alone
        element.text = AtomicString(mathml + closing)


class MathExtension(Extension):
    """Every TeX formula becomes MathML."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Add arithmatex and, after it, the conversion."""
        md.registerExtension(self)  # markdown-exec copies only what is registered
        md.registerExtensions([ArithmatexExtension(generic=True)], {})
        md.treeprocessors.register(_Formulas(md), "guide-math", 15)  # inline is 20, toc is 5


makeExtension = MathExtension  # the name that Python-Markdown looks up  # noqa: N816
