"""Translate the guide's own Python to JavaScript; what is not known here stops the build.

An int becomes a BigInt, a float a Number, None null; every other type, operator, builtin and method
is in `python.js`, whose names are read from its text. A function is called with two arguments, the
list of its positional and the object of its named ones. Names are short, for readers wait for them;
those of arguments stay in a function's signature.
"""

from __future__ import annotations

import ast
import itertools
import json
import re
from functools import cache
from pathlib import Path
from string import ascii_letters
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
    "Delete": "<targets:Subscript>;",
    "Dict": "$.dct([<keys>],[<values>])",
    "DictComp": "$.dict([<loops>])",
    "ExceptHandler": "if($.caught($e,<type:Name>)){<body>}else ",
    "For": "for(const $x of $.iter(<iter>)){<target><body>}",
    "FunctionDef": "<name>=<function>;",
    "GeneratorExp": "<loops>",
    "If": "if(<test>){<body>}else{<orelse>}",
    "IfExp": "(<test>?<body>:<orelse>)",
    "Lambda": "<function>",
    "List": "[<elts>]",
    "ListComp": "[...<loops>]",
    "Pass": "",
    "Raise": "throw <exc:Call>;",
    "Return": "return <value>;",
    "Set": "$.set([[<elts>]])",
    "SetComp": "$.set([<loops>])",
    "Slice": "[<lower>,<upper>]",
    "Starred": "...$.iter(<value>)",
    "Try": "try{<body>}catch($e){<handlers>throw $e;}",
    "Tuple": "$.tup([<elts>])",
    "UnaryOp": "$.<op>(<operand>)",
    "While": "while(<test>){<body>}",
}
"""What is translated field by field, or by a method for a word that is no field. After a colon
stands what a field must be; one that is not named must be empty, unless a method sees to it."""

_FORMAT = re.compile(r",|,?\.\d+f")


class Later(ast.stmt):
    """What stands for a block that comes with the whole script, and for the names it binds."""

    _fields = ("names",)

    def __init__(self, names: list[ast.Name]) -> None:
        super().__init__()
        self.names = names


class UnknownPythonError(SyntaxError):
    """The translator has no translation, or `python.js` has no counterpart."""


def _tables() -> dict[str, dict[str, str]]:
    """Read the tables of `python.js`: each name in them, and what stands in its brackets."""
    name = re.compile(r"(?:^|  )(\w+)(?=,|: (?!\{)| \})(?:: \((.*?)\) =>)?", re.M)
    tables = re.findall(r"^const (\w+) = \{\n(.*?)^\};", RUNTIME.read_text("utf-8"), re.M | re.S)
    return {table: dict(name.findall(text)) for table, text in tables}


KNOWN = _tables()
"""The names in `python.js`, by its tables, and what each takes."""

LIBRARY = ("html", "math")

_SHORT = [*ascii_letters, *map("".join, itertools.product(ascii_letters, repeat=2))]
"""What names are called: none has the `$` of the translation's own, three are JavaScript's."""


def _let(names: Iterable[str]) -> str:
    return f"let {','.join(listed)};" if (listed := sorted(names)) else ""


@cache
def _named(form: str) -> frozenset[str]:
    """Give the fields of a node that a form names."""
    return frozenset(re.findall(r"<(\w+)", form))


