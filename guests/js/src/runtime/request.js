// The request that is being answered: what the contract says of it, and its body.
//
// Owns which one that is: an instance answers one at a time.

import { Headers, fieldsOf, headersOf } from "../web/headers.js";

let context = null;
let input = null;

/** Says which request is being answered. */
export function begin(itsContext, itsInput) {
  context = itsContext;
  input = itsInput;
}

/** The request that is being answered: its context and its input. */
export function current() {
  if (!context) {
    throw new Error("there is no request, and so nothing behind: the program is being built");
  }
  return { context, input };
}

/** The URL that the client asked for. */
export function urlOf(environ) {
  const { urlScheme, serverName, serverPort, scriptName, pathInfo, queryString } = environ;
  const isUsual = serverPort === (urlScheme === "https" ? 443 : 80);
  const place = isUsual ? serverName : `${serverName}:${serverPort}`;
  // `OPTIONS *` asks for no path.
  const path = scriptName + (pathInfo === "*" ? "" : pathInfo);
  const query = queryString === null || queryString === undefined ? "" : `?${queryString}`;
  return `${urlScheme}://${place.toLowerCase()}${path || "/"}${query}`;
}

/** What a handler is given besides the request. */
export class Context {
  #input;
  #promises = [];
  #trailers = null;

  constructor(environ, input) {
    this.environ = environ;
    this.#input = input;
  }

  /** Keeps the instance until a promise is settled, after the response was sent. */
  waitUntil(promise) {
    this.#promises.push(
      Promise.resolve(promise).catch((error) => console.error("waitUntil:", error)),
    );
  }

  /** Is there for programs of other hosts, and does nothing. */
  passThroughOnException() {}

  /** The fields that follow the response's body, if its head announced them. */
  get trailers() {
    this.#trailers ??= new Headers();
    return this.#trailers;
  }

  /** The fields that followed the request's body, which is read to its end. */
  requestTrailers() {
    return this.#input.trailers();
  }

  isLeft() {
    return this.#promises.length > 0;
  }

  async finish() {
    while (this.#promises.length > 0) {
      await Promise.all(this.#promises.splice(0));
    }
  }

  fields() {
    return this.#trailers ? fieldsOf(this.#trailers) : [];
  }
}

/** The request's body. */
export class Input {
  #input;

  constructor(input) {
    this.#input = input;
  }

  read() {
    return this.#try(() => this.#input.read(READ_MAX));
  }

  trailers() {
    return headersOf(this.#try(() => this.#input.trailers()));
  }

  /** The contract's input, for somebody else to read. */
  give() {
    if (!this.#input) {
      throw new TypeError("The request was handed on already");
    }
    const input = this.#input;
    this.#input = null;
    return input;
  }

  #try(read) {
    if (!this.#input) {
      throw new TypeError("The request's body cannot be read: it was handed on");
    }
    try {
      return read();
    } catch (error) {
      const { tag, val } = error.payload ?? {};
      const reasons = {
        "too-large": "it is over the app's limit",
        "timed-out": "the client stopped sending it",
        closed: "it broke off, or its request is over",
      };
      const reason = reasons[tag] ?? val ?? error.message;
      throw new TypeError(`The request's body cannot be read: ${reason}`, { cause: error });
    }
  }
}

/** How much is asked for at once. */
const READ_MAX = 65536;
