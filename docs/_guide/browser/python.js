"use strict";

// What the translated Python stands on. An int is a BigInt, a float a Number, None null, a list an
// Array; other types are the classes below. A function takes a list of positional arguments and an
// object of named ones. The tables are read by translate.py: an entry of theirs begins a line.
var Guide = (() => {
class PyError extends Error { constructor(type, message) { super(message); this.type = type; } }
const raise = (type, message) => { throw new PyError(type, message); };
class Tuple extends Array { static get [Symbol.species]() { return Array; } }
class Range extends Array { static get [Symbol.species]() { return Array; } }
const tup = (fresh) => Object.setPrototypeOf(fresh, Tuple.prototype);
// Equal keys are one key: 1, 1.0 and True, and tuples of equal items.
const keyOf = (v) => {
  if (typeof v === "string" || typeof v === "bigint") return v;
  if (typeof v === "boolean" || Number.isInteger(v)) return BigInt(v);
  if (v instanceof Tuple) return `\0${v.map((x) => `${typeof keyOf(x)} ${String(keyOf(x))}`).join("\0")}`;
  return v && typeof v === "object" && !(v instanceof Frozen) ? raise("TypeError", `unhashable type: '${typeName(v)}'`) : v;
};
class Keyed {
  constructor(pairs = []) { this.map = new Map(); for (const [k, x] of pairs) this.set(k, x); }
  get size() { return this.map.size; }
  has(k) { return this.map.has(keyOf(k)); }
  get(k, absent = null) { const found = this.map.get(keyOf(k)); return found ? found[1] : absent; }
  set(k, x) { const key = keyOf(k), found = this.map.get(key); if (found) found[1] = x; else this.map.set(key, [k, x]); }
  delete(k) { return this.map.delete(keyOf(k)); }
  keys() { return Array.from(this.map.values(), ([k]) => k); }
  pairs() { return Array.from(this.map.values(), ([k, x]) => tup([k, x])); }
}
class Dict extends Keyed {}
class PySet extends Keyed { constructor(items = []) { super(Array.from(items, (x) => [x])); } }
class Frozen extends PySet {}
class Instance {}
const TYPES = [[Tuple, "tuple"], [Range, "range"], [Array, "list"], [Dict, "dict"], [Frozen, "frozenset"], [PySet, "set"]];
const NAMES = { bigint: "int", number: "float", boolean: "bool", string: "str" };
const typeName = (v) => v === null ? "NoneType" : NAMES[typeof v] ?? (typeof v === "function" ? v.kind : TYPES.find(([c]) => v instanceof c)?.[1] ?? v.kind ?? "object");

// Numbers.
const int = (v) => typeof v === "boolean" ? BigInt(v) : v;
const isInt = (v) => typeof v === "bigint" || typeof v === "boolean", isNumber = (v) => isInt(v) || typeof v === "number";
const finite = (x, why) => Number.isFinite(x) ? x : raise("OverflowError", why);
const real = (v) => typeof v === "number" ? v : finite(Number(int(v)), "int too large to convert to float");
const sized = (x) => x < 0n ? -x : x, SAFE = 2n ** 53n;
const bits = (x) => x.toString(16).length * 4;
// The quotient of two ints, rounded once: what the division leaves is kept in the last bit.
const ratio = (a, b) => {
  if (sized(a) <= SAFE && sized(b) <= SAFE) return Number(a) / Number(b);
  const shift = Math.min(1076, 70 + bits(sized(b)) - bits(sized(a)));
  const n = sized(a) << BigInt(Math.max(0, shift)), d = sized(b) << BigInt(Math.max(0, -shift));
  const half = shift >> 1, q = Number(n / d | BigInt(n % d > 0n)) * 2 ** -half * 2 ** (half - shift);
  return finite(a < 0n === b < 0n ? q : -q, "integer division result too large for a float");
};
// A float as m * 2 ** e, exactly.
const parts = (x) => {
  const view = new DataView(new ArrayBuffer(8)); view.setFloat64(0, x);
  const u = view.getBigUint64(0), e = u >> 52n & 2047n, m = u & (1n << 52n) - 1n | (e ? 1n << 52n : 0n);
  return [x < 0 ? -m : m, (e || 1n) - 1075n];
};
const powers = (m, e) => e < 0n ? ratio(m, 1n << -e) : ratio(m << e, 1n);
const power = (x, y) => {
  if (x === 0 && y < 0) raise("ZeroDivisionError", "0.0 cannot be raised to a negative power");
  if (!Number.isInteger(y) || Math.abs(y) > 1100 || !x || !Number.isFinite(x)) return Math.pow(x, y);
  const [m, e] = parts(x), n = BigInt(Math.abs(y)), top = m ** n, by = e * n;
  return y >= 0 ? powers(top, by) : by < 0n ? ratio(1n << -by, top) : ratio(1n, top << by);
};
const fsum = (items) => {
  const all = Array.from(items, real);
  if (!all.every(Number.isFinite)) return all.reduce((a, b) => a + b, 0);
  const split = all.map(parts), low = split.reduce((least, [, e]) => e < least ? e : least, 0n);
  return powers(split.reduce((total, [m, e]) => total + (m << e - low), 0n), low);
};
const divided = (x, y, words) => {
  if (!y) raise("ZeroDivisionError", words);
  let rest = x % y, quotient = (x - rest) / y;
  if (!rest) rest = y < 0 ? -0 : 0; else if (y < 0 !== rest < 0) { rest += y; quotient -= 1; }
  let whole = Math.floor(quotient); if (quotient - whole > 0.5) whole += 1;
  return [quotient ? whole : x / y < 0 ? -0 : 0, rest];
};
// The whole number nearest to x * 10 ** digits, half to even on the exact value.
const scaled = (x, digits) => {
  const [m, e] = parts(Math.abs(x)), ten = 10n ** BigInt(Math.abs(digits));
  const n = m * (e > 0n ? 1n << e : 1n) * (digits > 0 ? ten : 1n), d = (e < 0n ? 1n << -e : 1n) * (digits < 0 ? ten : 1n);
  const q = n / d, twice = n % d * 2n;
  return twice > d || twice === d && q & 1n ? q + 1n : q;
};
const sign = (x) => x < 0 || Object.is(x, -0) ? "-" : "";
const odd = (x) => Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
const fixed = (x, digits) => {
  const text = String(scaled(x, digits)).padStart(digits + 1, "0"), point = text.length - digits;
  return sign(x) + text.slice(0, point) + (digits ? `.${text.slice(point)}` : "");
};
const placed = (digits, e, largest) => {
  if (e < -4 || e >= largest) return `${digits[0]}${digits.length > 1 ? "." : ""}${digits.slice(1)}e${e < 0 ? "-" : "+"}${String(Math.abs(e)).padStart(2, "0")}`;
  if (e < 0) return `0.${"0".repeat(-e - 1)}${digits}`;
  return digits.length <= e + 1 ? digits.padEnd(e + 1, "0") : `${digits.slice(0, e + 1)}.${digits.slice(e + 1)}`;
};
const general = (x, digits) => {
  if (!x) return `${sign(x)}0`;
  let e = Number(x.toExponential().split("e")[1]);
  if (scaled(x, digits - 1 - e) === 10n ** BigInt(digits)) e += 1;
  return sign(x) + placed(String(scaled(x, digits - 1 - e)).replace(/(?<=.)0+$/, ""), e, digits);
};
const floatText = (x) => {
  if (!Number.isFinite(x)) return odd(x);
  const [m, e] = Math.abs(x).toExponential().split("e"), text = placed(m.replace(".", ""), Number(e), 16);
  return sign(x) + (/[.e]/.test(text) ? text : `${text}.0`);
};
const format = (v, spec) => {
  const [, comma, digits = 6, asked] = /^(,?)(?:\.(\d+))?([dfg]?)$/.exec(spec);
  const kind = asked || (isInt(v) ? "d" : "");
  if (!isNumber(v) || kind === "d" && !isInt(v)) raise(isNumber(v) ? "ValueError" : "TypeError", isNumber(v) ? "Unknown format code 'd' for object of type 'float'" : `unsupported format string passed to ${typeName(v)}.__format__`);
  const x = kind === "d" ? int(v) : real(v);
  const text = kind === "d" ? String(x) : !Number.isFinite(x) ? odd(x) : kind === "f" ? fixed(x, +digits) : kind === "g" ? general(x, Math.max(1, +digits)) : floatText(x);
  return comma ? text.replace(/^-?\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ",")) : text;
};
const quoted = (s) => {
  const mark = s.includes("'") && !s.includes('"') ? '"' : "'", short = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", [mark]: `\\${mark}` };
  const code = (c, n = c.codePointAt(0).toString(16)) => n.length < 3 ? `\\x${n.padStart(2, "0")}` : n.length < 5 ? `\\u${n.padStart(4, "0")}` : `\\U${n.padStart(8, "0")}`;
  return mark + Array.from(s, (c) => short[c] ?? (c !== " " && /[\p{C}\p{Z}]/u.test(c) ? code(c) : c)).join("") + mark;
};
const repr = (v) => {
  if (v === null || typeof v === "boolean") return v === null ? "None" : v ? "True" : "False";
  if (typeof v === "bigint") return String(v);
  if (typeof v === "number" || typeof v === "string") return typeof v === "number" ? floatText(v) : quoted(v);
  const inner = v instanceof Dict ? v.pairs().map(([k, x]) => `${repr(k)}: ${repr(x)}`).join(", ") : typeof v === "function" ? "" : [...iter(v)].map(repr).join(", ");
  switch (typeName(v)) {
    case "tuple": return `(${inner}${v.length === 1 ? "," : ""})`;
    case "list": return `[${inner}]`;
    case "dict": return `{${inner}}`;
    case "set": return v.size ? `{${inner}}` : "set()";
    case "frozenset": return v.size ? `frozenset({${inner}})` : "frozenset()";
    case "range": return v.written;
    case "type": return `<class '${v.pyname}'>`;
    default: return `<function ${v.pyname}>`;
  }
};

// Truth, order, iteration.
const t = (v) => v !== null && (Array.isArray(v) ? v.length > 0 : v instanceof Keyed ? v.size > 0 : typeof v === "object" || Boolean(v));
const iter = (v) => typeof v === "string" || Array.isArray(v) ? v : v instanceof Keyed ? v.keys() : v?.[Symbol.iterator] ? v : raise("TypeError", `'${typeName(v)}' object is not iterable`);
const eq = (a, b) => {
  if (isNumber(a) && isNumber(b)) return int(a) == int(b);
  if (typeof a !== "object" || a === null || typeName(a) !== typeName(b)) return a === b || a instanceof PySet && b instanceof PySet && a.size === b.size && a.keys().every((k) => b.has(k));
  if (Array.isArray(a)) return a.length === b.length && a.every((x, i) => eq(x, b[i]));
  return a instanceof Keyed ? a.size === b.size && a.keys().every((k) => b.has(k) && (a instanceof PySet || eq(a.get(k), b.get(k)))) : a === b;
};
const order = (a, b, symbol) => {
  if (isNumber(a) && isNumber(b)) [a, b] = [int(a), int(b)];
  else if (Array.isArray(a) && typeName(a) === typeName(b)) {
    const i = a.findIndex((x, place) => place >= b.length || !eq(x, b[place]));
    return i < 0 ? a.length - b.length : i >= b.length ? 1 : order(a[i], b[i], symbol);
  } else if (typeof a !== "string" || typeof b !== "string") raise("TypeError", `'${symbol}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
  return a < b ? -1 : a > b ? 1 : a == b ? 0 : NaN;
};
const both = (a, b, symbol, ints, floats) => isInt(a) && isInt(b) ? ints(int(a), int(b)) : isNumber(a) && isNumber(b) ? floats(real(a), real(b)) : raise("TypeError", `unsupported operand type(s) for ${symbol}: '${typeName(a)}' and '${typeName(b)}'`);
const alike = (like, items) => like instanceof Tuple ? tup(items) : items;
const repeated = (v, n) => typeof v === "string" ? v.repeat(Math.max(0, Number(int(n)))) : alike(v, Array.from({ length: Math.max(0, Number(int(n))) * v.length }, (_, i) => v[i % v.length]));
const sequence = (v) => typeof v === "string" || Array.isArray(v);
const merged = (a, b) => { const made = new a.constructor(); for (const v of [a, b]) for (const [k, x] of v.map.values()) made.set(k, x); return made; };
const filtered = (a, keep) => { const made = new a.constructor(); a.keys().filter(keep).forEach((x) => made.set(x)); return made; };
const operators = {
  add: (a, b) => typeof a === "bigint" && typeof b === "bigint" || typeof a === "string" && typeof b === "string" ? a + b
    : Array.isArray(a) && typeName(a) === typeName(b) ? alike(a, [...a, ...b]) : both(a, b, "+", (x, y) => x + y, (x, y) => x + y),
  iadd: (a, b) => typeName(a) === "list" ? (a.push(...iter(b)), a) : operators.add(a, b),
  sub: (a, b) => a instanceof PySet && b instanceof PySet ? filtered(a, (x) => !b.has(x)) : both(a, b, "-", (x, y) => x - y, (x, y) => x - y),
  mult: (a, b) => sequence(a) && isInt(b) ? repeated(a, b) : sequence(b) && isInt(a) ? repeated(b, a) : both(a, b, "*", (x, y) => x * y, (x, y) => x * y),
  div: (a, b) => both(a, b, "/", (x, y) => y ? ratio(x, y) : raise("ZeroDivisionError", "division by zero"), (x, y) => y ? x / y : raise("ZeroDivisionError", "float division by zero")),
  floordiv: (a, b) => both(a, b, "//", (x, y) => y ? (x - operators.mod(x, y)) / y : raise("ZeroDivisionError", "integer division or modulo by zero"), (x, y) => divided(x, y, "float floor division by zero")[0]),
  mod: (a, b) => both(a, b, "%", (x, y) => y ? (x % y + y) % y : raise("ZeroDivisionError", "integer modulo by zero"), (x, y) => divided(x, y, "float modulo")[1]),
  pow: (a, b) => both(a, b, "** or pow()", (x, y) => y < 0n ? power(real(x), real(y)) : x ** y, power),
  bitor: (a, b) => a instanceof Keyed && b instanceof Keyed ? merged(a, b) : typeof a === "boolean" && typeof b === "boolean" ? a || b : both(a, b, "|", (x, y) => x | y, () => raise("TypeError", "unsupported operand type(s) for |: 'float'")),
  ibitor: (a, b) => { if (!(a instanceof Keyed)) return operators.bitor(a, b); for (const [k, x] of b.map.values()) a.set(k, x); return a; },
  bitand: (a, b) => a instanceof PySet && b instanceof PySet ? filtered(a, (x) => b.has(x)) : typeof a === "boolean" && typeof b === "boolean" ? a && b : both(a, b, "&", (x, y) => x & y, () => raise("TypeError", "unsupported operand type(s) for &: 'float'")),
  usub: (v) => typeof v === "number" ? -v : isInt(v) ? -int(v) : raise("TypeError", `bad operand type for unary -: '${typeName(v)}'`),
  eq,
  noteq: (a, b) => !eq(a, b),
  is: (a, b) => a === b,
  isnot: (a, b) => a !== b,
  lt: (a, b) => order(a, b, "<") < 0,
  lte: (a, b) => order(a, b, "<=") <= 0,
  gt: (a, b) => order(a, b, ">") > 0,
  gte: (a, b) => order(a, b, ">=") >= 0,
  in: (a, b) => typeof b === "string" ? (typeof a === "string" ? b.includes(a) : raise("TypeError", `'in <string>' requires string as left operand, not ${typeName(a)}`)) : b instanceof Keyed ? b.has(a) : [...iter(b)].some((x) => eq(a, x)),
  notin: (a, b) => !operators.in(a, b),
  and: (a, next) => t(a) ? next() : a,
  or: (a, next) => t(a) ? a : next(),
};
const chain = (left, steps) => { for (const [compare, next] of steps) { const right = next(); if (!compare(left, right)) return false; left = right; } return true; };

// Items, slices, attributes.
const unpack = (v, n, star = -1) => {
  if (Array.isArray(v) && v.length === n && star < 0) return v;
  const all = [...iter(v)], least = star < 0 ? n : n - 1;
  if (all.length < least) raise("ValueError", `not enough values to unpack (expected ${star < 0 ? "" : "at least "}${least}, got ${all.length})`);
  if (star < 0) return all.length === n ? all : raise("ValueError", `too many values to unpack (expected ${n})`);
  return [...all.slice(0, star), all.slice(star, star + all.length - least), ...all.slice(star + all.length - least)];
};
const letters = (v) => typeof v === "string" && /[\ud800-\udfff]/.test(v) ? [...v] : v;
const place = (v, k, what) => {
  if (!isInt(k)) raise("TypeError", typeof v === "string" ? `string indices must be integers, not '${typeName(k)}'` : `${typeName(v)} indices must be integers or slices, not ${typeName(k)}`);
  const i = Number(int(k)), at = i < 0 ? i + v.length : i;
  return at >= 0 && at < v.length ? at : raise("IndexError", `${what} index out of range`);
};
const absent = (k) => raise("KeyError", repr(k));
const item = (v, k) => {
  if (v instanceof Dict) { const found = v.map.get(keyOf(k)); return found ? found[1] : absent(k); }
  if (!sequence(v)) raise("TypeError", `'${typeName(v)}' object is not subscriptable`);
  const all = letters(v);
  return all[place(all, k, v instanceof Range ? "range object" : typeName(v) === "str" ? "string" : typeName(v))];
};
const setitem = (v, k, x) => { if (v instanceof Dict) v.set(k, x); else if (typeName(v) === "list") v[place(v, k, "list assignment")] = x; else raise("TypeError", `'${typeName(v)}' object does not support item assignment`); };
const delitem = (v, k) => { if (v instanceof Dict) { if (!v.delete(k)) absent(k); } else v.splice(place(v, k, "list assignment"), 1); };
const slice = (v, from, to, by) => {
  const all = letters(v), n = all.length, step = by === null ? 1 : Number(int(by)), low = step < 0 ? -1 : 0, high = step < 0 ? n - 1 : n;
  if (!step) raise("ValueError", "slice step cannot be zero");
  const end = (k, whole) => { if (k === null) return whole; const i = Number(int(k)); return Math.min(high, Math.max(low, i < 0 ? i + n : i)); };
  let [i, stop] = step < 0 ? [end(from, high), end(to, low)] : [end(from, low), end(to, high)];
  const found = []; for (; step < 0 ? i > stop : i < stop; i += step) found.push(all[i]);
  return typeof v === "string" ? found.join("") : v instanceof Range ? ranged(found) : alike(v, found);
};
const attr = (v, name) => {
  if (v instanceof Instance && name in v) return typeof v[name] === "function" && !Object.hasOwn(v, name) ? (p, k) => v[name]([v, ...p], k) : v[name];
  if (name === "__name__" && typeof v === "function") return v.pyname;
  const found = methods[typeName(v)]?.[name];
  return found ? (p, k) => found(v, p, k ?? {}) : raise("AttributeError", `'${typeName(v)}' object has no attribute '${name}'`);
};
const method = (v, name, p, k) => {
  if (v instanceof Instance && !Object.hasOwn(v, name) && name in v) return v[name]([v, ...p], k);
  const found = methods[typeName(v)]?.[name];
  return found ? found(v, p, k ?? {}) : attr(v, name)(p, k);
};
const SPACE = "[\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const stripped = (left, right) => (s, [letters = null]) => {
  const any = letters === null ? SPACE : letters ? `[${letters.replace(/[\\\]^-]/g, "\\$&")}]` : "[^\\s\\S]";
  return s.replace(new RegExp(`${left ? `^${any}+` : "$^"}|${right ? `(?<!${any})${any}+$` : "$^"}`, "gu"), "");
};
const parted = (find) => (s, [mark]) => { const i = s[find](mark); return tup(i < 0 ? (find === "indexOf" ? [s, "", ""] : ["", "", s]) : [s.slice(0, i), mark, s.slice(i + mark.length)]); };
const starts = (how) => (s, [mark]) => mark instanceof Tuple ? mark.some((each) => s[how](each)) : s[how](mark);
const found = (find) => (s, [mark]) => { const i = s[find](mark); return BigInt(i < 0 ? i : [...s.slice(0, i)].length); };
const keyed = { get: (d, [k, x = null]) => d.get(k, x), items: (d) => d.pairs(), keys: (d) => d.keys(), values: (d) => d.pairs().map(([, x]) => x) };
const methods = {
  str: {
    join: (s, [all]) => Array.from(iter(all), (x, i) => typeof x === "string" ? x : raise("TypeError", `sequence item ${i}: expected str instance, ${typeName(x)} found`)).join(s),
    startswith: starts("startsWith"),
    endswith: starts("endsWith"),
    replace: (s, [a, b]) => s.replaceAll(a, () => b),
    partition: parted("indexOf"),
    rpartition: parted("lastIndexOf"),
    strip: stripped(true, true),
    lstrip: stripped(true, false),
    rstrip: stripped(false, true),
    removeprefix: (s, [x]) => s.startsWith(x) ? s.slice(x.length) : s,
    removesuffix: (s, [x]) => x && s.endsWith(x) ? s.slice(0, -x.length) : s,
    split: (s, [mark = null]) => mark === null ? s.split(new RegExp(SPACE, "u")).filter(Boolean) : mark ? s.split(mark) : raise("ValueError", "empty separator"),
    lower: (s) => s.toLowerCase(),
    upper: (s) => s.toUpperCase(),
    isdigit: (s) => /^[\p{Nd}\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u2080-\u2089]+$/u.test(s),
    isupper: (s) => s !== s.toLowerCase() && s === s.toUpperCase(),
    find: found("indexOf"),
    rfind: found("lastIndexOf"),
    count: (s, [x]) => BigInt(x ? s.split(x).length - 1 : [...s].length + 1),
    format: (s, p, k) => s.replace(/\{(\w+)\}/g, (_, name) => name in k ? builtins.str([k[name]]) : absent(name)),
  },
  list: {
    append: (l, [x]) => { l.push(x); return null; },
    extend: (l, [all]) => { l.push(...iter(all)); return null; },
    insert: (l, [i, x]) => { l.splice(Number(i), 0, x); return null; },
    pop: (l, [i = -1n]) => l.length ? l.splice(place(l, i, "pop"), 1)[0] : raise("IndexError", "pop from empty list"),
    count: (l, [x]) => BigInt(l.filter((each) => eq(x, each)).length),
    index: (l, [x]) => { const i = l.findIndex((each) => eq(x, each)); return i < 0 ? raise("ValueError", `${repr(x)} is not in ${typeName(l)}`) : BigInt(i); },
  },
  tuple: {
    count: (l, p) => methods.list.count(l, p),
    index: (l, [x]) => { const i = l.findIndex((each) => eq(x, each)); return i < 0 ? raise("ValueError", "tuple.index(x): x not in tuple") : BigInt(i); },
  },
  dict: {
    ...keyed,
    get: keyed.get,
    items: keyed.items,
    keys: keyed.keys,
    values: keyed.values,
    update: (d, [other = []], k) => { for (const [key, x] of builtins.dict([other], k).map.values()) d.set(key, x); return null; },
    pop: (d, [k, ...rest]) => { if (!d.has(k)) return rest.length ? rest[0] : absent(k); const x = d.get(k); d.delete(k); return x; },
    setdefault: (d, [k, x = null]) => { if (!d.has(k)) d.set(k, x); return d.get(k); },
  },
  set: {
    add: (s, [x]) => { s.set(x); return null; },
    update: (s, all) => { for (const each of all) for (const x of iter(each)) s.set(x); return null; },
  },
  float: {
    is_integer: (x) => Number.isInteger(x),
  },
  type: {
    fromkeys: (d, [keys, x = null]) => new Dict(Array.from(iter(keys), (k) => [k, x])),
  },
  pattern: {
    fullmatch: (pattern, [s]) => pattern.whole.test(s) ? true : null,
  },
};

// Builtins.
const ranged = (items, written = "") => Object.assign(Object.setPrototypeOf(items, Range.prototype), { written });
const called = (key) => key === undefined || key === null ? (x) => x : (x) => key([x]);
const best = (name, better) => (p, { key, default: otherwise }) => {
  const all = [...iter(p.length > 1 ? p : p[0])], of = called(key);
  if (!all.length) return otherwise !== undefined ? otherwise : raise("ValueError", `${name}() arg is an empty sequence`);
  let [first, ...rest] = all, least = of(first);
  for (const x of rest) { const value = of(x); if (better(value, least)) [first, least] = [x, value]; }
  return first;
};
const read = (v, type, shape, made) => { const text = v.replace(new RegExp(`^${SPACE}+|${SPACE}+$`, "gu"), ""); return shape.test(text) ? made(text.replaceAll("_", "")) : raise("ValueError", type + repr(v)); };
const NUMBER = /^[+-]?(?:(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?|inf|infinity|nan)$/i;
const words = (s) => /inf/i.test(s) ? (s[0] === "-" ? -Infinity : Infinity) : /nan/i.test(s) ? NaN : Number(s);
const unfit = (f, v, able) => raise("TypeError", `${f} argument must be a string${able} or a real number, not '${typeName(v)}'`);
const error = (type) => ([message = ""]) => new PyError(type, builtins.str([message]));
const builtins = {
  abs: ([v]) => typeof v === "number" ? Math.abs(v) : isInt(v) ? sized(int(v)) : raise("TypeError", `bad operand type for abs(): '${typeName(v)}'`),
  all: ([v]) => { for (const x of iter(v)) if (!t(x)) return false; return true; },
  any: ([v]) => { for (const x of iter(v)) if (t(x)) return true; return false; },
  bool: ([v = false]) => t(v),
  dict: ([v = []], k) => { const made = new Dict(v instanceof Dict ? v.map.values() : Array.from(iter(v), (x) => unpack(x, 2))); for (const key in k) made.set(key, k[key]); return made; },
  enumerate: ([v, start = 0n], k) => Array.from(iter(v), (x, i) => tup([(k.start ?? start) + BigInt(i), x])),
  float: ([v = 0]) => typeof v === "string" ? read(v, "could not convert string to float: ", NUMBER, words) : isNumber(v) ? real(v) : unfit("float()", v, ""),
  frozenset: ([v = []]) => new Frozen(iter(v)),
  getattr: ([v, name]) => typeof v === "function" || v instanceof Instance || methods[typeName(v)] ? attr(v, name) : v[name],
  int: ([v = 0n]) => typeof v === "string" ? read(v, "invalid literal for int() with base 10: ", /^[+-]?\d+(?:_\d+)*$/, (s) => BigInt(s.replace("+", "")))
    : typeof v !== "number" ? (isInt(v) ? int(v) : unfit("int()", v, ", a bytes-like object"))
    : Number.isFinite(v) ? BigInt(Math.trunc(v)) : raise(Number.isNaN(v) ? "ValueError" : "OverflowError", `cannot convert float ${Number.isNaN(v) ? "NaN" : "infinity"} to integer`),
  isinstance: ([v, kind]) => (kind instanceof Tuple ? kind : [kind]).some((each) => each.pyname === typeName(v) || each.pyname === "int" && typeof v === "boolean" || v instanceof Instance && v.made === each),
  len: ([v]) => BigInt(v instanceof Keyed ? v.size : sequence(v) ? letters(v).length : raise("TypeError", `object of type '${typeName(v)}' has no len()`)),
  list: ([v = []]) => [...iter(v)],
  map: ([f, ...all]) => builtins.zip(all, {}).map((x) => f([...x])),
  max: best("max", operators.gt),
  min: best("min", operators.lt),
  next: ([v, ...otherwise]) => { const { done, value } = v.next(); return !done ? value : otherwise.length ? otherwise[0] : raise("StopIteration", ""); },
  range: (p) => {
    const [from, to, by = 1n] = p.length > 1 ? p.map(int) : [0n, int(p[0])], found = [];
    for (let i = from; by > 0n ? i < to : i > to; i += by) found.push(i);
    return ranged(found, `range(${from}, ${to}${by === 1n ? "" : `, ${by}`})`);
  },
  repr: ([v]) => repr(v),
  reversed: ([v]) => [...iter(v)].reverse(),
  round: ([v, digits = null]) => isInt(v) ? int(v) : digits !== null ? (Number.isFinite(v) ? Number(fixed(v, Number(digits))) : v) : Number.isFinite(v) ? scaled(v, 0) * (v < 0 ? -1n : 1n) : builtins.int([v]),
  set: ([v = []]) => new PySet(iter(v)),
  sorted: ([v], { key, reverse = false }) => {
    const of = called(key), all = Array.from(iter(v), (x) => [of(x), x]), down = reverse ? -1 : 1;
    return all.sort(([a], [b]) => down * order(a, b, "<")).map(([, x]) => x);
  },
  str: ([v = ""]) => typeof v === "string" ? v : repr(v),
  sum: ([v, start = 0n], k) => { let total = k.start ?? start; for (const x of iter(v)) total = operators.add(total, x); return total; },
  tuple: ([v = []]) => tup([...iter(v)]),
  type: ([v]) => builtins[typeName(v)] ?? v?.made ?? Object.assign(() => null, { pyname: typeName(v), kind: "type" }),
  zip: (p, { strict = false }) => {
    const all = p.map((v) => [...iter(v)]), n = all.length ? Math.min(...all.map((v) => v.length)) : 0, i = strict ? all.findIndex((v) => v.length !== all[0].length) : -1;
    if (i > 0) raise("ValueError", `zip() argument ${i + 1} is ${all[i].length < all[0].length ? "shorter" : "longer"} than argument${i > 1 ? `s 1-${i}` : " 1"}`);
    return Array.from({ length: n }, (_, at) => tup(all.map((v) => v[at])));
  },
  KeyError: error("KeyError"),
  TypeError: error("TypeError"),
  ValueError: error("ValueError"),
};
for (const [name, f] of Object.entries(builtins)) builtins[name] = Object.assign((p, k = {}) => f(p, k), { pyname: name, kind: "type" });
// Logarithms of exact powers are exact, as they are in C.
const exactly = (log, base) => ([x]) => { const found = log(real(x)), near = Math.round(found); return near >= 0 && BigInt(near) < 1100n && eq(x, BigInt(base) ** BigInt(near)) ? near : found; };
const whole = (round) => ([x]) => isInt(x) ? int(x) : builtins.int([round(x)]);
const library = {
  math: {
    ceil: whole(Math.ceil),
    exp: ([x]) => Math.exp(real(x)),
    floor: whole(Math.floor),
    fsum: ([all]) => fsum(iter(all)),
    log: ([x]) => real(x) > 0 ? Math.log(real(x)) : raise("ValueError", "math domain error"),
    log10: exactly(Math.log10, 10),
  },
  html: {
    escape: ([s]) => s.replace(/[&<>"']/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" })[c]),
  },
  itertools: {
    pairwise: ([v]) => { const all = [...iter(v)]; return all.slice(1).map((x, i) => tup([all[i], x])); },
  },
  re: {
    compile: ([p]) => p.includes("\\") ? raise("ValueError", "no pattern with a backslash") : Object.assign(new Instance(), { kind: "pattern", whole: new RegExp(`^(?:${p})$`, "u") }),
  },
};

// Functions, classes, modules.
const listed = (names) => names.map((n) => `'${n}'`).join(names.length > 2 ? ", " : " and ").replace(/, ([^,]*)$/, ", and $1");
const def = (name, signature, defaults, body) => {
  const names = signature ? signature.split(" ") : [], star = names.findIndex((n) => /^\*(?!\*)/.test(n));
  const pairs = names.at(-1)?.startsWith("**"), plain = names.filter((n) => n[0] !== "*"), open = star < 0 ? plain.length : star;
  const takes = new Set(plain), rest = star >= 0 && names[star].length > 1;
  const f = (p, k = {}) => {
    if (p.length > open && !rest) raise("TypeError", `${name}() takes ${open} positional argument${open === 1 ? "" : "s"} but ${p.length} ${p.length === 1 ? "was" : "were"} given`);
    const given = p.slice(0, open), more = pairs ? new Dict() : null, missing = [];
    for (const n in k) {
      if (takes.has(n) ? plain.indexOf(n) < given.length : false) raise("TypeError", `${name}() got multiple values for argument '${n}'`);
      if (!takes.has(n)) { if (pairs) more.set(n, k[n]); else raise("TypeError", `${name}() got an unexpected keyword argument '${n}'`); }
    }
    for (const n of plain.slice(given.length)) { if (n in k) given.push(k[n]); else if (n in defaults) given.push(defaults[n]); else { missing.push(n); given.push(null); } }
    if (missing.length) raise("TypeError", `${name}() missing ${missing.length} required ${plain.indexOf(missing[0]) < open ? "positional" : "keyword-only"} argument${missing.length > 1 ? "s" : ""}: ${listed(missing)}`);
    if (rest) given.push(tup(p.slice(open)));
    if (pairs) given.push(more);
    return body(...given);
  };
  return Object.assign(f, { pyname: name, kind: "function" });
};
const cls = (name, members) => {
  const made = Object.assign((p, k) => { const self = Object.create(members); members.__init__?.([self, ...p], k); return self; }, { pyname: name, kind: "type" });
  return Object.assign(Object.setPrototypeOf(members, Instance.prototype), { made, kind: name }) && made;
};
const named = (own, ...others) => { for (const d of others) for (const [n, x] of d.map.values()) own[n] = x; return own; };
const modules = new Map(), loaded = new Map();
const module = (name) => {
  if (!loaded.has(name)) loaded.set(name, modules.has(name) ? modules.get(name)() : raise("ImportError", `no module ${name}: is its script loaded?`));
  return loaded.get(name);
};
const lazy = (homes) => Object.defineProperties({}, Object.fromEntries(Object.entries(homes).map(([n, home]) => [n, { get: () => module(home)[n] }])));

// What JavaScript calls with, and what it is given.
const toPython = (v) => {
  if (typeof v === "number" && Number.isSafeInteger(v)) return BigInt(v);
  if (v === undefined || v === null || typeof v !== "object" || v instanceof Keyed || v instanceof Tuple) return v ?? null;
  if (v instanceof Number) return Number(v);
  return Array.isArray(v) ? v.map(toPython) : new Dict(Object.entries(v).map(([k, x]) => [k, toPython(x)]));
};
const toJavaScript = (v) => Array.isArray(v) ? Array.from(v, toJavaScript) : v instanceof Dict ? Object.fromEntries(v.pairs().map(([k, x]) => [k, toJavaScript(x)])) : v instanceof PySet ? v.keys() : v;
const call = (name, named = {}) => {
  const dot = name.lastIndexOf("."), f = module(name.slice(0, dot))[name.slice(dot + 1)];
  const k = Object.fromEntries(Object.entries(named).map(([n, v]) => [n, toPython(v)]));
  return toJavaScript(f ? f([], k) : raise("AttributeError", `there is no ${name}`));
};
const python = {
  ...operators, ...builtins, ...library, t, iter, tup, chain, unpack, item, setitem, delitem, slice, attr, method, format, def, cls, named, module, lazy,
  dct: (pairs) => new Dict(pairs), raised: (e) => typeof e === "function" ? e([]) : e, pairs: (d) => d.map.values(), define: (name, body) => modules.set(name, body),
};
return { call, float: (x) => new Number(x), Error: PyError, python };
})();
