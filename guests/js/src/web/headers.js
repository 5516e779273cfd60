// `Headers`.
//
// Owns the fields of a head: names in lower case, values as the bytes that they are, one letter
// each. A field that was given several times stays several fields.

import { decodeLatin1, encodeLatin1 } from "./encoding.js";

/** Adds a type that is known to be well formed, and not to be there. */
export let setType;

/** Headers of the contract's fields: names in lower case, and values in bytes. */
export let headersOf;

/** The contract's fields of headers. */
export let fieldsOf;

/** `Headers` of the Fetch Standard. */
export class Headers {
  /** Names and values, in the order in which they came. */
  #fields = [];

  constructor(init) {
    if (init === undefined || init === null) {
      return;
    }
    if (typeof init !== "object") {
      throw new TypeError("expected an object or pairs of a name and a value");
    }
    if (init instanceof Headers) {
      this.#fields = [...init.#fields];
      return;
    }
    const pairs = typeof init[Symbol.iterator] === "function" ? init : Object.entries(init);
    for (const [name, value, ...more] of pairs) {
      if (value === undefined || more.length > 0) {
        throw new TypeError("expected pairs of a name and a value");
      }
      this.append(name, value);
    }
  }

  static {
    setType = (headers, type) => {
      headers.#fields.push(["content-type", type]);
    };
    headersOf = (fields) => {
      const headers = new Headers();
      headers.#fields = fields.map(([name, value]) => [name, decodeLatin1(value)]);
      return headers;
    };
    fieldsOf = (headers) => headers.#fields.map(([name, value]) => [name, encodeLatin1(value)]);
  }

  append(name, value) {
    this.#fields.push([checkName(name), checkValue(value)]);
  }

  delete(name) {
    const key = checkName(name);
    this.#fields = this.#fields.filter((field) => field[0] !== key);
  }

  get(name) {
    const values = this.#values(checkName(name));
    return values.length === 0 ? null : values.join(", ");
  }

  getSetCookie() {
    return this.#values("set-cookie");
  }

  has(name) {
    const key = checkName(name);
    return this.#fields.some((field) => field[0] === key);
  }

  set(name, value) {
    const field = [checkName(name), checkValue(value)];
    const index = this.#fields.findIndex((other) => other[0] === field[0]);
    if (index < 0) {
      this.#fields.push(field);
      return;
    }
    this.#fields[index] = field;
    this.#fields = this.#fields.filter((other, at) => at <= index || other[0] !== field[0]);
  }

  forEach(callback, self) {
    for (const [name, value] of this) {
      callback.call(self, value, name, this);
    }
  }

  /** Sorted by name, and joined, but for cookies: each is a field of its own. */
  *entries() {
    const names = [...new Set(this.#fields.map((field) => field[0]))].sort();
    for (const name of names) {
      if (name === "set-cookie") {
        for (const value of this.getSetCookie()) {
          yield [name, value];
        }
      } else {
        yield [name, this.#values(name).join(", ")];
      }
    }
  }

  *keys() {
    for (const [name] of this.entries()) {
      yield name;
    }
  }

  *values() {
    for (const [, value] of this.entries()) {
      yield value;
    }
  }

  [Symbol.iterator]() {
    return this.entries();
  }

  get [Symbol.toStringTag]() {
    return "Headers";
  }

  #values(key) {
    return this.#fields.filter((field) => field[0] === key).map((field) => field[1]);
  }
}

function checkName(name) {
  if (COMMON.has(name)) {
    return name;
  }
  const text = String(name);
  if (!/^[!#$%&'*+\-.^_`|~0-9a-zA-Z]+$/.test(text)) {
    throw new TypeError(`Invalid header name: ${JSON.stringify(text)}`);
  }
  return text.toLowerCase();
}

/** Names that apps ask for most: they need no look at their letters. */
const COMMON = new Set([
  "accept",
  "authorization",
  "content-length",
  "content-type",
  "cookie",
  "host",
  "location",
  "set-cookie",
]);

function checkValue(value) {
  const text = String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
  if (/[\0\n\r]|[^\0-\xff]/.test(text)) {
    throw new TypeError(`Invalid header value: ${JSON.stringify(text)}`);
  }
  return text;
}
