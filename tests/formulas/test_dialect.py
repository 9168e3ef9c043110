"""The formulas keep to what runs in a browser: what the translator takes is the dialect."""

from __future__ import annotations

import ast
import re
from functools import partial
from pathlib import Path

import pytest

from _guide.browser import bundle, shaken
from _guide.browser.sources import Module
from _guide.browser.translate import Translator, UnknownPythonError
from dlp import _config, tokens_per_update
from tests.told import nothing


def translated(code: str, folder: Path) -> str:
    """Translate a module among those of the guide."""
    path = folder / "planted.py"
    path.write_text(code, "utf-8")
    module = Module("dlp.planted", path)
    others = {**bundle.modules(), module.name: module}
    return Translator(module, others, bundle.homes()).script()


def test_every_module_but_the_command_is_translated() -> None:
    dlp = {f"dlp.{path.stem}" for path in (bundle.ROOT / "dlp").glob("*.py")}
    assert dlp - set(bundle.modules()) == {"dlp.__init__", "dlp.__main__", "dlp._command_fit"}
    live = {
        path.relative_to(bundle.GUIDE.parent).with_suffix("").as_posix().replace("/", ".")
        for path in (bundle.GUIDE / "live").rglob("[!_]*.py")
    }
    assert live <= set(bundle.modules())
    written = bundle.whole()
    assert all(f'$.define("{name}",' in written for name in bundle.modules())


def imported(node: ast.AST) -> set[str]:
    """Name the packages that a statement imports."""
    match node:
        case ast.Import(names=names):
            return {each.name for each in names}
        case ast.ImportFrom(module=module):
            return {(module or "").partition(".")[0]}
    return set()


def test_formulas_import_math_alone() -> None:
    nothing(
        f"dlp/{module.path.name}:{getattr(node, 'lineno', 0)}: import nothing but math and dlp"
        for name, module in bundle.modules().items()
        if name.startswith("dlp.")
        for node in (each for statement in module.body for each in ast.walk(statement))
        if not imported(node) <= {"math", "dlp"}
    )


