// `URLSearchParams`, and the form `application/x-www-form-urlencoded` that it reads and writes.

/** Binds parameters to a URL: they have what its query has, and tell it what changes. */
export let bind;

/** `URLSearchParams` of the URL Standard. */
export class URLSearchParams {
  #pairs;
  #changed;

  constructor(init = "") {
    if (typeof init === "object" || typeof init === "function") {
      const pairs = typeof init[Symbol.iterator] === "function" ? [...init] : Object.entries(init);
      this.#pairs = pairs.map((pair) => {
        const [name, value, ...more] = pair;
        if (value === undefined || more.length > 0) {
          throw new TypeError("expected pairs of a name and a value");
        }
        return [String(name), String(value)];
      });
    } else {
      this.#pairs = read(String(init).replace(/^\?/, ""));
    }
  }

  static {
    bind = (params, search, changed) => {
      params.#pairs = read(search.slice(1));
      params.#changed = changed;
    };
  }

  get size() {
    return this.#pairs.length;
  }

  append(name, value) {
    this.#pairs.push([String(name), String(value)]);
    this.#changed?.(this.toString());
  }

  delete(name, value) {
    this.#pairs = this.#pairs.filter(
      (pair) => pair[0] !== String(name) || (value !== undefined && pair[1] !== String(value)),
    );
    this.#changed?.(this.toString());
  }

  get(name) {
    return this.#pairs.find((pair) => pair[0] === String(name))?.[1] ?? null;
  }

  getAll(name) {
    return this.#pairs.filter((pair) => pair[0] === String(name)).map((pair) => pair[1]);
  }

  has(name, value) {
    return this.#pairs.some(
      (pair) => pair[0] === String(name) && (value === undefined || pair[1] === String(value)),
    );
  }

  set(name, value) {
    const first = this.#pairs.find((pair) => pair[0] === String(name));
    if (first) {
      this.#pairs = this.#pairs.filter((pair) => pair === first || pair[0] !== first[0]);
      first[1] = String(value);
      this.#changed?.(this.toString());
    } else {
      this.append(name, value);
    }
  }

  sort() {
    this.#pairs.sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
    this.#changed?.(this.toString());
  }

  forEach(callback, self) {
    for (const [name, value] of this.#pairs) {
      callback.call(self, value, name, this);
    }
  }

  *entries() {
    for (let index = 0; index < this.#pairs.length; index += 1) {
      yield [...this.#pairs[index]];
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

  toString() {
    return this.#pairs.map((pair) => pair.map(write).join("=")).join("&");
  }

  get [Symbol.toStringTag]() {
    return "URLSearchParams";
  }
}

function read(text) {
  const pairs = [];
  for (const part of text === "" ? [] : text.split("&")) {
    if (part !== "") {
      const at = part.indexOf("=");
      const [name, value] = at < 0 ? [part, ""] : [part.slice(0, at), part.slice(at + 1)];
      pairs.push([decode(name), decode(value)]);
    }
  }
  return pairs;
}

function decode(text) {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) {
    return spaced;
  }
  try {
    return decodeURIComponent(spaced);
  } catch {
    // Bytes that are no UTF-8 become the replacement character, a `%` that is none stays.
    const latin = spaced.replace(/[^\0-\x7f]+/g, encodeURIComponent);
    const bytes = latin.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
    return new TextDecoder().decode(Uint8Array.from(bytes, (letter) => letter.charCodeAt(0)));
  }
}

function write(text) {
  return encodeURIComponent(text.toWellFormed()).replace(/%20|[!'()~]/g, (part) =>
    part === "%20" ? "+" : `%${part.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
