"use strict";

// What the translated Python stands on. An int is a BigInt, a float a Number, None null, a list an Array; other types
// are the classes below. A function takes a list of positional arguments and an object of named ones.
// In a table, which translate.py reads for its names, an entry begins a line or follows two spaces.
var Guide = Guide ?? (() => { // which keeps what it has if the script is loaded again
class PyError extends Error { constructor(type, message) { super(message); this.type = type; } }
const raise = (type, message) => { throw new PyError(type, message); };
class Tuple extends Array { static get [Symbol.species]() { return Array; } get kind() { return "tuple"; } }
class Range extends Array { static get [Symbol.species]() { return Array; } get kind() { return "range"; } }
const tup = (fresh) => Object.setPrototypeOf(fresh, Tuple.prototype), ranged = (fresh) => Object.setPrototypeOf(fresh, Range.prototype);
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
  set(k, x) { const key = keyOf(k), found = this.map.get(key); if (found) found[1] = x; else this.map.set(key, [k, x]); return this; }
  delete(k) { return this.map.delete(keyOf(k)); }
  keys() { return Array.from(this.map.values(), ([k]) => k); }
  pairs() { return Array.from(this.map.values(), ([k, x]) => tup([k, x])); }
  filtered(keep) { return new this.constructor(this.pairs().filter(([k]) => keep(k))); }
  merged(other) { return other.pairs().reduce((all, [k, x]) => all.set(k, x), this); }
}
class Dict extends Keyed { get kind() { return "dict"; } }
class PySet extends Keyed { get kind() { return "set"; } }
class Frozen extends PySet { get kind() { return "frozenset"; } }
class Instance {}
const NAMES = { bigint: "int", number: "float", boolean: "bool", string: "str" };
const typeName = (v) => v === null ? "NoneType" : NAMES[typeof v] ?? v.kind ?? (Array.isArray(v) ? "list" : "generator");

// Numbers.
const int = (v) => typeof v === "boolean" ? BigInt(v) : v, sized = (x) => x < 0n ? -x : x;
const isInt = (v) => typeof v === "bigint" || typeof v === "boolean", isNumber = (v) => isInt(v) || typeof v === "number";
const finite = (x, why) => Number.isFinite(x) ? x : raise("OverflowError", why);
const real = (v) => typeof v === "number" ? v : finite(Number(int(v)), "int too large to convert to float");
// The quotient of two ints, rounded once: what the division leaves is kept in the last bit.
const ratio = (a, b) => {
  if (sized(a) <= 2n ** 53n && sized(b) <= 2n ** 53n) return Number(a) / Number(b);
  const bits = (x) => sized(x).toString(16).length * 4, shift = Math.min(1076, 70 + bits(b) - bits(a)), half = shift >> 1;
  const n = sized(a) << BigInt(Math.max(0, shift)), d = sized(b) << BigInt(Math.max(0, -shift));
  const q = Number(n / d | BigInt(n % d > 0n)) * 2 ** -half * 2 ** (half - shift);
  return finite(a < 0n === b < 0n ? q : -q, "integer division result too large for a float");
};
// A float as m * 2 ** e, exactly, and back.
const parts = (x) => {
  const view = new DataView(new ArrayBuffer(8)); view.setFloat64(0, x);
  const u = view.getBigUint64(0), e = u >> 52n & 2047n, m = u & (1n << 52n) - 1n | (e ? 1n << 52n : 0n);
  return [x < 0 ? -m : m, (e || 1n) - 1075n];
};
const scaledBy = (m, e) => e < 0n ? ratio(m, 1n << -e) : ratio(m << e, 1n);
const power = (x, y) => {
  if (x === 0 && y < 0) raise("ZeroDivisionError", "0.0 cannot be raised to a negative power");
  if (!Number.isInteger(y) || Math.abs(y) > 1100 || !x || !Number.isFinite(x)) return Math.pow(x, y);
  const [m, e] = parts(x), n = BigInt(Math.abs(y)), top = m ** n, by = e * n;
  return y >= 0 ? scaledBy(top, by) : by < 0n ? ratio(1n << -by, top) : ratio(1n, top << by);
};
const fsum = (items) => {
  const all = Array.from(items, real), split = all.map(parts), low = split.reduce((least, [, e]) => e < least ? e : least, 0n);
  return all.every(Number.isFinite) ? scaledBy(split.reduce((sum, [m, e]) => sum + (m << e - low), 0n), low) : all.reduce((a, b) => a + b, 0);
};
const divided = (x, y, words) => {
  let rest = x % nonzero(y, words), quotient = (x - rest) / y;
  if (rest === 0) rest = y < 0 ? -0 : 0; else if (y < 0 !== rest < 0) { rest += y; quotient -= 1; }
  return [quotient ? Math.floor(quotient) + (quotient - Math.floor(quotient) > 0.5) : 0 * (x / y), rest];
};
// The whole number nearest to x * 10 ** digits, half to even on the exact value.
const scaled = (x, digits) => {
  const [m, e] = parts(Math.abs(x)), ten = 10n ** BigInt(Math.abs(digits));
  const n = m * (e > 0n ? 1n << e : 1n) * (digits > 0 ? ten : 1n), d = (e < 0n ? 1n << -e : 1n) * (digits < 0 ? ten : 1n);
  const q = n / d, twice = n % d * 2n;
  return twice > d || twice === d && q & 1n ? q + 1n : q;
};
const sign = (x) => x < 0 || Object.is(x, -0) ? "-" : "", odd = (x) => Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
const fixed = (x, digits) => sign(x) + String(scaled(x, digits)).padStart(digits + 1, "0").replace(digits ? RegExp(`(?=.{${digits}}$)`) : "", digits ? "." : "");
const placed = (digits, e, largest) => {
  const small = String(Math.abs(e)).padStart(2, "0"), whole = digits.padEnd(e + 1, "0");
  if (e < -4 || e >= largest) return `${digits[0]}${digits.length > 1 ? "." : ""}${digits.slice(1)}e${e < 0 ? "-" : "+"}${small}`;
  return e < 0 ? `0.${"0".repeat(-e - 1)}${digits}` : whole.slice(0, e + 1) + (digits.length > e + 1 ? `.${digits.slice(e + 1)}` : "");
};
const general = (x, digits) => {
  let e = Number(x.toExponential().split("e")[1]);
  if (scaled(x, 30 - e) < 10n ** 30n) e -= 1; // the shortest decimal is 1e-12, the float a little less
  if (scaled(x, digits - 1 - e) === 10n ** BigInt(digits)) e += 1;
  return x ? sign(x) + placed(String(scaled(x, digits - 1 - e)).replace(/0+$/, ""), e, digits) : `${sign(x)}0`;
};
const floatText = (x) => {
  const [m, e] = Math.abs(x).toExponential().split("e"), text = Number.isFinite(x) ? placed(m.replace(".", ""), Number(e), 16) : "";
  return text ? sign(x) + (/[.e]/.test(text) ? text : `${text}.0`) : odd(x);
};
const format = (v, spec) => {
  const [, comma, digits = 6, asked] = /^(,?)(?:\.(\d+))?([dfg]?)$/.exec(spec), kind = asked || (isInt(v) ? "d" : "");
  if (!isNumber(v) || kind === "d" && !isInt(v)) raise(v === null ? "TypeError" : "ValueError", `no format ${spec} of ${typeName(v)}`);
  const x = kind === "d" ? int(v) : real(v), write = { d: String, f: (each) => fixed(each, +digits), g: (each) => general(each, +digits || 1), "": floatText };
  const text = typeof x === "bigint" || Number.isFinite(x) ? write[kind](x) : odd(x);
  return comma ? text.replace(/^-?\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ",")) : text;
};
const quoted = (s) => {
  const mark = s.includes("'") && !s.includes('"') ? '"' : "'", short = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", [mark]: `\\${mark}` };
  const code = (n) => n.length < 3 ? `\\x${n.padStart(2, "0")}` : n.length < 5 ? `\\u${n.padStart(4, "0")}` : `\\U${n.padStart(8, "0")}`;
  return mark + Array.from(s, (c) => short[c] ?? (c !== " " && /[\p{C}\p{Z}]/u.test(c) ? code(c.codePointAt(0).toString(16)) : c)).join("") + mark;
};
const WRAPPED = { tuple: "()", list: "[]", dict: "{}", set: "{}", frozenset: ["frozenset({", "})"] };
const PLAIN = { NoneType: () => "None", bool: (v) => v ? "True" : "False", int: String, float: floatText, str: quoted, type: (v) => `<class '${v.pyname}'>`, function: (v) => `<function ${v.pyname}>` };
const repr = (v) => {
  const kind = typeName(v), [from, to] = WRAPPED[kind] ?? ["", ""];
  if (!from || v instanceof PySet && !v.size) return from ? `${kind}()` : (PLAIN[kind] ?? raise("TypeError", `no repr of ${kind}`))(v);
  const inner = v instanceof Dict ? v.pairs().map(([k, x]) => `${repr(k)}: ${repr(x)}`) : iter(v).map(repr);
  return `${from}${inner.join(", ")}${v instanceof Tuple && v.length === 1 ? "," : ""}${to}`;
};