@pytest.mark.slow
def test_the_scripts_are_the_same_at_every_build() -> None:
    before = bundle.whole(), bundle.files()
    for each in (bundle.modules, bundle.homes, bundle.files):
        each.cache_clear()
    assert (bundle.whole(), bundle.files()) == before


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import dataclasses\nx = dataclasses.field", "no module dataclasses"),
        ("import os\nx = os", "no module os"),
        ("from typing import cast\nx = cast(int, 1)", "no module typing"),
        ("from . import units\nx = units", "no module"),
        ("import math\nx = math.gamma(1)", "math has no gamma"),
        ("from math import gamma\nx = gamma", "math has no gamma"),
        ("import dlp\nx = dlp.no_such_formula", "dlp has no no_such_formula"),
        ("from dlp import _check\nx = _check.no_such", "dlp._check has no no_such"),
        ("from dlp.units import no_such\nx = no_such", "dlp.units has no no_such"),
        ("class Model(dict): pass", "ClassDef"),
        ("class Model(metaclass=type): pass", "ClassDef"),
        ("class Model:\n    size: int", "ClassDef"),
        ("class Model:\n    size = 1", "ClassDef"),
        ("class Model:\n    @property\n    def size(self): return 1", "FunctionDef"),
        (
            "class Model:\n    def size(self): return 1\nx = Model().size",
            "no attribute size",
        ),
        ("def f(a, /, b): pass", "FunctionDef"),
        ("async def f(): pass", "AsyncFunctionDef"),
        ("@staticmethod\ndef f(): pass", "FunctionDef"),
        ("match x:\n    case 1: pass", "Match"),
        ("try:\n    pass\nfinally:\n    pass", "Try"),
        ("try:\n    pass\nexcept ValueError as x:\n    pass", "ExceptHandler"),
        ("try:\n    pass\nexcept OSError:\n    pass", "no OSError"),
        ("try:\n    pass\nexcept:\n    pass", "ExceptHandler"),
        ("try:\n    pass\nexcept (TypeError, ValueError):\n    pass", "ExceptHandler"),
        ("with x: pass", "With"),
        ("def f():\n    global x\n    x = 1", "Global"),
        ("def f():\n    yield 1", "Yield"),
        ("assert 1", "Assert"),
        ("for x in []: pass\nelse: pass", "For"),
        ("while 1: pass\nelse: pass", "While"),
        ("raise ValueError('x') from None", "Raise"),
        ("raise ValueError", "Raise"),
        ("raise", "Raise"),
        ("x = 1\ndel x", "Delete"),
        ("x = [1]\ndel x[:]", "Subscript"),
        ("x = [1]\nx[0:1] = [2]", "Subscript"),
        ("*x, y = [1, 2]", "Tuple"),
        ("def f(): return [1]\nf()[0] += 1", "AugAssign"),
        ("def f(): return 2\nx = 1 < f() < 3", "Compare"),
        ("x = {1}\nx |= {2}", "AugAssign"),
        ("x = (y := 1)", "NamedExpr"),
        ("x = 'abc'[::2]", "Slice"),
        ("def f(*a): return a", "FunctionDef"),
        ("x = lambda *a: a", "Lambda"),
        ("x = 1 @ 2", "MatMult"),
        ("x = 1 << 2", "LShift"),
        ("x = ~1", "Invert"),
        ("x = 1j", "Constant"),
        ("x = b'a'", "Constant"),
        ("x = f'{1:>5}'", "FormattedValue"),
        ("x = f'{1!s}'", "FormattedValue"),
        ("x = f'{1:.2}'", "FormattedValue"),
        ("x = f'{1:.2g}'", "FormattedValue"),
        ("x = f'{1:g}'", "FormattedValue"),
        ("x = f'{1:d}'", "FormattedValue"),
        ("x = f'{1:f}'", "FormattedValue"),
        ("x = f'{1!r:,}'", "FormattedValue"),
        ("x = print", "no print"),
        ("x = open('x')", "no open"),
        ("x = next(len)", "no next"),
        ("x = map(len, [])", "no map"),
        ("x = getattr('', 'x')", "no getattr"),
        ("x = round(2.5)", "Call"),
        ("x = int('7', 8)", "Call"),
        ("x = sum([], 1)", "Call"),
        ("x = list(enumerate([], start=1))", "Call"),
        ("x = sorted([], reverse=True)", "Call"),
        ("x = max([], default=1)", "Call"),
        ("x = frozenset([1])", "Call"),
        ("x = 'a b c'.split(' ', 1)", "Call"),
        ("x = 'aa'.replace('a', 'b', 1)", "Call"),
        ("x = 'a'.replace('a')", "Call"),
        ("x = ''.title()", "no method .*title"),
        ("x = ''.find('a')", "no method .*find"),
        ("x = ''.isupper()", "no method .*isupper"),
        ("x = ''.removeprefix('a')", "no method .*removeprefix"),
        ("x = [1].index(1)", "no method .*index"),
        ("x = (1.0).is_integer()", "no method .*is_integer"),
        ("x = ''.lower", "no attribute lower"),
        ("x = (1).real", "no attribute real"),
        ("import itertools\nx = itertools.pairwise([1])", "no module itertools"),
        ("import re\nx = re.compile('a')", "no module re"),
        ("import builtins\nx = builtins.len", "no module builtins"),
        ("x = dict[str, int]", "Subscript"),
        ("def f(): pass\nf.cache = {}\nx = f.__doc__", "no attribute __doc__"),
        ("sum = 1", "sum is a builtin"),
        ("from dlp import steps\ndef f(steps): return steps.x", "steps is a module"),
        ("def f(min): return min", "min is a builtin"),
    ],
)
def test_what_a_browser_lacks_stops_the_build(code: str, why: str, tmp_path: Path) -> None:
    before = "y = 1\n\n"
    with pytest.raises(UnknownPythonError, match=rf"planted\.py:\d+: .*{why}") as refused:
        translated(before + code, tmp_path)
    line = int(str(refused.value).partition("planted.py:")[2].partition(":")[0])
    assert 2 < line <= 2 + len(code.splitlines())


