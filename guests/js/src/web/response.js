// `Response`.

import { Body, copyBody, setBody, tagged } from "./body.js";
import { Headers, setType } from "./headers.js";
import { URL } from "./url.js";

/** `Response` of the Fetch Standard. */
export class Response extends Body {
  #status;
  #statusText;
  #headers;
  #type = "default";

  constructor(body = null, init = {}) {
    super();
    const { status = 200, statusText = "", headers } = init ?? {};
    if (!(status >= 200 && status <= 599)) {
      throw new RangeError(`expected a status from 200 to 599, got ${status}`);
    }
    this.#status = Math.trunc(status);
    this.#statusText = String(statusText);
    this.#headers = new Headers(headers);
    if (body !== null && body !== undefined) {
      if (BODILESS.includes(this.#status)) {
        throw new TypeError(`A response with the status ${this.#status} has no body`);
      }
      const type = setBody(this, body);
      if (type && !this.#headers.has("content-type")) {
        setType(this.#headers, type);
      }
    }
  }

  static error() {
    const response = new Response();
    response.#type = "error";
    response.#status = 0;
    return response;
  }

  static json(data, init = {}) {
    const text = JSON.stringify(data);
    if (text === undefined) {
      throw new TypeError("The data has no form in JSON");
    }
    const headers = new Headers(init.headers);
    if (!headers.has("content-type")) {
      headers.set("content-type", "application/json");
    }
    return new Response(text, { ...init, headers });
  }

  static redirect(url, status = 302) {
    if (![301, 302, 303, 307, 308].includes(status)) {
      throw new RangeError(`expected the status of a redirect, got ${status}`);
    }
    // Without a page that it would be relative to, a path stays one.
    const location = URL.canParse(String(url)) ? new URL(String(url)).href : String(url);
    return new Response(null, { status, headers: { location } });
  }

  get status() {
    return this.#status;
  }

  get ok() {
    return this.#status >= 200 && this.#status < 300;
  }

  get statusText() {
    return this.#statusText;
  }

  get headers() {
    return this.#headers;
  }

  get type() {
    return this.#type;
  }

  get redirected() {
    return false;
  }

  get url() {
    return "";
  }

  clone() {
    const other = new Response(null, this);
    copyBody(this, other);
    return other;
  }
}

tagged(Response, "Response");

const BODILESS = [204, 205, 304];
