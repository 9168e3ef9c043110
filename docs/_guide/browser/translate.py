"""Translate the guide's own Python to JavaScript; what is not known here stops the build.

An int becomes a BigInt, a float a Number, None null; every other type, operator, builtin and method
is in `python.js`, whose names are read from its text. A function is called with two arguments, the
list of its positional and the object of its named ones. A name ends in `$`: no word of JavaScript
does, nor does what the translation itself needs. Those inside of a function are short, for readers
wait for what is written.
"""

from __future__ import annotations

import ast
import itertools
import json
import re
from pathlib import Path
from string import ascii_letters
from typing import TYPE_CHECKING, Any, NoReturn

from _guide.browser.sources import binds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from _guide.browser.sources import Module

RUNTIME = Path(__file__).with_name("python.js")

_FORMS = {
    "BinOp": "$.<op>(<left>,<right>)",
    "Break": "break;",
    "Continue": "continue;",
    "Delete": "<targets:Subscript>;",
    "Dict": "$.dct([<keys>],[<values>])",
    "DictComp": "$.dict([<loops>])",
    "For": "for(const $x of $.iter(<iter>)){<target><body>}",
    "FunctionDef": "<own>=<function>;",
    "GeneratorExp": "<loops>",
    "If": "if(<truth>){<body>}<else>",
    "IfExp": "(<truth>?<body>:<orelse>)",
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
    "Tuple": "$.tup([<elts>])",
    "UnaryOp": "$.<op>(<operand>)",
    "While": "while(<truth>){<body>}",
}
"""What is translated field by field, or by a method for a word that is no field. After a colon
stands what a field must be; one that is not named must be empty, unless a method sees to it."""

_SEEN_BY = {"If": {"test", "orelse"}, "IfExp": {"test"}, "While": {"test"}, "FunctionDef": {"name"}}
"""The fields that methods see to, beside those of a function or a loop."""

_WORDS = "abs as at do get if in is of or set to".split()  # noqa: SIM905 - two letters, some taken

_FORMAT = re.compile(r",|,?\.\d+f")


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


def _short(taken: Collection[str]) -> Iterator[str]:
    """Yield short names that are not taken, and no words of JavaScript."""
    for length in itertools.count(1):
        for letters in itertools.product(ascii_letters, repeat=length):
            name = "".join(letters)
            if name not in taken and name not in _WORDS:
                yield name


