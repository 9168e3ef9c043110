"""Translate the guide's own Python to JavaScript; what is not known here stops the build.

An int becomes a BigInt, a float a Number, None null; every other type, operator, builtin and method
is in `python.js`, whose names are read from its text. A function is called with two arguments, the
list of its positional and the object of its named ones.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from _guide.browser.sources import binds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from _guide.browser.sources import Module

RUNTIME = Path(__file__).with_name("python.js")

_FORMS = {
    "BinOp": "$.<op>(<left>,<right>)",
    "Break": "break;",
    "Continue": "continue;",
    "Dict": "$.dct([<keys>],[<values>])",
    "DictComp": "$.dict([<loops>])",
    "For": "for(const $x of $.iter(<iter>)){<target><body>}",
    "GeneratorExp": "<loops>",
    "If": "if($.t(<test>)){<body>}else{<orelse>}",
    "IfExp": "($.t(<test>)?<body>:<orelse>)",
    "JoinedStr": "$.joined([<values>])",
    "List": "[<elts>]",
    "ListComp": "[...<loops>]",
    "NamedExpr": "(<target>=<value>)",
    "Pass": "",
    "Return": "return <value>;",
    "Set": "$.set([[<elts>]])",
    "SetComp": "$.set([<loops>])",
    "Slice": "[<lower>,<upper>,<step>]",
    "Starred": "...$.iter(<value>)",
    "Tuple": "$.tup([<elts>])",
    "UnaryOp": "$.<op>(<operand>)",
    "While": "while($.t(<test>)){<body>}",
}
"""What is translated field by field; a field that is not named must be empty."""

_RESERVED = """
arguments await break case catch class const continue debugger default delete do else enum eval
export extends false finally for function if implements import in instanceof interface let new null
package private protected public return static super switch this throw true try typeof undefined var
void while with yield Infinity NaN
""".split()  # noqa: SIM905
_FORMAT = re.compile(r",?(d|(\.\d+)?[fg])?")


class UnknownPythonError(SyntaxError):
    """The translator has no translation, or `python.js` has no counterpart."""


def _tables() -> dict[str, set[str]]:
    """Read the names in the tables of `python.js`: each begins a line or follows two spaces."""
    found: dict[str, set[str]] = {}
    name = r"(?:^|  )(\w+)(?=,|: (?!\{)| \})"
    text = RUNTIME.read_text("utf-8")
    tables = dict(re.findall(r"^const (\w+) = \{\n(.*?)^\};", text, re.M | re.S))
    for module, body in re.findall(r"^  (\w+): \{(.*?)\},$", tables["stdlib"], re.M | re.S):
        found[module] = set(re.findall(name, body, re.M))
    found["stdlib"] = set(found)
    return {each: set(re.findall(name, tables[each], re.M)) for each in tables} | found


KNOWN = _tables()
"""The names in `python.js`, by its tables."""


def _js(name: str) -> str:
    return f"{name}$" if name in _RESERVED else name


def _let(names: Iterable[str]) -> str:
    return f"let {','.join(sorted(map(_js, names)))};" if names else ""


class Translator:
    """The translation of one module among others; `home` has the public names of `dlp`."""

    def __init__(
        self, module: Module, others: Mapping[str, Module], home: Mapping[str, str]
    ) -> None:
        self.module, self.others, self.home = module, others, home
        self.exports = (
            KNOWN | {name: each.names for name, each in others.items()} | {"dlp": set(home)}
        )
        self.members = KNOWN["methods"].union({"__name__"}, *(m.members for m in others.values()))
        self.modules: dict[str, str] = {}
        self.needs: set[str] = set()  # modules, which `script` finds
        self.line = 1
        for each in module.body:
            for name in binds(each, inside=True) & KNOWN["builtins"]:
                self.refuse(each, f"{name} is a builtin, and must keep its meaning")

    def script(self) -> str:
        """Write the module as a definition that runs when it is first needed."""
        code = "".join(map(self.of, self.module.body))
        names = sorted(self.module.names)
        given = ",".join(f"{name}:{_js(name)}" for name in names)
        return f'$.define("{self.module.name}",()=>{{{_let(names)}{code}return {{{given}}}}});\n'

    def refuse(self, node: ast.AST, why: str = "") -> NoReturn:
        """Stop, and say where and why."""
        why = why or f"the browser has no such {type(node).__name__}: {ast.unparse(node)[:80]}"
        raise UnknownPythonError(f"{self.module.path}:{getattr(node, 'lineno', self.line)}: {why}")

    def of(self, node: Any) -> str:
        """Translate an expression, an operator or a statement."""
        kind = type(node).__name__
        self.line = getattr(node, "lineno", self.line)
        if node is None:
            return "undefined"
        if own := getattr(self, f"_{kind.lower()}", None):
            return str(own(node))
        if kind.lower() in KNOWN["operators"]:
            return kind.lower()
        form, fields = _FORMS.get(kind, "<>"), dict(ast.iter_fields(node))
        hidden = [each for each in fields if f"<{each}>" not in f"{form}<ctx>" and fields[each]]
        if form == "<>" or (hidden and "<loops>" not in form):
            self.refuse(node)
        return re.sub(r"<(\w+)>", lambda m: self._field(node, m[1], fields.get(m[1])), form)

    def _field(self, node: Any, field: str, value: Any) -> str:
        if field == "loops":
            return self._loops(node)
        if field == "target" and isinstance(node, ast.For):
            return self._bind(value, "$x")
        if isinstance(value, list):
            return ("" if field in {"body", "orelse"} else ",").join(map(self.of, value))
        return self.of(value)

    def _constant(self, node: ast.Constant) -> str:
        match node.value:
            case bool() | None | str():
                return json.dumps(node.value)
            case int():
                return f"{node.value}n"
            case float():
                return repr(node.value).replace("inf", "Infinity")
        return self.refuse(node)

    def _name(self, node: ast.Name) -> str:
        if node.id not in self.module.bound | KNOWN["builtins"]:
            self.refuse(node, f"the browser has no {node.id}")
        return f"$.{node.id}" if node.id in KNOWN["builtins"] else _js(node.id)

    def _boolop(self, node: ast.BoolOp) -> str:
        *before, code = map(self.of, node.values)
        for value in reversed(before):
            code = f"$.{self.of(node.op)}({value},()=>{code})"
        return code

    def _compare(self, node: ast.Compare) -> str:
        left, *rest = map(self.of, [node.left, *node.comparators])
        if len(rest) == 1:
            return f"$.{self.of(node.ops[0])}({left},{rest[0]})"
        steps = (f"[$.{self.of(op)},()=>{code}]" for op, code in zip(node.ops, rest, strict=True))
        return f"$.chain({left},[{','.join(steps)}])"

    def _call(self, node: ast.Call) -> str:
        given = f"[{','.join(map(self.of, node.args))}]"
        own = ",".join(f'"{each.arg}":{self.of(each.value)}' for each in node.keywords if each.arg)
        if others := [self.of(each.value) for each in node.keywords if not each.arg]:
            given += f",$.named({{{own}}},{','.join(others)})"
        elif own:
            given += f",{{{own}}}"
        called = self.of(node.func)
        attribute = called.removeprefix("$.attr(")
        return (
            f"{called}({given})" if attribute == called else f"$.method({attribute[:-1]},{given})"
        )

    def _attribute(self, node: ast.Attribute) -> str:
        if module := self.modules.get(getattr(node.value, "id", "")):
            return f"{self.of(node.value)}.{self._exported(node, module, node.attr)}"
        if node.attr not in self.members:
            self.refuse(node, f"the browser has no attribute or method {node.attr}")
        return f'$.attr({self.of(node.value)},"{node.attr}")'

    def _exported(self, node: ast.AST, module: str, name: str) -> str:
        if name not in self.exports[module]:
            self.refuse(node, f"in the browser {module} has no {name}")
        self.needs.add(self.home[name] if module == "dlp" else module)
        return name

    def _formattedvalue(self, node: ast.FormattedValue) -> str:
        spec = node.format_spec
        parts = spec.values if isinstance(spec, ast.JoinedStr) else []
        plain = "".join(str(p.value) if isinstance(p, ast.Constant) else "0" for p in parts)
        if not _FORMAT.fullmatch(plain) or node.conversion not in {-1, ord("r")}:
            self.refuse(node)
        if spec:
            return f"$.format({self.of(node.value)},{self.of(spec)})"
        return f"$.{'str' if node.conversion < 0 else 'repr'}([{self.of(node.value)}])"

    def _loops(self, node: Any) -> str:
        """Translate a comprehension, whose first iterable belongs to the scope outside."""
        pair = isinstance(node, ast.DictComp) and f"[{self.of(node.key)},{self.of(node.value)}]"
        code, names = f"yield {pair or self.of(node.elt)};", set[str]()
        for each in reversed(node.generators):
            names |= binds(each.target)
            for test in reversed(each.ifs):
                code = f"if($.t({self.of(test)})){{{code}}}"
            over = "$i" if each is node.generators[0] else self.of(each.iter)
            code = f"for(const $x of $.iter({over})){{{self._bind(each.target, '$x')}{code}}}"
        return f"(function*($i){{{_let(names)}{code}}})({self.of(node.generators[0].iter)})"

    def _bind(self, target: ast.expr, value: str) -> str:
        match target:
            case ast.Name(id=name):
                return f"{_js(name)}={value};"
            case ast.Attribute(value=owner, attr=name) if (
                getattr(owner, "id", "") not in self.modules
            ):
                return f"{self.of(owner)}.{name}={value};"
            case ast.Subscript(value=owner, slice=key) if not isinstance(key, ast.Slice):
                return f"$.setitem({self.of(owner)},{self.of(key)},{value});"
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                stars = [i for i, each in enumerate(targets) if isinstance(each, ast.Starred)]
                inner = [t.value if isinstance(t, ast.Starred) else t for t in targets]
                own = "$u" + (value.partition("[")[0][1:] if value.startswith("$u") else "")
                code = "".join(self._bind(each, f"{own}[{i}]") for i, each in enumerate(inner))
                where = ",".join(map(str, [len(targets), *stars]))
                return f"{{const {own}=$.unpack({value},{where});{code}}}"
        return self.refuse(target)

    def _raise(self, node: ast.Raise) -> str:
        if not isinstance(node.exc, ast.Call) or node.cause:
            self.refuse(node)
        return f"throw {self.of(node.exc)};"

    def _subscript(self, node: ast.Subscript) -> str:
        if isinstance(node.value, ast.Name) and node.value.id in KNOWN["builtins"]:
            self.refuse(node)
        return f"$.item({self.of(node.value)},{self.of(node.slice)})"

    def _delete(self, node: ast.Delete) -> str:
        code = ""
        for each in node.targets:
            if not isinstance(each, ast.Subscript) or isinstance(each.slice, ast.Slice):
                self.refuse(node)
            code += f"$.delitem({self.of(each.value)},{self.of(each.slice)});"
        return code

    def _expr(self, node: ast.Expr) -> str:
        return "" if isinstance(node.value, ast.Constant) else f"{self.of(node.value)};"

    def _assign(self, node: ast.Assign) -> str:
        code = "".join(self._bind(target, "$v") for target in node.targets)
        return f"{{const $v={self.of(node.value)};{code}}}"

    def _annassign(self, node: ast.AnnAssign) -> str:
        return self._bind(node.target, self.of(node.value)) if node.value else ""

    def _augassign(self, node: ast.AugAssign) -> str:
        if any(isinstance(each, (ast.Call, ast.NamedExpr)) for each in ast.walk(node.target)):
            self.refuse(node)  # which would happen twice
        old = ast.parse(ast.unparse(node.target), mode="eval").body
        sign = self.of(node.op)
        sign = f"i{sign}" if f"i{sign}" in KNOWN["operators"] else sign
        return self._bind(node.target, f"$.{sign}({self.of(old)},{self.of(node.value)})")

    def _import(self, node: ast.Import | ast.ImportFrom) -> str:
        """Bind modules and their names, but for those that only annotations use."""
        code = ""
        for each in node.names:
            own = each.asname or each.name
            start = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            whole = f"{start}.{each.name}".lstrip(".")
            module, name = (whole, "") if not start or whole in self.others else (start, each.name)
            if own in self.module.used:
                if module not in self.exports:
                    self.refuse(node, f"the browser has no module {module}")
                found = f"$.{module}" if module in KNOWN["stdlib"] else f'$.module("{module}")'
                if not name:
                    if own in self.module.assigned:
                        self.refuse(node, f"{own} is a module, and must keep its meaning")
                    self.modules[own] = module
                code += f"{_js(own)}={found}{name and '.' + self._exported(node, module, name)};"
        return code

    _importfrom = _import

    def _function(self, node: ast.FunctionDef | ast.Lambda) -> str:
        args = node.args
        if args.posonlyargs or getattr(node, "decorator_list", []):
            self.refuse(node)
        free, only = [a.arg for a in args.args], [a.arg for a in args.kwonlyargs]
        rest, pairs = ([each.arg] if each else [] for each in (args.vararg, args.kwarg))
        star = [f"*{each}" for each in rest] or ["*"] * bool(only)
        signature = " ".join([*free, *star, *only, *(f"**{each}" for each in pairs)])
        late = zip(free[len(free) - len(args.defaults) :], args.defaults, strict=True)
        given = [*late, *zip(only, args.kw_defaults, strict=True)]
        defaults = ",".join(f"{each}:{self.of(value)}" for each, value in given if value)
        names = [*free, *only, *rest, *pairs]
        if isinstance(node, ast.Lambda):
            name, code = "<lambda>", f"return {self.of(node.body)};"
        else:
            inside = set[str]().union(*map(binds, node.body)) - set(names)
            name, code = node.name, _let(inside) + "".join(map(self.of, node.body))
        taken = ",".join(map(_js, names))
        return f'$.def("{name}","{signature}",{{{defaults}}},({taken})=>{{{code}}})'

    _lambda = _function

    def _functiondef(self, node: ast.FunctionDef) -> str:
        return f"{_js(node.name)}={self._function(node)};"

    def _classdef(self, node: ast.ClassDef) -> str:
        if node.bases or node.keywords or node.decorator_list:
            self.refuse(node)
        members = []
        for each in node.body:
            match each:
                case ast.FunctionDef(name=name):
                    members.append(f"{name}:{self._function(each)}")
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    members.append(f"{name}:{self.of(value)}")
                case ast.Expr(value=ast.Constant()):
                    pass
                case _:
                    self.refuse(each)
        return f'{_js(node.name)}=$.cls("{node.name}",{{{",".join(members)}}});'
