// What `Request` and `Response` share: a body that is read once.
//
// Owns what a body may be made of, and its stream, which is made only if somebody asks for it: most
// bodies are given whole and sent whole.

import { ReadableStream } from "web-streams-polyfill";
import { Blob, blobBytes } from "./blob.js";
import { bytesOf, decodeUtf8, encodeUtf8, join } from "./encoding.js";
import { FormData, readMultipart, writeMultipart } from "./form-data.js";
import { URLSearchParams } from "./url-params.js";

/** Takes what was given as a body. Returns the type that it has by itself, or `null`. */
export let setBody;

/** Takes a source: `read()` returns bytes, none of them at the end. */
export let setSource;

/** Gives the body away: bytes or a text as `whole`, or a `stream`; both `null` if there is none. */
export let takeBody;

/** Gives away the source that nobody has read from: `null` if there is no body. */
export let takeSource;

/** Gives a second object the same body. */
export let copyBody;

/** Gives the body to another object: the first one's has been used then. */
export let moveBody;

/** A body: one of bytes, a text, a stream, or a source that is read piece by piece. */
export class Body {
  #whole = null;
  #source = null;
  #stream = null;
  #isUsed = false;

  static {
    setBody = (self, init) => self.#set(init);
    setSource = (self, source) => {
      self.#source = source;
    };
    takeBody = (self) => self.#take();
    takeSource = (self) => self.#takeSource();
    copyBody = (self, other) => self.#copy(other);
    moveBody = (self, other) => self.#move(other);
  }

  #set(init) {
    if (typeof init === "string") {
      this.#whole = init;
      return "text/plain;charset=UTF-8";
    }
    if (init instanceof ReadableStream) {
      if (init.locked) {
        throw new TypeError("The body is a stream that is locked");
      }
      this.#stream = init;
      return null;
    }
    if (init instanceof Blob) {
      this.#whole = blobBytes(init);
      return init.type || null;
    }
    if (init instanceof ArrayBuffer || ArrayBuffer.isView(init)) {
      this.#whole = bytesOf(init).slice();
      return null;
    }
    if (init instanceof FormData) {
      const { bytes, type } = writeMultipart(init);
      this.#whole = bytes;
      return type;
    }
    this.#whole = String(init);
    const isForm = init instanceof URLSearchParams;
    return isForm ? "application/x-www-form-urlencoded;charset=UTF-8" : "text/plain;charset=UTF-8";
  }

  #take() {
    this.#checkUnused();
    const whole = this.#stream ? (wholes.get(this.#stream) ?? null) : this.#whole;
    const stream = whole === null ? this.body : null;
    this.#isUsed = whole !== null || stream !== null;
    return { whole, stream };
  }

  #takeSource() {
    this.#checkUnused();
    if (this.#hasBody() && !this.#source) {
      throw new TypeError("expected the body that came with the request, got another one");
    }
    this.#isUsed = this.#hasBody();
    return this.#source;
  }

  #copy(other) {
    this.#checkUnused();
    if (this.#whole !== null && !this.#stream) {
      other.#whole = this.#whole;
    } else if (this.body) {
      [this.#stream, other.#stream] = this.body.tee();
    }
  }

  #move(other) {
    this.#checkUnused();
    [other.#whole, other.#source, other.#stream] = [this.#whole, this.#source, this.#stream];
    this.#isUsed = this.#hasBody();
    [this.#whole, this.#source, this.#stream] = [null, null, null];
  }

  #hasBody() {
    return this.#whole !== null || this.#source !== null || this.#stream !== null;
  }

  #checkUnused() {
    if (this.bodyUsed || this.#stream?.locked) {
      throw new TypeError("The body was used already");
    }
  }

  get body() {
    if (!this.#stream && this.#source) {
      this.#stream = streamOf(this.#source);
    } else if (!this.#stream && this.#whole !== null) {
      this.#stream = new Blob([this.#whole]).stream();
      wholes.set(this.#stream, this.#whole);
    }
    return this.#stream;
  }

  get bodyUsed() {
    // A stream that was read from is told by the polyfill alone.
    return this.#isUsed || Boolean(this.#stream?._disturbed);
  }

  async arrayBuffer() {
    return (await this.bytes()).buffer;
  }

  async bytes() {
    const whole = await this.#read();
    return typeof whole === "string" ? encodeUtf8(whole) : whole.slice();
  }

  async blob() {
    return new Blob([await this.#read()], { type: this.headers.get("content-type") ?? "" });
  }

  async text() {
    const whole = await this.#read();
    const text = typeof whole === "string" ? whole : decodeUtf8(whole);
    return text.startsWith("\ufeff") ? text.slice(1) : text;
  }

  async json() {
    return JSON.parse(await this.text());
  }

  async formData() {
    const type = this.headers.get("content-type") ?? "";
    const boundary = /^multipart\/form-data\s*;.*?boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type);
    if (boundary) {
      return readMultipart(await this.bytes(), boundary[1] ?? boundary[2]);
    }
    if (!/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type)) {
      throw new TypeError(`The body is no form: its type is ${JSON.stringify(type)}`);
    }
    const form = new FormData();
    for (const [name, value] of new URLSearchParams(await this.text())) {
      form.append(name, value);
    }
    return form;
  }

  /** All of it: a text or bytes. */
  async #read() {
    this.#checkUnused();
    this.#isUsed = this.#hasBody();
    if (this.#stream) {
      const parts = [];
      for await (const part of this.#stream) {
        parts.push(chunkBytes(part));
      }
      return join(parts);
    }
    if (this.#source) {
      const parts = [];
      for (let part = this.#source.read(); part.length > 0; part = this.#source.read()) {
        parts.push(part);
      }
      return parts.length === 1 ? parts[0] : join(parts);
    }
    return this.#whole ?? new Uint8Array();
  }
}

/**
 * What the streams of whole bodies give. Middlewares make a response of another one's stream, and
 * it still has a length if nobody has read from it.
 */
const wholes = new WeakMap();

/** The bytes that a stream gave. */
export function chunkBytes(chunk) {
  if (chunk instanceof Uint8Array) {
    return chunk;
  }
  if (chunk instanceof ArrayBuffer || ArrayBuffer.isView(chunk)) {
    return bytesOf(chunk);
  }
  if (typeof chunk === "string") {
    return encodeUtf8(chunk);
  }
  throw new TypeError(`expected the body's stream to give bytes, got ${typeof chunk}`);
}

function streamOf(source) {
  return new ReadableStream(
    {
      type: "bytes",
      pull(controller) {
        const bytes = source.read();
        if (bytes.length > 0) {
          controller.enqueue(bytes);
        } else {
          controller.close();
          controller.byobRequest?.respond(0);
        }
      },
    },
    // Nothing is read ahead: what is not read stays with the client.
    { highWaterMark: 0 },
  );
}

/** Makes what a standard has as attributes look like it. */
export function tagged(constructor, name) {
  Object.defineProperty(constructor.prototype, Symbol.toStringTag, { value: name, configurable: true });
}