def defined(module: str, bound: Iterable[str], seen: Iterable[str], code: str) -> str:
    """Write a module: the names that it binds, and those that others see."""
    names = ",".join(f"{each}$" for each in sorted(bound))
    given = ",".join(f"{each}:{each}$" for each in sorted(seen))
    start = f'$.define("{module}",()=>{{{f"let {names};" if names else ""}'
    return f"{start}{code}return {{{given}}}}});\n"


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
        self.needs: set[str] = set()  # modules, which `script` finds
        self.reaches: set[tuple[str, str]] = set()  # and their names
        self.scopes: list[dict[str, str]] = []  # how names inside of functions are written
        self.line = 1
        for each in module.body:
            for name in binds(each, inside=True) & set(KNOWN["builtins"]):
                self.refuse(each, f"{name} is a builtin, and must keep its meaning")

    def script(self) -> str:
        """Write the module as a definition that runs when it is first needed."""
        code = "".join(map(self.of, self.module.body))
        return defined(self.module.name, self.module.names, self.module.names, code)

    def _enter(self, names: Iterable[str]) -> None:
        """Begin a scope with names of its own, none of them that of one outside."""
        taken = {each for scope in self.scopes for each in scope.values()}
        self.scopes.append(dict(zip(sorted(names), _short(taken), strict=False)))

    def _called(self, name: str) -> str:
        """Say how a name is written."""
        found = (scope[name] for scope in reversed(self.scopes) if name in scope)
        return next(found, f"{name}$")

    def _let(self, names: Iterable[str]) -> str:
        return f"let {','.join(map(self._called, sorted(names)))};" if names else ""

    def refuse(self, node: ast.AST, why: str = "") -> NoReturn:
        """Stop, and say where and why."""
        why = why or f"the browser has no such {type(node).__name__}: {ast.unparse(node)[:80]}"
        raise UnknownPythonError(f"{self.module.path}:{getattr(node, 'lineno', self.line)}: {why}")

    def of(self, node: Any) -> str:
        """Translate an expression, an operator or a statement."""
        kind = type(node).__name__
        self.line = getattr(node, "lineno", self.line)
        if node is None or isinstance(node, str):
            return node or "undefined"
        if own := getattr(self, f"_{kind.lower()}", None):
            return str(own(node))
        if kind.lower() in KNOWN["operators"]:
            return kind.lower()
        form = _FORMS.get(kind, "")
        named = {each.partition(":")[0] for each in re.findall(r"<([\w:]+)>", form)}
        fields = ast.iter_fields(node)
        named |= _SEEN_BY.get(kind, set())
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
        if field == "target":
            return self._bind(value, "$x")
        return ("" if field in {"body", "orelse"} else ",").join(map(self.of, values))

    def _constant(self, node: ast.Constant) -> str:
        if type(node.value) not in {bool, float, int, str, type(None)}:
            self.refuse(node)
        return json.dumps(node.value) + ("n" if type(node.value) is int else "")

    def _name(self, node: ast.Name) -> str:
        if node.id in KNOWN["builtins"]:
            return f"$.{node.id}"
        if node.id not in self.module.bound:
            self.refuse(node, f"the browser has no {node.id}")
        return self._called(node.id)

    def _own(self, node: ast.FunctionDef) -> str:
        return self._called(node.name)

    def _else(self, node: ast.If) -> str:
        other = "".join(map(self.of, node.orelse))
        return f"else{{{other}}}" if other else ""

    def _truth(self, node: Any) -> str:
        """Translate the condition of a statement: no more is asked of it than whether it holds."""
        return self._holds(node.test)

    def _holds(self, node: ast.expr) -> str:
        match node:
            case ast.Compare(ops=[_]):
                return self.of(node)
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return f"!{self._holds(inner)}"
            case ast.BoolOp(op=op, values=values):
                sign = "&&" if isinstance(op, ast.And) else "||"
                return f"({sign.join(map(self._holds, values))})"
        return f"$.t({self.of(node)})"

    def _try(self, node: ast.Try) -> str:
        """Translate a body whose errors of one type are passed over."""
        match node:
            case ast.Try(
                body=body,
                handlers=[ast.ExceptHandler(type=ast.Name(id=kind), name=None, body=other)],
                orelse=[],
                finalbody=[],
            ) if kind in KNOWN["builtins"]:
                tried, caught = ("".join(map(self.of, each)) for each in (body, other))
                return f'try{{{tried}}}catch($e){{$.only($e,"{kind}");{caught}}}'
        return self.refuse(node)

    def _joinedstr(self, node: ast.JoinedStr) -> str:
        parts = [
            re.sub(r"(`|\$\{)", r"\\\1", json.dumps(each.value)[1:-1])
            if isinstance(each, ast.Constant)
            else f"${{{self.of(each)}}}"
            for each in node.values
        ]
        return f"`{''.join(parts)}`"

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
        named = {each.arg for each in node.keywords} - set(re.findall(r"\{ (\w+) \}", takes))
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
        home = self.home[name] if module == "dlp" else module
        self.needs.add(home)
        self.reaches.add((home, name))
        return name

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
        names = set[str]().union(*(binds(each.target) for each in node.generators))
        self._enter(names)
        pair = isinstance(node, ast.DictComp) and f"[{self.of(node.key)},{self.of(node.value)}]"
        code = f"yield {pair or self.of(node.elt)};"
        for each in reversed(node.generators):
            for test in reversed(each.ifs):
                code = f"if({self._holds(test)}){{{code}}}"
            over = "$i" if each is node.generators[0] else self.of(each.iter)
            code = f"for(const $x of $.iter({over})){{{self._bind(each.target, '$x')}{code}}}"
        code = f"{self._let(names)}{code}"
        self.scopes.pop()
        return f"(function*($i){{{code}}})({self.of(node.generators[0].iter)})"

    def _bind(self, target: ast.expr, value: str) -> str:
        if isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice):
            return f"$.setitem({self.of(target.value)},{self.of(target.slice)},{value});"
        written, shape = self._target(target)
        return f"{written}={value if shape == '0' else f'$.unpack({value},{shape})'};"

    def _target(self, node: ast.expr) -> tuple[str, str]:
        """Write a target, and the shape of what it takes apart."""
        match node:
            case ast.Name(id=name):
                return self._called(name), "0"
            case ast.Attribute(value=owner, attr=name) if not self._module(owner):
                return f"{self.of(owner)}.{name}", "0"
            case ast.Subscript(value=owner, slice=key) if not isinstance(key, ast.Slice):
                return f"$.spot({self.of(owner)},{self.of(key)}).filled", "0"
            case ast.Starred(value=ast.Name(id=name)):
                return f"...{self._called(name)}", "1"
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

    def _expr(self, node: ast.Expr) -> str:
        return "" if isinstance(node.value, ast.Constant) else f"{self.of(node.value)};"

    def _assign(self, node: ast.Assign) -> str:
        match node.targets:
            case [ast.Name() | ast.Subscript(value=ast.Name(), slice=ast.Constant())]:
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
            code += f"{self._called(own)}={found};"
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
        body = [] if isinstance(node, ast.Lambda) else node.body
        inside = set[str]().union(*map(binds, body)) - set(names)
        self._enter([*names, *inside])
        if isinstance(node, ast.Lambda):
            name, code = "<lambda>", f"return {self.of(node.body)};"
        else:
            name, code = node.name, self._let(inside) + "".join(map(self.of, body))
        taken = ",".join(map(self._called, names))
        self.scopes.pop()
        takes = f"{json.dumps([*free, *only])},{len(free)},{int(bool(args.kwarg))},{{{defaults}}}"
        return f'$.def("{name}",{takes},({taken})=>{{{code}}})'

    def _classdef(self, node: ast.ClassDef) -> str:
        methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
        others = [each for each in node.body if each not in methods]
        odd = any(not isinstance(each, ast.Expr) for each in others)
        if node.bases or node.keywords or node.decorator_list or odd:
            self.refuse(node)
        members = ",".join(f"{each.name}:{self._function(each)}" for each in methods)
        return f'{self._called(node.name)}=$.cls("{node.name}",{{{members}}});'