// Truth, order, iteration.
const t = (v) => v !== null && (Array.isArray(v) ? v.length > 0 : v instanceof Keyed ? v.size > 0 : typeof v === "object" || Boolean(v));
const sequence = (v) => typeof v === "string" || Array.isArray(v);
const iter = (v) => sequence(v) ? v : v instanceof Keyed ? v.keys() : v?.[Symbol.iterator] ? v : raise("TypeError", `'${typeName(v)}' object is not iterable`);
const eq = (a, b) => {
  if (isNumber(a) && isNumber(b)) return int(a) == int(b);
  if (a instanceof PySet && b instanceof PySet) return a.size === b.size && a.keys().every((k) => b.has(k));
  if (a === null || typeof a !== "object" || typeName(a) !== typeName(b)) return a === b;
  if (Array.isArray(a)) return a.length === b.length && a.every((x, i) => eq(x, b[i]));
  return a instanceof Dict ? a.size === b.size && a.keys().every((k) => b.has(k) && eq(a.get(k), b.get(k))) : a === b;
};
const unfit = (symbol, a, b) => raise("TypeError", `unsupported operand type(s) for ${symbol}: '${typeName(a)}' and '${typeName(b)}'`);
const order = (a, b, symbol) => {
  if (isNumber(a) && isNumber(b)) [a, b] = [int(a), int(b)];
  else if (Array.isArray(a) && typeName(a) === typeName(b)) {
    const i = a.findIndex((x, at) => at >= b.length || !eq(x, b[at]));
    return i < 0 ? a.length - b.length : i >= b.length ? 1 : order(a[i], b[i], symbol);
  } else if (typeof a !== "string" || typeof b !== "string") raise("TypeError", `'${symbol}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
  return a < b ? -1 : a > b ? 1 : a == b ? 0 : NaN;
};
const both = (a, b, symbol, ints, floats) => isInt(a) && isInt(b) ? ints(int(a), int(b)) : isNumber(a) && isNumber(b) && floats ? floats(real(a), real(b)) : unfit(symbol, a, b);
const nonzero = (y, words) => y == 0 ? raise("ZeroDivisionError", words) : y, INTEGER = "integer division or modulo by zero";
const alike = (like, items) => like instanceof Tuple ? tup(items) : like instanceof Range ? ranged(items) : items;
const times = (n) => Math.max(0, Number(int(n)));
const repeated = (v, n) => typeof v === "string" ? v.repeat(n) : alike(v, Array.from({ length: n * v.length }, (_, i) => v[i % v.length]));
const operators = {
  add: (a, b) => typeof a === "bigint" && typeof b === "bigint" || typeof a === "string" && typeof b === "string" ? a + b
    : Array.isArray(a) && typeName(a) === typeName(b) ? alike(a, [...a, ...b]) : both(a, b, "+", (x, y) => x + y, (x, y) => x + y),
  iadd: (a, b) => typeName(a) === "list" ? (a.push(...iter(b)), a) : operators.add(a, b),
  sub: (a, b) => a instanceof PySet && b instanceof PySet ? a.filtered((x) => !b.has(x)) : both(a, b, "-", (x, y) => x - y, (x, y) => x - y),
  mult: (a, b) => sequence(a) && isInt(b) ? repeated(a, times(b)) : sequence(b) && isInt(a) ? repeated(b, times(a)) : both(a, b, "*", (x, y) => x * y, (x, y) => x * y),
  div: (a, b) => both(a, b, "/", (x, y) => ratio(x, nonzero(y, "division by zero")), (x, y) => x / nonzero(y, "float division by zero")),
  floordiv: (a, b) => both(a, b, "//", (x, y) => (x - operators.mod(x, nonzero(y, INTEGER))) / y, (x, y) => divided(x, y, "float floor division by zero")[0]),
  mod: (a, b) => both(a, b, "%", (x, y) => (x % nonzero(y, "integer modulo by zero") + y) % y, (x, y) => divided(x, y, "float modulo")[1]),
  pow: (a, b) => both(a, b, "**", (x, y) => y < 0n ? power(real(x), real(y)) : x ** y, power),
  bitor: (a, b) => a instanceof Keyed && b instanceof Keyed ? a.filtered(() => true).merged(b) : typeof a === "boolean" && typeof b === "boolean" ? a || b : both(a, b, "|", (x, y) => x | y),
  ibitor: (a, b) => a instanceof Keyed ? a.merged(b) : operators.bitor(a, b),
  usub: (v) => typeof v === "number" ? -v : isInt(v) ? -int(v) : raise("TypeError", `bad operand type for unary -: '${typeName(v)}'`),
  eq,  noteq: (a, b) => !eq(a, b),  is: (a, b) => a === b,  isnot: (a, b) => a !== b,  not: (v) => !t(v),
  lt: (a, b) => order(a, b, "<") < 0,  lte: (a, b) => order(a, b, "<=") <= 0,  gt: (a, b) => order(a, b, ">") > 0,  gte: (a, b) => order(a, b, ">=") >= 0,
  in: (a, b) => typeof b === "string" ? (typeof a === "string" ? b.includes(a) : unfit("in", a, b)) : b instanceof Keyed ? b.has(a) : [...iter(b)].some((x) => eq(a, x)),
  notin: (a, b) => !operators.in(a, b),  and: (a, next) => t(a) ? next() : a,  or: (a, next) => t(a) ? a : next(),
};
const chain = (left, steps) => steps.every(([compare, next]) => { const before = left; left = next(); return compare(before, left); });

// Items, slices, attributes.
const unpack = (v, n, star = -1) => {
  const all = Array.isArray(v) ? v : [...iter(v)], more = all.length - n;
  if (star < 0 ? more : more < -1) raise("ValueError", `${more < 0 ? "not enough" : "too many"} values to unpack`);
  return star < 0 ? all : [...all.slice(0, star), [...all.slice(star, star + more + 1)], ...all.slice(star + more + 1)];
};
const letters = (v) => typeof v === "string" && /[\ud800-\udfff]/.test(v) ? [...v] : v;
const absent = (k) => raise("KeyError", repr(k));
const place = (v, k) => {
  const i = isInt(k) ? Number(int(k)) : raise("TypeError", `an index must be an int, not ${typeName(k)}`), at = i < 0 ? i + v.length : i;
  return at >= 0 && at < v.length ? at : raise("IndexError", `${typeName(v)} index out of range`);
};
const item = (v, k) => {
  if (v instanceof Dict) { const found = v.map.get(keyOf(k)); return found ? found[1] : absent(k); }
  const all = sequence(v) ? letters(v) : raise("TypeError", `'${typeName(v)}' object is not subscriptable`);
  return Array.isArray(k) ? slice(v, all, ...k) : all[place(all, k)];
};
const slice = (v, all, from = null, to = null, by = null) => {
  const step = by === null ? 1 : Number(int(by)) || raise("ValueError", "slice step cannot be zero"), low = step < 0 ? -1 : 0, high = all.length + low;
  const end = (k, whole) => k === null ? whole : Math.min(high, Math.max(low, Number(int(k)) + (k < 0 ? all.length : 0)));
  const [first, last] = step < 0 ? [end(from, high), end(to, low)] : [end(from, low), end(to, high)];
  const found = Array.from({ length: Math.max(0, Math.ceil((last - first) / step)) }, (_, i) => all[first + i * step]);
  return typeof v === "string" ? found.join("") : alike(v, found);
};
const setitem = (v, k, x) => { if (v instanceof Dict) v.set(k, x); else if (typeName(v) === "list") v[place(v, k)] = x; else unfit("assignment", v, k); };
const delitem = (v, k) => v instanceof Dict ? v.delete(k) || absent(k) : v.splice(place(v, k), 1);
const attr = (v, name) => {
  if (v instanceof Instance && name in v) return typeof v[name] === "function" && !Object.hasOwn(v, name) ? (p, k) => v[name]([v, ...p], k) : v[name];
  if (name === "__name__" && v?.pyname) return v.pyname;
  const found = methods[typeName(v)]?.[name] ?? raise("AttributeError", `'${typeName(v)}' object has no attribute '${name}'`);
  return (p, k = {}) => found(v, p, k);
};
const method = (v, name, p, k = {}) => { const found = v instanceof Instance ? null : methods[typeName(v)]?.[name]; return found ? found(v, p, k) : attr(v, name)(p, k); };
const SPACE = "[\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const stripped = (left, right) => (s, [letters = null]) => {
  const any = letters === null ? SPACE : letters ? `[${letters.replace(/[\\\]^-]/g, "\\$&")}]` : "[^\\s\\S]";
  return s.replace(new RegExp([left && `^${any}+`, right && `${any}+$`].filter(Boolean).join("|"), "gu"), "");
};
const parted = (find, kept) => (s, [mark]) => { const i = s[find](mark || raise("ValueError", "empty separator")); return tup(i < 0 ? kept(s) : [s.slice(0, i), mark, s.slice(i + mark.length)]); };
const starts = (how) => (s, [mark]) => mark instanceof Tuple ? mark.some((each) => s[how](each)) : s[how](mark);
const sought = (find) => (s, [mark]) => { const i = s[find](mark); return BigInt(i < 0 ? i : [...s.slice(0, i)].length); };
const count = (l, [x]) => BigInt(l.filter((each) => eq(x, each)).length);
const index = (l, [x]) => { const i = l.findIndex((each) => eq(x, each)); return i < 0 ? raise("ValueError", `${repr(x)} is not in ${typeName(l)}`) : BigInt(i); };
const methods = {
  str: {
    join: (s, [all]) => Array.from(iter(all), (x) => typeof x === "string" ? x : raise("TypeError", `expected str instance, ${typeName(x)} found`)).join(s),
    startswith: starts("startsWith"),  endswith: starts("endsWith"),  replace: (s, [a, b]) => a ? s.replaceAll(a, () => b) : ["", ...s, ""].join(b),
    partition: parted("indexOf", (s) => [s, "", ""]),  rpartition: parted("lastIndexOf", (s) => ["", "", s]),
    strip: stripped(true, true),  lstrip: stripped(true, false),  rstrip: stripped(false, true),
    removeprefix: (s, [x]) => s.startsWith(x) ? s.slice(x.length) : s,  removesuffix: (s, [x]) => x && s.endsWith(x) ? s.slice(0, -x.length) : s,
    split: (s, [mark = null]) => mark === null ? s.split(new RegExp(SPACE, "u")).filter(Boolean) : mark ? s.split(mark) : raise("ValueError", "empty separator"),
    lower: (s) => s.toLowerCase(),  upper: (s) => s.toUpperCase(),  isupper: (s) => s !== s.toLowerCase() && s === s.toUpperCase(),
    isdigit: (s) => /^[\p{Nd}\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u2080-\u2089]+$/u.test(s),
    find: sought("indexOf"),  rfind: sought("lastIndexOf"),  count: (s, [x]) => BigInt(x ? s.split(x).length - 1 : [...s].length + 1),
  },
  list: {
    append: (l, [x]) => { l.push(x); return null; },  extend: (l, [all]) => { l.push(...iter(all)); return null; },  count,  index,
    insert: (l, [i, x]) => { l.splice(Number(i), 0, x); return null; },  pop: (l, [i = -1n]) => l.splice(place(l, i), 1)[0],
  },
  dict: {
    get: (d, [k, x = null]) => d.get(k, x),  items: (d) => d.pairs(),  keys: (d) => d.keys(),  values: (d) => d.pairs().map(([, x]) => x),
    pop: (d, [k, ...rest]) => { const x = d.has(k) ? d.get(k) : rest.length ? rest[0] : absent(k); d.delete(k); return x; },
    setdefault: (d, [k, x = null]) => { if (!d.has(k)) d.set(k, x); return d.get(k); },
    update: (d, [other = []], k) => { d.merged(builtins.dict([other], k)); return null; },
  },
  set: {
    add: (s, [x]) => { s.set(x); return null; },  update: (s, all) => { for (const each of all) s.merged(builtins.set([each])); return null; },
  },
  tuple: {  count,  index },
  float: {  is_integer: (x) => Number.isInteger(x) },
  type: {  fromkeys: (d, [keys, x = null]) => new Dict(Array.from(iter(keys), (k) => [k, x])) },
  pattern: {  fullmatch: (pattern, [s]) => pattern.whole.test(s) ? pattern : null },
};

// Builtins and what may be imported.
const called = (key) => key ? (x) => key([x]) : (x) => x;
const best = (better) => (p, { key, default: otherwise }) => {
  const of = called(key), all = Array.from(iter(p.length > 1 ? p : p[0]), (x) => [x, of(x)]);
  if (!all.length) return otherwise !== undefined ? otherwise : raise("ValueError", "an empty sequence has no largest or least");
  return all.reduce((kept, each) => better(each[1], kept[1]) ? each : kept)[0];
};
const SHAPES = { int: /^[+-]?\d+(?:_\d+)*$/, float: /^[+-]?(?:(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?|inf|nan)$/i };
const read = (v, type) => SHAPES[type].test(methods.str.strip(v, [])) ? methods.str.strip(v, []).replaceAll("_", "").replace("+", "") : raise("ValueError", `no ${type}: ${repr(v)}`);
const error = (type) => ([message = ""]) => new PyError(type, builtins.str([message]));
const builtins = {
  abs: ([v]) => typeof v === "number" ? Math.abs(v) : sized(int(v)),  repr: ([v]) => repr(v),  str: ([v = ""]) => typeof v === "string" ? v : repr(v),
  all: ([v]) => { for (const x of iter(v)) if (!t(x)) return false; return true; },  any: ([v]) => { for (const x of iter(v)) if (t(x)) return true; return false; },
  bool: ([v = false]) => t(v),  list: ([v = []]) => [...iter(v)],  tuple: ([v = []]) => tup([...iter(v)]),  reversed: ([v]) => [...iter(v)].reverse(),
  set: ([v = []]) => new PySet(Array.from(iter(v), (x) => [x])),  frozenset: ([v = []]) => new Frozen(Array.from(iter(v), (x) => [x])),
  dict: ([v = []], k) => new Dict([...(v instanceof Dict ? v.pairs() : iter(v)), ...Object.entries(k)]),
  enumerate: ([v, start = 0n], k) => Array.from(iter(v), (x, i) => tup([(k.start ?? start) + BigInt(i), x])),
  float: ([v = 0]) => typeof v === "string" ? Number(read(v, "float").replace(/inf/i, "Infinity")) : isNumber(v) ? real(v) : unfit("float()", v, 0),
  getattr: ([v, name]) => attr(v, name),
  int: ([v = 0n]) => typeof v === "string" ? BigInt(read(v, "int")) : isInt(v) ? int(v) : typeof v !== "number" ? unfit("int()", v, 0)
    : Number.isFinite(v) ? BigInt(Math.trunc(v)) : raise(Number.isNaN(v) ? "ValueError" : "OverflowError", `cannot convert float ${odd(v)} to integer`),
  isinstance: ([v, kinds]) => (kinds instanceof Tuple ? kinds : [kinds]).some((each) => each.pyname === typeName(v) || each === builtins.int && typeof v === "boolean"),
  len: ([v]) => BigInt(v instanceof Keyed ? v.size : sequence(v) ? letters(v).length : raise("TypeError", `object of type '${typeName(v)}' has no len()`)),
  map: ([f, ...all]) => builtins.zip(all).map((x) => f([...x])),  max: best(operators.gt),  min: best(operators.lt),
  next: ([v, ...otherwise]) => { const { done, value } = v.next(); return !done ? value : otherwise.length ? otherwise[0] : raise("StopIteration", ""); },
  range: (p) => {
    const [from, to, by = 1n] = p.length > 1 ? p.map(int) : [0n, int(p[0])], found = [];
    for (let i = from; by > 0n ? i < to : i > to; i += by) found.push(i);
    return ranged(found);
  },
  round: ([v, digits = null]) => isInt(v) ? int(v) : !Number.isFinite(v) ? (digits === null ? builtins.int([v]) : v) : digits === null ? scaled(v, 0) * (v < 0 ? -1n : 1n) : Number(`${sign(v)}${scaled(v, Number(digits))}e${-digits}`),
  sorted: ([v], { key, reverse = false }) => Array.from(iter(v), (x) => [called(key)(x), x]).sort(([a], [b]) => (reverse ? -1 : 1) * order(a, b, "<")).map(([, x]) => x),
  sum: ([v, start = 0n]) => { let total = start; for (const x of iter(v)) total = operators.add(total, x); return total; },
  type: ([v]) => builtins[typeName(v)] ?? { pyname: typeName(v), kind: "type" },
  zip: (p, { strict = false }) => {
    const all = p.map((v) => [...iter(v)]), lengths = all.map((v) => v.length), n = all.length ? Math.min(...lengths) : 0;
    if (strict && lengths.some((each) => each !== n)) raise("ValueError", "zip() arguments differ in length");
    return Array.from({ length: n }, (_, at) => tup(all.map((v) => v[at])));
  },
  KeyError: error("KeyError"),  TypeError: error("TypeError"),  ValueError: error("ValueError"),
};
for (const [name, f] of Object.entries(builtins)) builtins[name] = Object.assign((p, k = {}) => f(p, k), { pyname: name, kind: "type" });
const whole = (round) => ([x]) => isInt(x) ? int(x) : builtins.int([round(x)]);
const logarithm = (log) => ([x]) => real(x) > 0 ? log(real(x)) : raise("ValueError", "math domain error");
const ESCAPED = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" };
const stdlib = {
  math: {
    ceil: whole(Math.ceil),  floor: whole(Math.floor),  log: logarithm(Math.log),  log10: logarithm(Math.log10),  exp: ([x]) => Math.exp(real(x)),
    fsum: ([all]) => fsum(iter(all)),
  },
  html: {  escape: ([s]) => s.replace(/[&<>"']/g, (c) => ESCAPED[c]) },
  itertools: {  pairwise: ([v]) => { const all = [...iter(v)]; return all.slice(1).map((x, i) => tup([all[i], x])); } },
  re: {  compile: ([p]) => p.includes("\\") ? raise("ValueError", "no pattern with a backslash") : { kind: "pattern", whole: new RegExp(`^(?:${p})$`, "u") } },
};

// Functions, classes, modules.
const listed = (names) => names.length > 2 ? `${names.slice(0, -1).map(quoted).join(", ")}, and ${quoted(names.at(-1))}` : names.map(quoted).join(" and ");
const def = (name, signature, defaults, body) => {
  const names = signature.split(" ").filter(Boolean), star = names.findIndex((n) => /^\*(?!\*)/.test(n)), pairs = names.at(-1)?.startsWith("**");
  const plain = names.filter((n) => n[0] !== "*"), open = star < 0 ? plain.length : star, rest = star >= 0 && names[star].length > 1;
  const wrong = (why) => raise("TypeError", `${name}() ${why}`);
  const f = (p, k = {}) => {
    const given = p.slice(0, open), more = pairs ? new Dict() : null, missing = [];
    if (p.length > open && !rest) wrong(`takes ${open} positional arguments`);
    for (const n in k) if (plain.indexOf(n, given.length) < 0) { if (pairs && !plain.includes(n)) more.set(n, k[n]); else wrong(`got an unexpected keyword argument '${n}'`); }
    for (let i = given.length; i < plain.length; i += 1) { const n = plain[i]; given.push(n in k ? k[n] : n in defaults ? defaults[n] : missing.push(n)); }
    if (missing.length) wrong(`missing ${missing.length} required ${plain.indexOf(missing[0]) < open ? "positional" : "keyword-only"} argument${missing.length > 1 ? "s" : ""}: ${listed(missing)}`);
    if (rest) given.push(tup(p.slice(open)));
    return (pairs ? body(...given, more) : body(...given)) ?? null;
  };
  return Object.assign(f, { pyname: name, kind: "function" });
};
const cls = (name, members) => {
  const shared = Object.assign(Object.create(Instance.prototype), members, { kind: name });
  return Object.assign((p, k) => { const self = Object.create(shared); shared.__init__?.([self, ...p], k); return self; }, { pyname: name, kind: "type" });
};
const modules = new Map(), loaded = new Map();
const module = (name) => {
  if (!loaded.has(name)) loaded.set(name, (modules.get(name) ?? raise("ImportError", `no module ${name}: is its script loaded?`))());
  return loaded.get(name);
};
const python = {
  ...operators, ...builtins, ...stdlib, t, iter, tup, chain, unpack, item, setitem, delitem, attr, method, format, def, cls, module,
  dct: (keys, values) => keys.reduce((d, k, i) => k === undefined ? d.merged(values[i]) : d.set(k, values[i]), new Dict()),
  joined: (texts) => texts.join(""), define: (name, body) => modules.set(name, body),
  named: (own, ...others) => Object.assign(own, ...others.map((d) => Object.fromEntries(d.pairs()))),
  lazy: (homes) => Object.defineProperties({}, Object.fromEntries(Object.entries(homes).map(([n, home]) => [n, { get: () => module(home)[n] }]))),
};

// What JavaScript calls with, and what it is given.
const toPython = (v) => {
  if (v === undefined || v === null || typeof v !== "object") return typeof v === "number" && Number.isSafeInteger(v) ? BigInt(v) : v ?? null;
  if (v instanceof Number) return Number(v);
  return Array.isArray(v) ? v.map(toPython) : new Dict(Object.entries(v).map(([k, x]) => [k, toPython(x)]));
};
const toJavaScript = (v) => Array.isArray(v) ? Array.from(v, toJavaScript) : v instanceof Dict ? Object.fromEntries(v.pairs().map(([k, x]) => [k, toJavaScript(x)])) : v instanceof PySet ? v.keys() : v;
const call = (name, named = {}) => {
  const dot = name.lastIndexOf("."), f = module(name.slice(0, dot))[name.slice(dot + 1)] ?? raise("AttributeError", `there is no ${name}`);
  return toJavaScript(f([], Object.fromEntries(Object.entries(named).map(([n, v]) => [n, toPython(v)]))));
};
return { call, float: (x) => new Number(x), Error: PyError, python };
})();
