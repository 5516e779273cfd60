// `Blob` and `File`: bytes with a type, and a name.

import { ReadableStream } from "web-streams-polyfill";
import { bytesOf, decodeUtf8, encodeUtf8, join } from "./encoding.js";

/** The bytes of a blob, which nobody may write to. */
export let blobBytes;

/** `Blob` of the File API. */
export class Blob {
  #bytes;
  #type;

  constructor(parts = [], { type = "" } = {}) {
    this.#bytes = join(Array.from(parts, bytesOfPart));
    this.#type = /[^\x20-\x7e]/.test(type) ? "" : String(type).toLowerCase();
  }

  static {
    blobBytes = (blob) => blob.#bytes;
  }

  get size() {
    return this.#bytes.length;
  }

  get type() {
    return this.#type;
  }

  slice(start = 0, end = this.size, type = "") {
    return new Blob([this.#bytes.slice(start, end)], { type });
  }

  async arrayBuffer() {
    return this.#bytes.slice().buffer;
  }

  async bytes() {
    return this.#bytes.slice();
  }

  async text() {
    return decodeUtf8(this.#bytes);
  }

  stream() {
    const bytes = this.#bytes;
    return new ReadableStream({
      type: "bytes",
      start(controller) {
        if (bytes.length > 0) {
          controller.enqueue(bytes.slice());
        }
        controller.close();
      },
    });
  }

  get [Symbol.toStringTag]() {
    return "Blob";
  }
}

/** `File` of the File API. */
export class File extends Blob {
  #name;
  #lastModified;

  constructor(parts, name, { lastModified = Date.now(), ...options } = {}) {
    super(parts, options);
    this.#name = String(name);
    this.#lastModified = Number(lastModified);
  }

  get name() {
    return this.#name;
  }

  get lastModified() {
    return this.#lastModified;
  }

  get [Symbol.toStringTag]() {
    return "File";
  }
}

function bytesOfPart(part) {
  if (part instanceof Blob) {
    return blobBytes(part);
  }
  const isBytes = part instanceof ArrayBuffer || ArrayBuffer.isView(part);
  return isBytes ? bytesOf(part).slice() : encodeUtf8(String(part));
}
