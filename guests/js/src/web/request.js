// `Request`.

import { AbortSignal } from "./abort.js";
import { Body, copyBody, moveBody, setBody, setSource, tagged } from "./body.js";
import { Headers, setType } from "./headers.js";
import { URL } from "./url.js";

/** The request that a host hands over. `headers` is called when somebody wants them. */
export let requestOf;

/** `Request` of the Fetch Standard. */
export class Request extends Body {
  #method = "GET";
  #url;
  #headers;
  #lazyHeaders;
  #signal;

  constructor(input, init = {}) {
    super();
    const from = input instanceof Request ? input : null;
    this.#url = from ? from.#url : input === GIVEN ? "" : new URL(String(input)).href;
    this.#method = init.method === undefined ? (from?.#method ?? "GET") : method(init.method);
    this.#signal = init.signal ?? from?.#signal;
    if (input === GIVEN) {
      return;
    }
    this.#headers = new Headers(init.headers ?? from?.headers);
    const hasBody = init.body !== undefined && init.body !== null;
    if (hasBody && /^(?:GET|HEAD)$/.test(this.#method)) {
      throw new TypeError(`A request with the method ${this.#method} has no body`);
    }
    if (hasBody) {
      const type = setBody(this, init.body);
      if (type && !this.#headers.has("content-type")) {
        setType(this.#headers, type);
      }
    } else if (from) {
      moveBody(from, this);
    }
  }

  static {
    requestOf = (method, url, headers, source) => {
      const request = new Request(GIVEN);
      request.#method = method;
      request.#url = url;
      request.#lazyHeaders = headers;
      if (source) {
        setSource(request, source);
      }
      return request;
    };
  }

  get method() {
    return this.#method;
  }

  get url() {
    return this.#url;
  }

  get headers() {
    this.#headers ??= this.#lazyHeaders();
    return this.#headers;
  }

  get signal() {
    this.#signal ??= AbortSignal.any([]);
    return this.#signal;
  }

  clone() {
    const other = new Request(GIVEN);
    other.#method = this.#method;
    other.#url = this.#url;
    other.#headers = new Headers(this.headers);
    other.#signal = this.#signal;
    copyBody(this, other);
    return other;
  }

  get cache() {
    return "default";
  }

  get credentials() {
    return "same-origin";
  }

  get destination() {
    return "";
  }

  get duplex() {
    return "half";
  }

  get integrity() {
    return "";
  }

  get keepalive() {
    return false;
  }

  get mode() {
    return "cors";
  }

  get redirect() {
    return "follow";
  }

  get referrer() {
    return "about:client";
  }
}

tagged(Request, "Request");

/** What the constructor is given for a request whose parts are set afterwards. */
const GIVEN = Symbol("given");

function method(name) {
  const text = String(name);
  if (!/^[!#$%&'*+\-.^_`|~0-9a-zA-Z]+$/.test(text)) {
    throw new TypeError(`Invalid method: ${JSON.stringify(text)}`);
  }
  const upper = text.toUpperCase();
  return /^(?:DELETE|GET|HEAD|OPTIONS|POST|PUT)$/.test(upper) ? upper : text;
}
