// `FormData`, and the form `multipart/form-data` that it is sent in (RFC 7578).
//
// A form is read from a body as a whole, so what it may hold is bounded by who read that.

import { Blob, File, blobBytes } from "./blob.js";
import { decodeLatin1, decodeUtf8, encodeUtf8, join } from "./encoding.js";

/** `FormData` of the XMLHttpRequest Standard. */
export class FormData {
  #entries = [];

  append(name, value, filename) {
    this.#entries.push(entry(name, value, filename));
  }

  delete(name) {
    this.#entries = this.#entries.filter((each) => each[0] !== String(name));
  }

  get(name) {
    return this.#entries.find((each) => each[0] === String(name))?.[1] ?? null;
  }

  getAll(name) {
    return this.#entries.filter((each) => each[0] === String(name)).map((each) => each[1]);
  }

  has(name) {
    return this.#entries.some((each) => each[0] === String(name));
  }

  set(name, value, filename) {
    const made = entry(name, value, filename);
    const index = this.#entries.findIndex((each) => each[0] === made[0]);
    if (index < 0) {
      this.#entries.push(made);
      return;
    }
    this.#entries[index] = made;
    this.#entries = this.#entries.filter((each, at) => at <= index || each[0] !== made[0]);
  }

  forEach(callback, self) {
    for (const [name, value] of this) {
      callback.call(self, value, name, this);
    }
  }

  *entries() {
    for (const [name, value] of this.#entries) {
      yield [name, value];
    }
  }

  *keys() {
    for (const [name] of this.#entries) {
      yield name;
    }
  }

  *values() {
    for (const [, value] of this.#entries) {
      yield value;
    }
  }

  [Symbol.iterator]() {
    return this.entries();
  }

  get [Symbol.toStringTag]() {
    return "FormData";
  }
}

function entry(name, value, filename) {
  if (!(value instanceof Blob)) {
    return [String(name), String(value)];
  }
  if (value instanceof File && filename === undefined) {
    return [String(name), value];
  }
  const { type } = value;
  return [String(name), new File([value], filename ?? "blob", { type })];
}

/** A form as bytes: its parts, and the boundary between them. */
export function writeMultipart(form) {
  const boundary = `----wasgi${crypto.randomUUID()}`;
  const parts = [];
  for (const [name, value] of form) {
    const isFile = value instanceof Blob;
    const file = isFile ? `; filename="${quoted(value.name)}"` : "";
    const type = isFile ? `Content-Type: ${value.type || "application/octet-stream"}\r\n` : "";
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"${file}\r\n${type}\r\n`;
    parts.push(encodeUtf8(head));
    parts.push(isFile ? blobBytes(value) : encodeUtf8(value.replace(/\r\n|\r|\n/g, "\r\n")));
    parts.push(encodeUtf8("\r\n"));
  }
  parts.push(encodeUtf8(`--${boundary}--\r\n`));
  return { bytes: join(parts), type: `multipart/form-data; boundary=${boundary}` };
}

function quoted(name) {
  return name.replace(/\r\n|\r|\n|"/g, (letter) => (letter === '"' ? "%22" : "%0D%0A"));
}

/** Reads a form. Fails if the bytes are none with this boundary. */
export function readMultipart(bytes, boundary) {
  // A text with a letter for each byte has the same places, and functions that look for texts.
  const text = decodeLatin1(bytes);
  const form = new FormData();
  const line = `--${boundary}`;
  let at = text.startsWith(line) ? 0 : text.indexOf(`\r\n${line}`) + 2;
  if (!text.startsWith(line, at)) {
    throw new TypeError("The body is no form: its boundary is missing");
  }
  while (!text.startsWith("--", at + line.length)) {
    const head = text.indexOf("\r\n", at + line.length) + 2;
    const body = text.startsWith("\r\n", head) ? head : text.indexOf("\r\n\r\n", head) + 2;
    const end = text.indexOf(`\r\n${line}`, body);
    if (head < 2 || body < 2 || end < 0) {
      throw new TypeError("The body is no form: a part of it does not end");
    }
    addPart(form, decodeUtf8(bytes.subarray(head, body)), bytes.subarray(body + 2, end));
    at = end + 2;
  }
  return form;
}

function addPart(form, head, content) {
  const disposition = /^content-disposition:\s*form-data\s*((?:;.*)?)$/im.exec(head)?.[1] ?? "";
  const name = parameter(disposition, "name");
  if (name === undefined) {
    throw new TypeError("The body is no form: a part of it has no name");
  }
  const filename = parameter(disposition, "filename");
  if (filename === undefined) {
    form.append(name, decodeUtf8(content));
    return;
  }
  const type = /^content-type:\s*(.*?)\s*$/im.exec(head)?.[1] ?? "text/plain";
  form.append(name, new File([content], filename, { type }));
}

function parameter(disposition, name) {
  const quotedOrToken = `;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]*))`;
  const found = new RegExp(quotedOrToken, "i").exec(disposition);
  const value = found?.[1]?.replace(/\\(["\\])/g, "$1") ?? found?.[2];
  return value?.replace(/%22|%0D%0A/gi, (part) => (part === "%22" ? '"' : "\r\n"));
}
