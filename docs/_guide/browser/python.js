"use strict";

// What the translated Python stands on. An int is a BigInt, a float a Number, None null, a list an Array; other types
// are the classes below. A function takes a list of positional arguments and an object of named ones.
// From a table, translate.py reads each name, which begins a line or follows two spaces, and what is in its brackets.
var Guide = Guide ?? (() => { // which keeps what it has if the script is loaded again
class PyError extends Error { constructor(type, message) { super(message); this.type = type; } }
const raise = (type, message) => { throw new PyError(type, message); };
class Tuple extends Array { static get [Symbol.species]() { return Array; } get kind() { return "tuple"; } }
class Range extends Array { static get [Symbol.species]() { return Array; } get kind() { return "range"; } }
const tup = (fresh) => Object.setPrototypeOf(fresh, Tuple.prototype);
// Equal keys are one key: 1, 1.0 and True, and tuples of equal items.
const keyOf = (v) => {
  if (typeof v === "string" || typeof v === "bigint") return v;
  if (typeof v === "boolean" || Number.isInteger(v)) return BigInt(v);
  if (v instanceof Tuple) return `\0${v.map((x) => `${typeof keyOf(x)} ${String(keyOf(x))}`).join("\0")}`;
  return Array.isArray(v) || v instanceof Keyed ? raise("TypeError", `unhashable type: '${typeName(v)}'`) : v;
};
class Keyed {
  constructor(pairs = []) { this.map = new Map(); for (const [k, x] of pairs) this.set(k, x); }
  get size() { return this.map.size; }
  has(k) { return this.map.has(keyOf(k)); }
  get(k, otherwise = null) { const found = this.map.get(keyOf(k)); return found ? found[1] : otherwise; }
  set(k, x) {
    const key = keyOf(k), found = this.map.get(key);
    if (found) found[1] = x; else this.map.set(key, [k, x]);
    return this;
  }
  keys() { return Array.from(this.map.values(), ([k]) => k); }
  pairs() { return Array.from(this.map.values(), ([k, x]) => tup([k, x])); }
  merged(other) { return other.pairs().reduce((all, [k, x]) => all.set(k, x), this); }
}
class Dict extends Keyed { get kind() { return "dict"; } }
class PySet extends Keyed { get kind() { return "set"; } }
class Instance { constructor(name, methods) { this.$name = name; this.$methods = methods; } get kind() { return this.$name; } }
const NAMES = { bigint: "int", number: "float", boolean: "bool", string: "str" };
const typeName = (v) => v === null ? "NoneType" : NAMES[typeof v] ?? v.kind ?? (Array.isArray(v) ? "list" : "generator");

// Numbers.
const int = (v) => typeof v === "boolean" ? BigInt(v) : v, sized = (x) => x < 0n ? -x : x;
const isInt = (v) => typeof v === "bigint" || typeof v === "boolean", isNumber = (v) => isInt(v) || typeof v === "number";
const finite = (x, why) => Number.isFinite(x) ? x : raise("OverflowError", why);
const real = (v) => typeof v === "number" ? v : finite(Number(int(v)), "int too large to convert to float");
const nonzero = (y, words) => y == 0 ? raise("ZeroDivisionError", words) : y;
// The quotient of two ints, rounded once: what the division leaves is kept in the last bit.
const ratio = (a, b) => {
  if (sized(a) <= 2n ** 53n && sized(b) <= 2n ** 53n) return Number(a) / Number(b);
  const bits = (x) => sized(x).toString(16).length * 4, shift = Math.min(1076, 70 + bits(b) - bits(a)), half = shift >> 1;
  const n = sized(a) << BigInt(Math.max(0, shift)), d = sized(b) << BigInt(Math.max(0, -shift));
  const q = Number(n / d | BigInt(n % d > 0n)) * 2 ** -half * 2 ** (half - shift);
  return finite(a < 0n === b < 0n ? q : -q, "integer division result too large for a float");
};
// A float as a quotient of two ints, exactly.
const fraction = (v) => {
  let x = finite(real(v), "no fraction of what is not finite"), bits = 0n;
  for (; !Number.isInteger(x); x *= 2) bits += 1n;
  return [BigInt(x), 1n << bits];
};
const power = (x, n) => {
  const [a, b] = fraction(x);
  if (!a && n > 0n) return x ** Number(n); // which keeps its sign
  return n < 0n ? ratio(b ** -n, nonzero(a, "zero to a negative power") ** -n) : ratio(a ** n, b ** n);
};
const fsum = (items) => {
  const all = Array.from(items, fraction), below = all.reduce((most, [, d]) => d > most ? d : most, 1n);
  return ratio(all.reduce((sum, [n, d]) => sum + n * (below / d), 0n), below);
};
// With so many decimals, half to even on the exact value.
const fixed = (x, digits) => {
  const [a, d] = fraction(Math.abs(x)), n = a * 10n ** BigInt(digits), q = n / d, twice = n % d * 2n;
  const text = String(twice > d || twice === d && q & 1n ? q + 1n : q).padStart(digits + 1, "0"), at = text.length - digits;
  return (x < 0 || Object.is(x, -0) ? "-" : "") + text.slice(0, at) + (digits ? `.${text.slice(at)}` : "");
};
const floatText = (x) => {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  const [digits, e] = x.toExponential().split("e");
  if (e < -4 || e >= 16) return `${digits}e${e[0]}${e.slice(1).padStart(2, "0")}`;
  return (Object.is(x, -0) ? "-0" : String(x)) + (Number.isInteger(x) ? ".0" : "");
};
const format = (v, spec) => {
  const [, comma, digits] = /^(,?)(?:\.(\d+)f)?$/.exec(spec);
  if (!isNumber(v) || !digits && !isInt(v)) raise(typeof v === "string" ? "ValueError" : "TypeError", `no ${spec} of ${typeName(v)}`);
  const x = digits ? real(v) : int(v), text = !digits ? String(x) : Number.isFinite(x) ? fixed(x, +digits) : floatText(x);
  return comma ? text.replace(/^-?\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ",")) : text;
};

// Text.
const quoted = (s) => {
  const mark = s.includes("'") && !s.includes('"') ? '"' : "'";
  const short = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", [mark]: `\\${mark}` };
  const code = (n) => n.length < 3 ? `\\x${n.padStart(2, 0)}` : n.length < 5 ? `\\u${n.padStart(4, 0)}` : `\\U${n.padStart(8, 0)}`;
  const hidden = (c) => c !== " " && /[\p{C}\p{Z}]/u.test(c);
  return mark + Array.from(s, (c) => short[c] ?? (hidden(c) ? code(c.codePointAt(0).toString(16)) : c)).join("") + mark;
};
const around = (items, [from, to]) => `${from}${items.join(", ")}${to}`;
const PRINTED = {
  NoneType: () => "None", bool: (v) => v ? "True" : "False", int: String, float: floatText, str: quoted,
  list: (v) => around(v.map(repr), "[]"), tuple: (v) => v.length === 1 ? `(${repr(v[0])},)` : around(Array.from(v, repr), "()"),
  dict: (v) => around(v.pairs().map(([k, x]) => `${repr(k)}: ${repr(x)}`), "{}"),
  set: (v) => v.size ? around(v.keys().map(repr), "{}") : "set()", function: (v) => `<function ${v.__name__}>`,
};
const repr = (v) => (PRINTED[typeName(v)] ?? raise("TypeError", `no repr of ${typeName(v)}`))(v);
const letters = (v) => typeof v === "string" ? [...v] : v;

// Truth, order, iteration.
const sequence = (v) => typeof v === "string" || Array.isArray(v);
const t = (v) => v !== null && (Array.isArray(v) ? v.length > 0 : v instanceof Keyed ? v.size > 0 : typeof v === "object" || Boolean(v));
const iter = (v) => {
  if (sequence(v)) return v;
  return v instanceof Keyed ? v.keys() : v?.[Symbol.iterator] ? v : raise("TypeError", `'${typeName(v)}' object is not iterable`);
};
const eq = (a, b) => {
  if (isNumber(a) && isNumber(b)) return int(a) == int(b);
  if (a === null || typeof a !== "object" || typeName(a) !== typeName(b)) return a === b;
  if (Array.isArray(a)) return a.length === b.length && a.every((x, i) => eq(x, b[i]));
  return a instanceof Keyed ? a.size === b.size && a.keys().every((k) => b.has(k) && eq(a.get(k), b.get(k))) : a === b;
};
const unfit = (symbol, a, b) => raise("TypeError", `unsupported operand type(s) for ${symbol}: '${typeName(a)}' and '${typeName(b)}'`);
const order = (a, b, symbol) => {
  if (isNumber(a) && isNumber(b)) [a, b] = [int(a), int(b)];
  else if (Array.isArray(a) && typeName(a) === typeName(b)) {
    const i = a.findIndex((x, at) => at >= b.length || !eq(x, b[at]));
    return i < 0 ? a.length - b.length : i >= b.length ? 1 : order(a[i], b[i], symbol);
  } else if (typeof a !== "string" || typeof b !== "string") unfit(symbol, a, b);
  return a < b ? -1 : a > b ? 1 : a == b ? 0 : NaN;
};
const both = (a, b, symbol, ints, floats) => {
  if (isInt(a) && isInt(b)) return ints(int(a), int(b));
  return isNumber(a) && isNumber(b) && floats ? floats(real(a), real(b)) : unfit(symbol, a, b);
};
const whole = (y) => nonzero(y, "integer division or modulo by zero");
const alike = (like, items) => Object.setPrototypeOf(items, Object.getPrototypeOf(like));
const operators = {
  add: (a, b) => {
    if (typeof a === "bigint" && typeof b === "bigint" || typeof a === "string" && typeof b === "string") return a + b;
    if (Array.isArray(a) && typeName(a) === typeName(b)) return alike(a, [...a, ...b]);
    return both(a, b, "+", (x, y) => x + y, (x, y) => x + y);
  },
  iadd: (a, b) => typeName(a) === "list" ? ([...iter(b)].forEach((x) => a.push(x)), a) : operators.add(a, b),
  sub: (a, b) => both(a, b, "-", (x, y) => x - y, (x, y) => x - y),
  mult: (a, b) => typeName(a) === "list" && isInt(b) ? Array.from({ length: Math.max(0, Number(int(b))) }, () => a).flat()
    : both(a, b, "*", (x, y) => x * y, (x, y) => x * y),
  div: (a, b) => both(a, b, "/", (x, y) => ratio(x, nonzero(y, "division by zero")), (x, y) => x / nonzero(y, "float division by zero")),
  floordiv: (a, b) => both(a, b, "//", (x, y) => (x - operators.mod(x, y)) / y), // of ints alone
  mod: (a, b) => both(a, b, "%", (x, y) => (x % whole(y) + y) % y),
  pow: (a, b) => isInt(a) && isInt(b) && b >= 0 ? int(a) ** int(b) : isNumber(a) && isInt(b) ? power(a, int(b)) : unfit("**", a, b),
  bitor: (a, b) => a instanceof Keyed && typeName(a) === typeName(b) ? new a.constructor(a.pairs()).merged(b) : unfit("|", a, b),
  usub: (v) => typeof v === "number" ? -v : isInt(v) ? -int(v) : raise("TypeError", `bad operand type for unary -: '${typeName(v)}'`),
  eq,  noteq: (a, b) => !eq(a, b),  is: (a, b) => a === b,  isnot: (a, b) => a !== b,  not: (v) => !t(v),
  lt: (a, b) => order(a, b, "<") < 0,  lte: (a, b) => order(a, b, "<=") <= 0,
  gt: (a, b) => order(a, b, ">") > 0,  gte: (a, b) => order(a, b, ">=") >= 0,
  in: (a, b) => {
    if (typeof b === "string") return typeof a === "string" ? b.includes(a) : unfit("in", a, b);
    return b instanceof Keyed ? b.has(a) : [...iter(b)].some((x) => eq(a, x));
  },
  notin: (a, b) => !operators.in(a, b),  and: (a, next) => t(a) ? next() : a,  or: (a, next) => t(a) ? a : next(),
};

// Items, slices, attributes. The shape of a target has 0 for one value, a list for what is taken apart again, 1 for the rest.
const unpack = (v, shape) => {
  const all = [...iter(v)], open = shape.at(-1) === 1, more = all.length - shape.length + open;
  if (open ? more < 0 : more) raise("ValueError", `${more < 0 ? "not enough" : "too many"} values to unpack`);
  return all.map((x, i) => Array.isArray(shape[i]) ? unpack(x, shape[i]) : x);
};
const absent = (k) => raise("KeyError", repr(k));
const place = (v, k) => {
  const i = isInt(k) ? Number(int(k)) : raise("TypeError", `an index must be an int, not ${typeName(k)}`), at = i < 0 ? i + v.length : i;
  return at >= 0 && at < v.length ? at : raise("IndexError", `${typeName(v)} index out of range`);
};
const end = (k) => k === undefined || k === null ? undefined : Number(int(k));
const item = (v, k) => {
  if (v instanceof Dict) { const found = v.map.get(keyOf(k)); return found ? found[1] : absent(k); }
  const all = sequence(v) ? letters(v) : raise("TypeError", `'${typeName(v)}' object is not subscriptable`);
  if (!Array.isArray(k)) return all[place(all, k)];
  return typeof v === "string" ? all.slice(...k.map(end)).join("") : alike(v, all.slice(...k.map(end)));
};
const setitem = (v, k, x) => {
  if (v instanceof Dict) v.set(k, x); else if (typeName(v) === "list") v[place(v, k)] = x; else unfit("assignment", v, k);
};
const spot = (v, k) => ({ set filled(x) { setitem(v, k, x); } });
const lacks = (v, name) => raise("AttributeError", `'${typeName(v)}' object has no attribute '${name}'`);
const attr = (v, name) => v instanceof Object && Object.hasOwn(v, name) ? v[name] : lacks(v, name);
const method = (v, name, p, k = {}) => {
  if (v instanceof Instance) return (v.$methods[name] ?? lacks(v, name))([v, ...p], k);
  return (methods[typeName(v)]?.[name] ?? lacks(v, name))(v, p, k);
};
const SPACE = "[\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const stripped = (s, chars, ...ends) => {
  const any = chars === null ? SPACE : chars ? `[${chars.replace(/[\\\]^-]/g, "\\$&")}]` : "[^\\s\\S]";
  return s.replace(new RegExp(ends.map((each) => each.replace("_", any)).join("|"), "gu"), "");
};
const filled = (mark) => mark || raise("ValueError", "empty separator");
const parted = (s, mark, i, kept) => tup(i < 0 ? kept : [s.slice(0, i), filled(mark), s.slice(i + mark.length)]);
const some = (mark, holds) => mark instanceof Tuple ? mark.some(holds) : holds(mark);
const methods = {
  str: {
    join: (s, [all]) => Array.from(iter(all), (x) => typeof x === "string" ? x : unfit("join()", s, x)).join(s),
    startswith: (s, [mark]) => some(mark, (each) => s.startsWith(each)),  endswith: (s, [mark]) => some(mark, (each) => s.endsWith(each)),
    replace: (s, [a, b]) => a ? s.replaceAll(a, () => b) : ["", ...s, ""].join(b),
    partition: (s, [mark]) => parted(s, mark, s.indexOf(mark), [s, "", ""]),
    rpartition: (s, [mark]) => parted(s, mark, s.lastIndexOf(mark), ["", "", s]),
    strip: (s, [chars = null]) => stripped(s, chars, "^_+", "_+$"),
    lstrip: (s, [chars = null]) => stripped(s, chars, "^_+"),  rstrip: (s, [chars = null]) => stripped(s, chars, "_+$"),
    removesuffix: (s, [x]) => x && s.endsWith(x) ? s.slice(0, -x.length) : s,
    split: (s, [mark = null]) => mark === null ? s.split(new RegExp(SPACE, "u")).filter(Boolean) : s.split(filled(mark)),
    lower: (s, []) => s.toLowerCase(),  upper: (s, []) => s.toUpperCase(),
    isdigit: (s, []) => /^[\p{Nd}\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u2080-\u2089]+$/u.test(s),
    rfind: (s, [mark]) => { const i = s.lastIndexOf(mark); return BigInt(i < 0 ? i : letters(s.slice(0, i)).length); },
  },
  list: {
    append: (l, [x]) => { l.push(x); return null; },  insert: (l, [i, x]) => { l.splice(Number(i), 0, x); return null; },
    count: (l, [x]) => BigInt(l.filter((each) => eq(x, each)).length),  pop: (l, [i = -1n]) => l.splice(place(l, i), 1)[0],
  },
  dict: {
    get: (d, [k, x = null]) => d.get(k, x),  items: (d, []) => d.pairs(),  values: (d, []) => d.pairs().map(([, x]) => x),
    pop: (d, [k, ...x]) => { const found = d.has(k) || x.length ? d.get(k, ...x) : absent(k); d.map.delete(keyOf(k)); return found; },
    setdefault: (d, [k, x]) => { if (!d.has(k)) d.set(k, x); return d.get(k); },
    update: (d, [other = []], k) => { d.merged(builtins.dict([other], k)); return null; },
  },
  set: {  add: (s, [x]) => { s.set(x); return null; } },
  type: {  fromkeys: (d, [keys, x = null]) => new Dict(Array.from(iter(keys), (k) => [k, x])) },
};

