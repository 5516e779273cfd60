// `TextEncoder`, `TextDecoder` and their streams.
//
// The engine has no functions for UTF-8 but some that can be put together: its Base64 and percent
// codings are native, a loop over letters takes a hundred times as long.

import { TransformStream } from "web-streams-polyfill";

/** The UTF-8 bytes of a text. */
export function encodeUtf8(text) {
  if (text === "") {
    return new Uint8Array();
  }
  const latin = ASCII.test(text) ? text : unescape(encodeURIComponent(text.toWellFormed()));
  return Uint8Array.fromBase64(btoa(latin));
}

/** The bytes of a text of letters up to U+00FF, each a byte, as header values are. */
export function encodeLatin1(text) {
  return Uint8Array.fromBase64(btoa(text));
}

/** The text in which each byte is a letter. */
export function decodeLatin1(bytes) {
  return atob(bytes.toBase64());
}

/** The text of UTF-8 bytes. What is none becomes U+FFFD, or an error if it is `fatal`. */
export function decodeUtf8(bytes, fatal = false) {
  const latin = decodeLatin1(bytes);
  if (ASCII.test(latin)) {
    return latin;
  }
  try {
    return decodeURIComponent(escape(latin));
  } catch {
    if (fatal) {
      throw new TypeError("The encoded data is not valid UTF-8");
    }
    return decodeBroken(bytes);
  }
}

const ASCII = /^[\0-\x7f]*$/;

/** UTF-8 with what is none replaced, a letter at a time. */
function decodeBroken(bytes) {
  const parts = [];
  let index = 0;
  while (index < bytes.length) {
    const [point, length] = letterAt(bytes, index);
    parts.push(String.fromCodePoint(point));
    index += length;
  }
  return parts.join("");
}

/** The letter at an index and how many bytes it has. */
function letterAt(bytes, index) {
  const lead = bytes[index];
  if (lead < 0x80) {
    return [lead, 1];
  }
  const more = lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : 0;
  // The first byte that follows has narrower bounds after some.
  let low = { 0xe0: 0xa0, 0xf0: 0x90 }[lead] ?? 0x80;
  let high = { 0xed: 0x9f, 0xf4: 0x8f }[lead] ?? 0xbf;
  let point = lead & (0x3f >> more);
  for (let number = 1; number <= more; number += 1) {
    const next = bytes[index + number];
    if (!(next >= low && next <= high)) {
      return [0xfffd, number];
    }
    point = (point << 6) | (next & 0x3f);
    [low, high] = [0x80, 0xbf];
  }
  return more === 0 ? [0xfffd, 1] : [point, more + 1];
}

/** How many bytes at the end are the start of a letter. */
function unfinished(bytes) {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back];
    if ((byte & 0xc0) !== 0x80) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
      return length > back ? back : 0;
    }
  }
  return 0;
}

/** The bytes of a buffer or a view of one. */
export function bytesOf(data) {
  if (ArrayBuffer.isView(data)) {
    return data instanceof Uint8Array
      ? data
      : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  return new Uint8Array(data);
}

/** `TextEncoder` of the Encoding Standard. */
export class TextEncoder {
  get encoding() {
    return "utf-8";
  }

  encode(text = "") {
    return encodeUtf8(String(text));
  }

  encodeInto(text, target) {
    let [read, written] = [0, 0];
    for (const letter of String(text)) {
      const bytes = encodeUtf8(letter);
      if (written + bytes.length > target.length) {
        break;
      }
      target.set(bytes, written);
      written += bytes.length;
      read += letter.length;
    }
    return { read, written };
  }
}

/** `TextDecoder` of the Encoding Standard, for UTF-8, UTF-16LE and Latin-1. */
export class TextDecoder {
  #encoding;
  #fatal;
  #ignoreBOM;
  #rest = new Uint8Array();
  #hasBegun = false;

  constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
    const encoding = LABELS[String(label).trim().toLowerCase()];
    if (!encoding) {
      throw new RangeError(`The encoding ${label} is not supported: utf-8, utf-16le and latin1 are`);
    }
    this.#encoding = encoding;
    this.#fatal = Boolean(fatal);
    this.#ignoreBOM = Boolean(ignoreBOM);
  }

  get encoding() {
    return this.#encoding;
  }

  get fatal() {
    return this.#fatal;
  }

  get ignoreBOM() {
    return this.#ignoreBOM;
  }

  decode(data, { stream = false } = {}) {
    let bytes = data === undefined ? new Uint8Array() : bytesOf(data);
    if (this.#rest.length > 0) {
      bytes = join([this.#rest, bytes]);
      this.#rest = new Uint8Array();
    }
    if (stream) {
      const isWide = this.#encoding === "utf-16le";
      const rest = isWide ? bytes.length % 2 : this.#encoding === "utf-8" ? unfinished(bytes) : 0;
      this.#rest = bytes.slice(bytes.length - rest);
      bytes = bytes.subarray(0, bytes.length - rest);
    }
    const text = this.#text(bytes);
    const begins = !this.#hasBegun && text !== "";
    this.#hasBegun = stream && (this.#hasBegun || text !== "");
    return begins && !this.#ignoreBOM && text.startsWith("\ufeff") ? text.slice(1) : text;
  }

  #text(bytes) {
    if (this.#encoding === "utf-8") {
      return decodeUtf8(bytes, this.#fatal);
    }
    if (this.#encoding === "windows-1252") {
      return decodeLatin1(bytes).replace(/[\x80-\x9f]/g, (letter) => WINDOWS[letter.charCodeAt(0) - 0x80]);
    }
    const units = [];
    for (let index = 0; index + 1 < bytes.length; index += 2) {
      units.push(String.fromCharCode(bytes[index] | (bytes[index + 1] << 8)));
    }
    const text = units.join("") + (bytes.length % 2 ? "\ufffd" : "");
    if (this.#fatal && (bytes.length % 2 || !text.isWellFormed())) {
      throw new TypeError("The encoded data is not valid UTF-16");
    }
    return text.toWellFormed();
  }
}

const LABELS = {
  "utf-8": "utf-8",
  utf8: "utf-8",
  "utf-16le": "utf-16le",
  "utf-16": "utf-16le",
  latin1: "windows-1252",
  ascii: "windows-1252",
  "us-ascii": "windows-1252",
  "iso-8859-1": "windows-1252",
  "windows-1252": "windows-1252",
};

const WINDOWS =
  "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

/** One array of several. */
export function join(parts) {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** `TextEncoderStream` of the Encoding Standard. */
export class TextEncoderStream {
  #stream = new TransformStream({
    transform: (text, controller) => controller.enqueue(encodeUtf8(String(text))),
  });

  get encoding() {
    return "utf-8";
  }

  get readable() {
    return this.#stream.readable;
  }

  get writable() {
    return this.#stream.writable;
  }
}

/** `TextDecoderStream` of the Encoding Standard. */
export class TextDecoderStream {
  #decoder;
  #stream;

  constructor(label, options) {
    const decoder = new TextDecoder(label, options);
    const give = (text, controller) => text !== "" && controller.enqueue(text);
    this.#decoder = decoder;
    this.#stream = new TransformStream({
      transform: (bytes, to) => give(decoder.decode(bytes, { stream: true }), to),
      flush: (to) => give(decoder.decode(), to),
    });
  }

  get encoding() {
    return this.#decoder.encoding;
  }

  get readable() {
    return this.#stream.readable;
  }

  get writable() {
    return this.#stream.writable;
  }
}
