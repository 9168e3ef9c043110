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

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

RUNTIME = Path(__file__).with_name("python.js")

_PLAIN = {
    "Break": "break;",
    "Continue": "continue;",
    "Delete": "<targets>;",
    "IfExp": "(<test>?<body>:<orelse>)",
    "List": "[<elts>]",
    "NamedExpr": "(<target>=<value>)",
    "Pass": "",
    "Raise": "throw $.raised(<exc>);",
    "Return": "return <value>;",
    "Set": "$.set([[<elts>]])",
    "Slice": "<lower>,<upper>,<step>",
    "Starred": "...$.iter(<value>)",
    "Tuple": "$.tup([<elts>])",
    "While": "while(<test>){<body>}",
}
"""What is translated field by field. A field that is not named must be empty."""

_RESERVED = frozenset(
    "arguments await break case catch class const continue debugger default delete do else enum "
    "eval export extends false finally for function if implements import in instanceof interface "
    "let new null package private protected public return static super switch this throw true try "
    "typeof undefined var void while with yield Infinity NaN".split()  # noqa: SIM905
)
_FORMAT = re.compile(r",?(d|(\.\d+)?[fg])?")


class UnknownPythonError(SyntaxError):
    """The translator has no translation, or `python.js` has no counterpart."""


def _tables() -> dict[str, set[str]]:
    """Read the names in each table of `python.js`, and in each table inside one."""
    found: dict[str, set[str]] = {}
    for table, body in re.findall(r"^const (\w+) = \{\n(.*?)^\};", RUNTIME.read_text("utf-8"), re.M | re.S):
        found[table] = set(re.findall(r"^  (\w+)", body, re.M))
        for inner, entries in re.findall(r"^  (\w+): \{\n(.*?)^  \},", body, re.M | re.S):
            found[inner] = set(re.findall(r"^    (\w+)", entries, re.M))
    return found


_HAS = _tables()
_METHODS = set().union(*(_HAS[each] for each in _HAS["methods"]))


def _js(name: str) -> str:
    return f"{name}$" if name in _RESERVED else name


def _let(names: Iterable[str]) -> str:
    return f"let {','.join(sorted(map(_js, names)))};" if names else ""