// Builtins and what may be imported.
const called = (key) => key ? (x) => key([x]) : (x) => x;
const best = (p, key, better) => {
  const of = called(key), all = Array.from(iter(p.length > 1 ? p : p[0]), (x) => [x, of(x)]);
  if (!all.length) raise("ValueError", "an empty sequence has no largest or least");
  return all.reduce((kept, each) => better(each[1], kept[1]) ? each : kept)[0];
};
const truncated = (v) => BigInt(Math.trunc(Number.isNaN(v) ? raise("ValueError", "no int is nan") : finite(v, "no int is infinite")));
const readInt = (s) => /^[+-]?\d+$/.test(s) ? BigInt(s.replace("+", "")) : raise("ValueError", `no int: ${repr(s)}`);
const error = (type) => ([message = ""]) => new PyError(type, message);
const builtins = {
  abs: ([v]) => typeof v === "number" ? Math.abs(v) : sized(int(v)),  repr: ([v]) => repr(v),
  str: ([v]) => typeof v === "string" ? v : repr(v),
  all: ([v]) => { for (const x of iter(v)) if (!t(x)) return false; return true; },
  any: ([v]) => { for (const x of iter(v)) if (t(x)) return true; return false; },
  bool: ([v]) => t(v),  float: ([v]) => isNumber(v) ? real(v) : unfit("float()", v, 0),
  list: ([v = []]) => [...iter(v)],  tuple: ([v = []]) => tup([...iter(v)]),  reversed: ([v]) => [...iter(v)].reverse(),
  set: ([v = []]) => new PySet(Array.from(iter(v), (x) => [x])),
  frozenset: ([]) => raise("TypeError", "a frozenset is but a name here"),
  dict: ([v = []], k) => new Dict([...(v instanceof Dict ? v.pairs() : iter(v)), ...Object.entries(k)]),
  enumerate: ([v, start = 0n]) => Array.from(iter(v), (x, i) => tup([start + BigInt(i), x])),
  int: ([v]) => {
    if (isNumber(v)) return isInt(v) ? int(v) : truncated(v);
    return typeof v === "string" ? readInt(stripped(v, null, "^_+", "_+$")) : unfit("int()", v, 0);
  },
  isinstance: ([v, kinds]) => (kinds instanceof Tuple ? kinds : [kinds])
    .some((each) => each.__name__ === typeName(v) || each.__name__ === "int" && typeof v === "boolean"),
  len: ([v]) => BigInt(v instanceof Keyed ? v.size : sequence(v) ? letters(v).length : unfit("len()", v, 0)),
  max: (p, { key }) => best(p, key, operators.gt),  min: (p, { key }) => best(p, key, operators.lt),
  range: (p) => {
    const [from, to, by = 1n] = p.length > 1 ? p.map(int) : [0n, int(p[0])], found = new Range();
    for (let i = from; by > 0n ? i < to : i > to; i += by) found.push(i);
    return found;
  },
  round: ([v, digits]) => {
    if (!isInt(digits) || digits < 0 || !isNumber(v)) unfit("round()", v, digits);
    return isInt(v) ? int(v) : Number.isFinite(v) ? Number(fixed(v, Number(digits))) : v;
  },
  sorted: ([v], { key }) => Array.from(iter(v), (x) => [called(key)(x), x]).sort(([a], [b]) => order(a, b, "<")).map(([, x]) => x),
  sum: ([v]) => { let total = 0n; for (const x of iter(v)) total = operators.add(total, x); return total; },
  type: ([v]) => builtins[typeName(v)] ?? { __name__: typeName(v), kind: "type" },
  zip: (p, { strict }) => {
    const all = p.map((v) => [...iter(v)]), n = Math.min(...all.map((v) => v.length));
    if (strict && all.some((v) => v.length > n)) raise("ValueError", "zip() arguments differ in length");
    return Array.from({ length: n }, (_, i) => tup(all.map((v) => v[i])));
  },
  TypeError: error("TypeError"),  ValueError: error("ValueError"),
};
for (const [name, f] of Object.entries(builtins)) builtins[name] = Object.assign((p, k = {}) => f(p, k), { __name__: name, kind: "type" });
const logarithm = (log, x) => x > 0 ? log(x) : raise("ValueError", "math domain error");
const math = {
  ceil: ([x]) => isInt(x) ? int(x) : truncated(Math.ceil(x)),  floor: ([x]) => isInt(x) ? int(x) : truncated(Math.floor(x)),
  log: ([x]) => logarithm(Math.log, real(x)),  log10: ([x]) => logarithm(Math.log10, real(x)),  exp: ([x]) => Math.exp(real(x)),
  fsum: ([all]) => fsum(iter(all)),  sqrt: ([x]) => (x = real(x)) < 0 ? raise("ValueError", "math domain error") : Math.sqrt(x),
};
const ESCAPED = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" };
const html = {
  escape: ([s]) => s.replace(/[&<>"']/g, (c) => ESCAPED[c]),
};

// Functions, classes, modules.
const listed = (names) => names.length > 2 ? `${names.slice(0, -1).join(", ")}, and ${names.at(-1)}` : names.join(" and ");
const def = (name, signature, free, open, defaults, body) => {
  const names = signature.split(" ").filter(Boolean);
  const wrong = (why) => raise("TypeError", `${name}() ${why}`), simple = free === names.length && !open;
  const f = (p, k) => {
    if (simple && !k && p.length === free) return body(...p) ?? null; // most calls, and the quickest
    k ??= {};
    const more = new Dict(), missing = [];
    if (p.length > free) wrong(`takes ${free} positional arguments`);
    for (const n in k) {
      if (open && !names.includes(n)) more.set(n, k[n]);
      else if (names.indexOf(n, p.length) < 0) wrong(`got an unexpected keyword argument '${n}'`);
    }
    const given = names.slice(p.length).map((n) => n in k ? k[n] : n in defaults ? defaults[n] : missing.push(n));
    if (missing.length) {
      const kind = names.indexOf(missing[0]) < free ? "positional" : "keyword-only", many = missing.length > 1 ? "s" : "";
      wrong(`missing ${missing.length} required ${kind} argument${many}: ${listed(missing.map(quoted))}`);
    }
    return body(...p, ...given, more) ?? null;
  };
  return Object.assign(f, { __name__: name, kind: "function" });
};
const cls = (name, own) => (p, k) => { const self = new Instance(name, own); own.__init__?.([self, ...p], k); return self; };
const modules = new Map(), loaded = new Map();
const module = (name) => {
  if (!loaded.has(name)) loaded.set(name, (modules.get(name) ?? raise("ImportError", `no module ${name}: is its script loaded?`))());
  return loaded.get(name);
};
const python = {
  ...operators, ...builtins, math, html, t, iter, tup, unpack, item, setitem, spot, attr, method, format, def, cls, module,
  dct: (keys, values) => keys.reduce((d, k, i) => k === undefined ? d.merged(values[i]) : d.set(k, values[i]), new Dict()),
  caught: (error, kind) => error instanceof PyError && error.type === kind.__name__,
  define: (name, body) => { modules.set(name, body); loaded.delete(name); },  named: (d) => Object.fromEntries(d.pairs()),
  later: () => Object.assign(() => raise("Later", "it comes with the whole script"), { kind: "function" }),
  lazy: (homes) => new Proxy(homes, { get: (_, name) => homes[name] && module(homes[name])[name] }),
};

// What JavaScript calls with, and what it is given.
const toPython = (v) => {
  if (v === undefined || v === null || typeof v !== "object") return Number.isSafeInteger(v) ? BigInt(v) : v ?? null;
  if (v instanceof Number) return Number(v);
  return Array.isArray(v) ? v.map(toPython) : new Dict(Object.entries(v).map(([k, x]) => [k, toPython(x)]));
};
const inObject = (pairs, turned) => Object.fromEntries(pairs.map(([k, x]) => [k, turned(x)]));
const toJavaScript = (v) => {
  if (Array.isArray(v)) return Array.from(v, toJavaScript);
  return v instanceof Dict ? inObject(v.pairs(), toJavaScript) : v instanceof PySet ? v.keys() : v;
};
const call = (name, named = {}) => {
  const dot = name.lastIndexOf("."), f = module(name.slice(0, dot))[name.slice(dot + 1)] ?? raise("AttributeError", `there is no ${name}`);
  return toJavaScript(f([], inObject(Object.entries(named), toPython)));
};
return { call, float: (x) => new Number(x), Error: PyError, python };
})();