@pytest.mark.parametrize(
    "code",
    [
        "import math\nx = math.floor(1.5)",
        "from dlp import _check\nx = _check.count('n', 1)",
        "import dlp\nx = dlp.GB",
        "from typing import Any\ndef f(x: Any) -> Any: return x",
        "from collections.abc import Callable\nf: 'Callable[[], int]' = len",
        "if TYPE_CHECKING:\n    from typing import Any\n    class Shape: pass",
        "names = [1]\nfirst, *last = names",
        "def g(a, **b): return g(*a, **b)",
        "x = [1]\nx[0], y = 2, 3\ndel x[0]",
        "x = 1 < len([1, 2]) < 3",
        "a = {}\nx = {**a, 'b': 1}\ny = [*a, 2]",
        "class Model:\n def __init__(self): self.size = 1\n def grown(self): return self.size + 1",
        "delete = 1\nnew = delete",
        "try:\n    x = int('y')\nexcept ValueError:\n    x = 0",
    ],
)
def test_what_a_browser_has_is_allowed(code: str, tmp_path: Path) -> None:
    assert translated(code, tmp_path)


def test_of_a_module_only_what_is_wanted_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "some.py"
    path.write_text("import os\na = 1\ndef b(): return a\ndef c(): return os\n", "utf-8")
    assert Module("some", path, ["b"]).names == {"a", "b"}


def test_a_script_has_what_its_functions_need_and_nothing_else() -> None:
    script = shaken.script(["dlp.steps.tokens_per_update"])
    assert re.findall(r'\$\.define\("([\w.]+)"', script) == ["dlp", "dlp._check", "dlp.steps"]
    defined = set(re.findall(r'\$\.def\("(\w+)"', script))
    assert {"tokens_per_update", "effective_batch_size", "count"} <= defined
    assert not defined & {"updates_per_epoch", "tokens_per_epoch", "choice"}


def test_what_does_not_run_has_no_body() -> None:
    call = partial(tokens_per_update, per_device_train_batch_size=1, sequence_length=1)
    script = shaken.script(["dlp.steps.tokens_per_update"], shaken.lines([call]))
    assert '$.def("count"' in script
    assert '$.def("_other"' in shaken.script(["dlp.steps.tokens_per_update"])
    assert '$.def("_other"' not in script  # which is for errors
    assert "$.later()();" in script
    assert "must be" not in script


def test_rows_that_are_not_read_come_later() -> None:
    read = {"model_type": "llama"}
    script = shaken.script(["dlp._config.read"], shaken.lines([partial(_config.read, read)]))
    assert "=$.later();" in script
    assert '"Llama"' in script
    assert '"Olmo"' not in script
    assert '"Olmo"' in shaken.script(["dlp._config.read"])


def test_of_a_block_the_end_that_does_not_run_is_left_out() -> None:
    code = "def f(a):\n if a:\n  b = 1\n else:\n  c = 2\n return a\n d = 3\n"
    (node,) = ast.parse(code).body
    cut = shaken._cut(node, frozenset({2, 5, 6}))
    assert ast.unparse(cut.body[0].orelse) == "c = 2"
    assert [each.id for each in cut.body[0].body[0].names] == ["b"]
    assert [each.id for each in cut.body[2].names] == ["d"]
    assert ast.unparse(node) == ast.unparse(ast.parse(code))  # which the whole script has


def test_what_binds_no_name_is_not_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "planted.py"
    path.write_text("a = [1]\nif a:\n    a.append(2)\ndef f(): return a\n", "utf-8")
    modules = {**bundle.modules(), "dlp.planted": Module("dlp.planted", path)}
    monkeypatch.setattr(bundle, "modules", lambda: modules)
    with pytest.raises(ValueError, match=r"planted\.py:2: this binds no name"):
        shaken.script(["dlp.planted.f"])