class Translator:
    """The translation of one module among others; `home` has the public names of `dlp`."""

    def __init__(
        self, module: Module, others: Mapping[str, Module], home: Mapping[str, str]
    ) -> None:
        self.module, self.others, self.home = module, others, home
        self.exports = {name: set(KNOWN[name]) for name in LIBRARY} | {"dlp": set(home)}
        self.exports |= {name: each.names for name, each in others.items()}
        self.methods = set[str]().union(*(each.methods for each in others.values()))
        self.attributes = {"__name__"}.union(*(each.attributes for each in others.values()))
        self.modules: dict[str, str] = {}
        self.reaches: set[tuple[str, str]] = set()  # names in modules, which `script` finds
        self.scopes: list[dict[str, str]] = []  # what names of functions are called there
        self._enter(module.names)
        self.line = 1
        for each in module.body:
            for name in binds(each, inside=True) & set(KNOWN["builtins"]):
                self.refuse(each, f"{name} is a builtin, and must keep its meaning")

    def script(self) -> str:
        """Write the module as a definition that runs when it is first needed."""
        names, code = self.module.names, "".join(map(self.of, self.module.body))
        return self.defined(names, names, code)

    def defined(self, bound: Iterable[str], seen: Iterable[str], code: str) -> str:
        """Write a module with some code: the names that this binds, and those that others see."""
        start = f'$.define("{self.module.name}",()=>{{{_let(map(self.js, bound))}'
        given = ",".join(f"{each}:{self.js(each)}" for each in sorted(seen))
        return f"{start}{code}return {{{given}}}}});\n"

    def js(self, name: str) -> str:
        """Give what a name is called where the translation is, if it is bound there."""
        return next((each[name] for each in reversed(self.scopes) if name in each), "")

    def _enter(self, names: Iterable[str]) -> None:
        """Begin a scope with names of its own, none of them that of one outside."""
        taken = {"do", "if", "in"}.union(*(each.values() for each in self.scopes))
        free = (each for each in _SHORT if each not in taken)
        self.scopes.append(dict(zip(sorted(names), free, strict=False)))

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
        form = _FORMS.get(kind, "")
        named = _named(form)
        fields = ast.iter_fields(node)
        hidden = any(value and name not in {*named, "ctx"} for name, value in fields)
        if kind not in _FORMS or (hidden and not named & {"loops", "function"}):
            self.refuse(node)
        return re.sub(r"<(\w+):?(\w*)>", lambda m: self._field(node, m[1], m[2]), form)

    def _field(self, node: Any, field: str, must: str) -> str:
        if not hasattr(node, field):
            return str(getattr(self, f"_{field}")(node))
        value = getattr(node, field)
        values = value if isinstance(value, list) else [value]
        if must and any(type(each).__name__ != must for each in values):
            self.refuse(node)
        if field == "name":
            return self.js(value)
        if field == "test":
            return self._truth(value)
        if field == "target":
            return self._bind(value, "$x")
        return ("" if field in {"body", "handlers", "orelse"} else ",").join(map(self.of, values))

    def _constant(self, node: ast.Constant) -> str:
        if type(node.value) not in {bool, float, int, str, type(None)}:
            self.refuse(node)
        return json.dumps(node.value) + ("n" if type(node.value) is int else "")

    def _name(self, node: ast.Name) -> str:
        if node.id in KNOWN["builtins"]:
            return f"$.{node.id}"
        return self.js(node.id) or self.refuse(node, f"the browser has no {node.id}")

    def _truth(self, node: ast.expr) -> str:
        """Translate a condition, of which no more is asked than whether it holds."""
        match node:
            case ast.Compare():
                return self.of(node)
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return f"!{self._truth(inner)}"
            case ast.BoolOp(op=op, values=values):
                sign = "&&" if isinstance(op, ast.And) else "||"
                return f"({sign.join(map(self._truth, values))})"
        return f"$.t({self.of(node)})"

    def _boolop(self, node: ast.BoolOp) -> str:
        return self._until(self.of(node.op), [self.of(each) for each in node.values])

    def _until(self, op: str, tests: list[str]) -> str:
        *before, code = tests
        for each in reversed(before):
            code = f"$.{op}({each},()=>{code})"
        return code

    def _compare(self, node: ast.Compare) -> str:
        self._repeated(node, *node.comparators[:-1])
        sides = list(map(self.of, [node.left, *node.comparators]))
        pairs = zip(node.ops, sides, sides[1:], strict=False)
        return self._until("and", [f"$.{self.of(op)}({a},{b})" for op, a, b in pairs])

    def _repeated(self, node: ast.AST, *parts: ast.expr) -> None:
        """Refuse what would be done twice, and is more than a builtin."""
        calls = (each for part in parts for each in ast.walk(part) if isinstance(each, ast.Call))
        if any(getattr(each.func, "id", "") not in KNOWN["builtins"] for each in calls):
            self.refuse(node)

    def _call(self, node: ast.Call) -> str:
        given = f"[{','.join(map(self.of, node.args))}]"
        if node.keywords:
            pairs = [(f'"{each.arg}":', self.of(each.value)) for each in node.keywords]
            named = (f"...$.named({v})" if k == '"None":' else k + v for k, v in pairs)
            given += f",{{{','.join(named)}}}"
        match node.func:
            case ast.Attribute(value=owner, attr=name) if not self._module(owner):
                if name not in self.methods:
                    self._fits(node, KNOWN["methods"].get(name))
                return f'$.method({self.of(owner)},"{name}",{given})'
            case ast.Name(id=name) if name in KNOWN["builtins"]:
                self._fits(node, KNOWN["builtins"][name])
        return f"{self.of(node.func)}({given})"

    def _fits(self, node: ast.Call, takes: str | None) -> None:
        """Refuse a method that is unknown, and what it or a builtin does not take."""
        if takes is None:
            self.refuse(node.func, f"the browser has no method {ast.unparse(node.func)}")
        listed = re.search(r"\[(.*?)\]", takes)
        most = listed[1].count(",") + bool(listed[1]) if listed and "..." not in takes else 99
        least = most - takes.count("=") if most < 99 else 0
        named = {each.arg for each in node.keywords} - set(
            re.findall(r"\w+", takes.partition("{")[2])
        )
        if not least <= len(node.args) <= most or (named and not takes.endswith(", k")):
            self.refuse(node)

    def _module(self, node: ast.expr) -> str:
        return self.modules.get(node.id, "") if isinstance(node, ast.Name) else ""

    def _attribute(self, node: ast.Attribute) -> str:
        if module := self._module(node.value):
            return f"{self.of(node.value)}.{self._exported(node, module, node.attr)}"
        if node.attr not in self.attributes:
            self.refuse(node, f"the browser has no attribute {node.attr}")
        return f'$.attr({self.of(node.value)},"{node.attr}")'

    def _exported(self, node: ast.AST, module: str, name: str) -> str:
        if name not in self.exports[module]:
            self.refuse(node, f"in the browser {module} has no {name}")
        self.reaches.add((self.home[name] if module == "dlp" else module, name))
        return name

    def _joinedstr(self, node: ast.JoinedStr) -> str:
        text = ""
        for each in node.values:
            if isinstance(each, ast.Constant):
                text += re.sub(r"([`$])", r"\\\1", json.dumps(each.value)[1:-1])
            else:
                text += f"${{{self.of(each)}}}"
        return f"`{text}`"

    def _formattedvalue(self, node: ast.FormattedValue) -> str:
        value, how = self.of(node.value), chr(max(node.conversion, 0))
        if how in "\0r" and not node.format_spec:
            return f"$.{'repr' if how == 'r' else 'str'}([{value}])"
        parts = getattr(node.format_spec, "values", [])
        spec = "".join(str(p.value) if isinstance(p, ast.Constant) else "0" for p in parts)
        if how != "\0" or not _FORMAT.fullmatch(spec):
            self.refuse(node)
        return f"$.format({value},{self.of(node.format_spec)})"

    def _loops(self, node: Any) -> str:
        """Translate a comprehension, whose first iterable belongs to the scope outside."""
        first = self.of(node.generators[0].iter)
        names = set[str]().union(*(binds(each.target) for each in node.generators))
        self._enter(names)
        pair = isinstance(node, ast.DictComp) and f"[{self.of(node.key)},{self.of(node.value)}]"
        code = f"yield {pair or self.of(node.elt)};"
        for each in reversed(node.generators):
            for test in reversed(each.ifs):
                code = f"if({self._truth(test)}){{{code}}}"
            over = "$i" if each is node.generators[0] else self.of(each.iter)
            code = f"for(const $x of $.iter({over})){{{self._bind(each.target, '$x')}{code}}}"
        code = _let(map(self.js, names)) + code
        self.scopes.pop()
        return f"(function*($i){{{code}}})({first})"

    def _bind(self, target: ast.expr, value: str) -> str:
        if isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice):
            return f"$.setitem({self.of(target.value)},{self.of(target.slice)},{value});"
        written, shape = self._target(target)
        return f"{written}={value if shape == '0' else f'$.unpack({value},{shape})'};"

    def _target(self, node: ast.expr) -> tuple[str, str]:
        """Write a target, and the shape of what it takes apart."""
        match node:
            case ast.Name(id=name):
                return self.js(name), "0"
            case ast.Attribute(value=owner, attr=name) if not self._module(owner):
                return f"{self.of(owner)}.{name}", "0"
            case ast.Subscript(value=owner, slice=key) if not isinstance(key, ast.Slice):
                return f"$.spot({self.of(owner)},{self.of(key)}).filled", "0"
            case ast.Starred(value=ast.Name(id=name)):
                return f"...{self.js(name)}", "1"
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                inner = [self._target(each) for each in targets]
                if all(shape != "1" for _, shape in inner[:-1]):
                    names, shapes = (",".join(each) for each in zip(*inner, strict=True))
                    return f"[{names}]", f"[{shapes}]"
        return self.refuse(node)

    def _subscript(self, node: ast.Subscript) -> str:
        owner, key, gone = self.of(node.value), self.of(node.slice), isinstance(node.ctx, ast.Del)
        if owner[2:] in KNOWN["builtins"] or (gone and isinstance(node.slice, ast.Slice)):
            self.refuse(node)
        return f'$.method({owner},"pop",[{key}])' if gone else f"$.item({owner},{key})"

    def _later(self, _: Later) -> str:
        return "$.later()();"

    def _expr(self, node: ast.Expr) -> str:
        return "" if isinstance(node.value, ast.Constant) else f"{self.of(node.value)};"

    def _assign(self, node: ast.Assign) -> str:
        match node.targets:
            case [
                ast.Name() | ast.Tuple() | ast.Subscript(ast.Name(), ast.Constant() | ast.Name())
            ]:
                return self._bind(node.targets[0], self.of(node.value))
        code = "".join(self._bind(target, "$v") for target in node.targets)
        return f"{{const $v={self.of(node.value)};{code}}}"

    def _annassign(self, node: ast.AnnAssign) -> str:
        return self._bind(node.target, self.of(node.value)) if node.value else ""

    def _augassign(self, node: ast.AugAssign) -> str:
        self._repeated(node, node.target)
        sign = self.of(node.op).replace("add", "iadd")
        if sign == "bitor":
            self.refuse(node)  # which would change it in place
        return self._bind(node.target, f"$.{sign}({self.of(node.target)},{self.of(node.value)})")

    def _import(self, node: ast.Import | ast.ImportFrom) -> str:
        """Bind modules and their names, but for those that only annotations use."""
        code, start = "", getattr(node, "module", None)
        for each in node.names:
            own, whole = each.asname or each.name, f"{start}.{each.name}" if start else each.name
            module, name = (start, each.name) if start and whole not in self.others else (whole, "")
            if own not in self.module.used:
                continue
            if module not in self.exports:
                self.refuse(node, f"the browser has no module {module}")
            found = f"$.{module}" if module in LIBRARY else f'$.module("{module}")'
            if name:
                found += f".{self._exported(node, module, name)}"
            elif own in self.module.assigned:
                self.refuse(node, f"{own} is a module, and must keep its meaning")
            else:
                self.modules[own] = module
            code += f"{self.js(own)}={found};"
        return code

    _importfrom = _import

    def _function(self, node: ast.FunctionDef | ast.Lambda) -> str:
        args = node.args
        if args.posonlyargs or args.vararg or getattr(node, "decorator_list", []):
            self.refuse(node)
        free, only = ([each.arg for each in some] for some in (args.args, args.kwonlyargs))
        late = zip(reversed(free), reversed(args.defaults), strict=False)
        given = [*late, *zip(only, args.kw_defaults, strict=True)]
        defaults = ",".join(f"{each}:{self.of(value)}" for each, value in given if value)
        names = [*free, *only, *([args.kwarg.arg] if args.kwarg else [])]
        body = [ast.Return(node.body)] if isinstance(node, ast.Lambda) else node.body
        inside = set[str]().union(*map(binds, body)) - set(names)
        self._enter([*names, *inside])
        code = _let(map(self.js, inside)) + "".join(map(self.of, body))
        taken = ",".join(map(self.js, names))
        self.scopes.pop()
        takes = f'"{" ".join([*free, *only])}",{len(free)},{int(bool(args.kwarg))},{{{defaults}}}'
        return f'$.def("{getattr(node, "name", "<lambda>")}",{takes},({taken})=>{{{code}}})'

    def _classdef(self, node: ast.ClassDef) -> str:
        methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
        others = [each for each in node.body if each not in methods]
        odd = any(not isinstance(each, ast.Expr) for each in others)
        if node.bases or node.keywords or node.decorator_list or odd:
            self.refuse(node)
        members = ",".join(f"{each.name}:{self._function(each)}" for each in methods)
        return f'{self.js(node.name)}=$.cls("{node.name}",{{{members}}});'