def _running(node: ast.AST, *, deeply: bool = True) -> Iterator[ast.AST]:
    """Walk over what runs: no annotations, nothing for type checkers; deeply, or in one scope."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    yield node
    if not deeply and isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Lambda)):
        return
    for field, value in ast.iter_fields(node):
        inner = isinstance(node, ast.comprehension) and field == "target" and not deeply
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and field not in {"annotation", "returns"} and not inner:
                yield from _running(child, deeply=deeply)


def _binds(node: ast.AST, *, deeply: bool = False) -> set[str]:
    """Give the names that a statement binds, in its own scope or in all that are in it."""
    found = set()
    for each in _running(node, deeply=deeply):
        match each:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                found.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.alias():
                found.add(each.asname or each.name)
    return found


class Module:
    """A module, or of it the statements that bind the names wanted and what these need."""

    def __init__(self, name: str, path: Path, wanted: Iterable[str] = ()) -> None:
        self.name, self.path = name, path
        body = [each for each in ast.parse(path.read_text("utf-8")).body if not _is_shape(each)]
        needed: set[str] = set()
        more = set(wanted)
        while more - needed:
            needed |= more
            users = [each for each in body if needed & _binds(each)]
            more = {n.id for each in users for n in _running(each) if isinstance(n, ast.Name)}
        self.body = [each for each in body if not wanted or needed & _binds(each)]
        nodes = [node for each in self.body for node in _running(each)]
        self.used = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        self.bound = set().union(*(_binds(each, deeply=True) for each in self.body))
        self.names = {
            name
            for each in self.body
            for name in _binds(each)
            if name in self.used or not isinstance(each, (ast.Import, ast.ImportFrom))
        }
        inner = [each for node in nodes if isinstance(node, ast.ClassDef) for each in node.body]
        self.members = {name for each in inner for name in _binds(each)}
        self.members |= {n.attr for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)}


def _is_shape(statement: ast.stmt) -> bool:
    """Whether a statement only names the shape of a dict."""
    return isinstance(statement, ast.ClassDef) and [*map(ast.unparse, statement.bases)] == ["TypedDict"]


class Translator:
    """The translation of one module among others; `home` has the public names of `dlp`."""

    def __init__(self, module: Module, others: Mapping[str, Module], home: Iterable[str]) -> None:
        self.module, self.others = module, others
        self.exports = {**_HAS, **{name: each.names for name, each in others.items()}, "dlp": set(home)}
        self.members = _METHODS.union({"__name__"}, *(each.members for each in others.values()))
        self.modules: dict[str, str] = {}
        for each in module.body:
            for name in sorted(_binds(each, deeply=True) & _HAS["builtins"]):
                self.refuse(each, f"{name} is a builtin, and must not be given another meaning")

    def script(self) -> str:
        """Write the module as a definition that runs when it is first needed."""
        code = "".join(map(self.of, self.module.body))
        given = ",".join(f"{name}:{_js(name)}" for name in sorted(self.module.names))
        return f'$.define("{self.module.name}",()=>{{{_let(self.module.names)}{code}return {{{given}}}}});\n'

    def refuse(self, node: ast.AST, why: str = "") -> NoReturn:
        """Stop, and say where and why."""
        why = why or f"the browser has no such {type(node).__name__}: {ast.unparse(node)[:80]}"
        raise UnknownPythonError(f"{self.module.path}:{getattr(node, 'lineno', 1)}: {why}")

    def of(self, node: ast.AST | None) -> str:
        """Translate an expression or a statement."""
        kind = type(node).__name__
        if node is None:
            return "null"
        if translation := getattr(self, f"_{kind.lower()}", None):
            return str(translation(node))
        if kind not in _PLAIN:
            self.refuse(node)
        code = _PLAIN[kind]
        for field, value in ast.iter_fields(node):
            if f"<{field}>" in code:
                code = code.replace(f"<{field}>", self._field(node, field, value))
            elif value and field != "ctx":
                self.refuse(node)
        return code

    def _field(self, node: ast.AST, field: str, value: Any) -> str:
        if field == "test":
            return self.truth(value)
        separator = "" if field in {"body", "orelse"} else ","
        return separator.join(map(self.of, value)) if isinstance(value, list) else self.of(value)

    def truth(self, node: ast.expr) -> str:
        """Translate an expression of which only the truth matters."""
        match node:
            case ast.BoolOp(op=op, values=values):
                sign = "&&" if isinstance(op, ast.And) else "||"
                return f"({sign.join(map(self.truth, values))})"
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return f"!{self.truth(operand)}"
            case ast.Compare():
                return self.of(node)
        return f"$.t({self.of(node)})"

    def _constant(self, node: ast.Constant) -> str:
        match node.value:
            case bool() | None:
                return json.dumps(node.value)
            case int():
                return f"{node.value}n"
            case float():
                return repr(node.value).replace("inf", "Infinity")
            case str():
                return json.dumps(node.value)
        self.refuse(node)

    def _name(self, node: ast.Name) -> str:
        if node.id in _HAS["builtins"]:
            return f"$.{node.id}"
        if node.id not in self.module.bound or isinstance(node.ctx, ast.Del):
            self.refuse(node, f"the browser has no {node.id}")
        return _js(node.id)

    def _binop(self, node: ast.BinOp) -> str:
        return f"$.{self._sign(node, node.op)}({self.of(node.left)},{self.of(node.right)})"

    def _sign(self, node: ast.AST, operator: ast.AST) -> str:
        name = type(operator).__name__.lower()
        if name not in _HAS["operators"]:
            self.refuse(node)
        return name

    def _unaryop(self, node: ast.UnaryOp) -> str:
        if isinstance(node.op, ast.Not):
            return self.truth(node)
        return f"$.{self._sign(node, node.op)}({self.of(node.operand)})"

    def _boolop(self, node: ast.BoolOp) -> str:
        *before, code = map(self.of, node.values)
        for value in reversed(before):
            code = f"$.{self._sign(node, node.op)}({value},()=>{code})"
        return code

    def _compare(self, node: ast.Compare) -> str:
        signs = [f"$.{self._sign(node, each)}" for each in node.ops]
        left, *rest = map(self.of, [node.left, *node.comparators])
        if len(signs) == 1:
            return f"{signs[0]}({left},{rest[0]})"
        steps = ",".join(f"[{sign},()=>{code}]" for sign, code in zip(signs, rest, strict=True))
        return f"$.chain({left},[{steps}])"

    def _dict(self, node: ast.Dict) -> str:
        pairs = (
            f"[{self.of(key)},{self.of(value)}]" if key else f"...$.pairs({self.of(value)})"
            for key, value in zip(node.keys, node.values, strict=True)
        )
        return f"$.dct([{','.join(pairs)}])"

    def _call(self, node: ast.Call) -> str:
        given = f"[{','.join(map(self.of, node.args))}]"
        own = ",".join(f"{json.dumps(k.arg)}:{self.of(k.value)}" for k in node.keywords if k.arg)
        if handed_on := [self.of(k.value) for k in node.keywords if not k.arg]:
            given += f",$.named({{{own}}},{','.join(handed_on)})"
        elif own:
            given += f",{{{own}}}"
        match node.func:
            case ast.Attribute(value=owner, attr=name) if not self._module(owner):
                if name not in self.members:
                    self.refuse(node, f"the browser has no method {name}")
                return f'$.method({self.of(owner)},"{name}",{given})'
        return f"{self.of(node.func)}({given})"

    def _module(self, node: ast.expr) -> str:
        """Give the name of the module that a name stands for, if it does."""
        return self.modules.get(node.id, "") if isinstance(node, ast.Name) else ""

    def _attribute(self, node: ast.Attribute) -> str:
        if module := self._module(node.value):
            return f"{self.of(node.value)}.{self._exported(node, module, node.attr)}"
        if node.attr not in self.members:
            self.refuse(node, f"the browser has no attribute {node.attr}")
        return f'$.attr({self.of(node.value)},"{node.attr}")'

    def _exported(self, node: ast.AST, module: str, name: str) -> str:
        if name not in self.exports[module]:
            self.refuse(node, f"in the browser {module} has no {name}")
        return name

    def _subscript(self, node: ast.Subscript) -> str:
        form = "delitem" if isinstance(node.ctx, ast.Del) else "item"
        form = "slice" if isinstance(node.slice, ast.Slice) else form
        return f"$.{form}({self.of(node.value)},{self.of(node.slice)})"

    def _joinedstr(self, node: ast.JoinedStr) -> str:
        return f'(""+{"+".join(map(self.of, node.values))})' if node.values else '""'

    def _formattedvalue(self, node: ast.FormattedValue) -> str:
        spec = node.format_spec
        parts = spec.values if isinstance(spec, ast.JoinedStr) else []
        plain = "".join(p.value if isinstance(p, ast.Constant) else "0" for p in parts)
        if not _FORMAT.fullmatch(plain) or node.conversion not in {-1, ord("r")}:
            self.refuse(node)
        form = "str" if node.conversion < 0 else "repr"
        value = self.of(node.value)
        return f"$.format({value},{self.of(spec)})" if spec else f"$.{form}([{value}])"

    def _lambda(self, node: ast.Lambda) -> str:
        return self._function("<lambda>", node.args, f"return {self.of(node.body)};", [])

    def _loops(self, node: Any, yielded: str) -> str:
        """Translate a comprehension, whose first iterable belongs to the scope outside."""
        code, names = yielded, set()
        for each in reversed(node.generators):
            names |= _binds(each.target)
            if each.ifs:
                code = f"if({'&&'.join(map(self.truth, each.ifs))}){{{code}}}"
            over = "$i" if each is node.generators[0] else f"$.iter({self.of(each.iter)})"
            code = f"for(const $x of {over}){{{self._bind(each.target, '$x')}{code}}}"
        over = f"$.iter({self.of(node.generators[0].iter)})"
        if isinstance(node, ast.GeneratorExp):
            return f"(function*($i){{{_let(names)}{code}}})({over})"
        return f"(($i,$o)=>{{{_let(names)}{code}return $o}})({over},[])"

    def _generatorexp(self, node: ast.GeneratorExp) -> str:
        return self._loops(node, f"yield {self.of(node.elt)};")

    def _listcomp(self, node: ast.ListComp | ast.SetComp) -> str:
        return self._loops(node, f"$o.push({self.of(node.elt)});")

    def _setcomp(self, node: ast.SetComp) -> str:
        return f"$.set([{self._listcomp(node)}])"

    def _dictcomp(self, node: ast.DictComp) -> str:
        pair = f"$o.push([{self.of(node.key)},{self.of(node.value)}]);"
        return f"$.dct({self._loops(node, pair)})"

    def _bind(self, target: ast.expr, value: str) -> str:
        match target:
            case ast.Name(id=name):
                return f"{_js(name)}={value};"
            case ast.Attribute(value=owner, attr=name) if not self._module(owner):
                return f"{self.of(owner)}.{name}={value};"
            case ast.Subscript(value=owner, slice=key) if not isinstance(key, ast.Slice):
                return f"$.setitem({self.of(owner)},{self.of(key)},{value});"
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                stars = [i for i, each in enumerate(targets) if isinstance(each, ast.Starred)]
                inner = [t.value if isinstance(t, ast.Starred) else t for t in targets]
                all_ = f"$u{value.split('[')[0][1:]}" if value.startswith("$u") else "$u"
                code = "".join(self._bind(t, f"{all_}[{i}]") for i, t in enumerate(inner))
                where = ",".join(map(str, [len(targets), *stars]))
                return f"{{const {all_}=$.unpack({value},{where});{code}}}"
        self.refuse(target)

    def _expr(self, node: ast.Expr) -> str:
        return "" if isinstance(node.value, ast.Constant) else f"{self.of(node.value)};"

    def _assign(self, node: ast.Assign) -> str:
        if len(node.targets) == 1:
            return self._bind(node.targets[0], self.of(node.value))
        code = "".join(self._bind(target, "$v") for target in node.targets)
        return f"{{const $v={self.of(node.value)};{code}}}"

    def _annassign(self, node: ast.AnnAssign) -> str:
        return self._bind(node.target, self.of(node.value)) if node.value else ""

    def _augassign(self, node: ast.AugAssign) -> str:
        if any(isinstance(each, (ast.Call, ast.NamedExpr)) for each in ast.walk(node.target)):
            self.refuse(node)  # which would happen twice
        old = ast.parse(ast.unparse(node.target), mode="eval").body
        sign = self._sign(node, node.op)
        sign = f"i{sign}" if f"i{sign}" in _HAS["operators"] else sign
        return self._bind(node.target, f"$.{sign}({self.of(old)},{self.of(node.value)})")

    def _if(self, node: ast.If) -> str:
        if ast.unparse(node.test) == "TYPE_CHECKING":
            return "".join(map(self.of, node.orelse))
        otherwise = "".join(map(self.of, node.orelse))
        then = f"if({self.truth(node.test)}){{{''.join(map(self.of, node.body))}}}"
        return f"{then}else{{{otherwise}}}" if otherwise else then

    def _for(self, node: ast.For) -> str:
        if node.orelse:
            self.refuse(node)
        body = "".join([self._bind(node.target, "$x"), *map(self.of, node.body)])
        return f"for(const $x of $.iter({self.of(node.iter)})){{{body}}}"

    def _import(self, node: ast.Import) -> str:
        return "".join(self._imported(node, each, each.name, "") for each in node.names)

    def _importfrom(self, node: ast.ImportFrom) -> str:
        code, start = "", node.module or ""
        for each in node.names:
            whole = f"{start}.{each.name}"
            found = (whole, "") if whole in self.others else (start, each.name)
            code += self._imported(node, each, *found)
        return code

    def _imported(self, node: ast.stmt, alias: ast.alias, module: str, name: str) -> str:
        """Bind a module, or one of its names, unless it is for annotations alone."""
        own = alias.asname or alias.name
        if own not in self.module.used:
            return ""
        if module not in self.exports:
            self.refuse(node, f"the browser has no module {module}")
        found = f"$.{module}" if module in _HAS["library"] else f'$.module("{module}")'
        if name:
            return f"{_js(own)}={found}.{self._exported(node, module, name)};"
        self.modules[own] = module
        return f"{_js(own)}={found};"

    def _function(self, name: str, args: ast.arguments, code: str, body: list[ast.stmt]) -> str:
        if args.posonlyargs:
            self.refuse(args.posonlyargs[0], "the browser has no arguments by position alone")
        open_, only = [a.arg for a in args.args], [a.arg for a in args.kwonlyargs]
        rest = [args.vararg.arg] if args.vararg else []
        pairs = [args.kwarg.arg] if args.kwarg else []
        star = [f"*{each}" for each in rest] or (["*"] if only else [])
        signature = " ".join([*open_, *star, *only, *(f"**{each}" for each in pairs)])
        late = zip(open_[len(open_) - len(args.defaults) :], args.defaults, strict=True)
        given = [*late, *zip(only, args.kw_defaults, strict=True)]
        defaults = ",".join(f"{each}:{self.of(value)}" for each, value in given if value)
        names = [*open_, *only, *rest, *pairs]
        inside = set().union(*map(_binds, body)) - set(names)
        taken = ",".join(map(_js, names))
        return f'$.def("{name}","{signature}",{{{defaults}}},({taken})=>{{{_let(inside)}{code}}})'

    def _functiondef(self, node: ast.FunctionDef) -> str:
        return f"{_js(node.name)}={self._method(node)};"

    def _method(self, node: ast.FunctionDef) -> str:
        if node.decorator_list:
            self.refuse(node)
        code = "".join(map(self.of, node.body))
        code += "" if isinstance(node.body[-1], ast.Return) else "return null;"
        return self._function(node.name, node.args, code, node.body)

    def _classdef(self, node: ast.ClassDef) -> str:
        if node.bases or node.keywords or node.decorator_list:
            self.refuse(node)
        members = []
        for each in node.body:
            match each:
                case ast.FunctionDef(name=name):
                    members.append(f"{name}:{self._method(each)}")
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    members.append(f"{name}:{self.of(value)}")
                case ast.Expr(value=ast.Constant()):
                    pass
                case _:
                    self.refuse(each)
        return f'{_js(node.name)}=$.cls("{node.name}",{{{",".join(members)}}});'
