// The contract: from an environ and an input to a `Request`, and from a `Response` to the answer.
//
// Owns the order of one request. It holds nothing between two.

import environment from "wasi:cli/environment@0.2.12";
import { forgetInstance } from "./globals.js";
import { addEventListener, findHandler } from "./handler.js";
import { settle } from "./jobs.js";
import { Context, Input, begin, urlOf } from "./request.js";
import { chunkBytes, takeBody } from "../web/body.js";
import { encodeUtf8 } from "../web/encoding.js";
import { Headers, fieldsOf, headersOf } from "../web/headers.js";
import { errorText, inspect } from "../web/inspect.js";
import { requestOf } from "../web/request.js";
import { dropTimers } from "../web/timers.js";

globalThis.addEventListener ??= addEventListener;

/** The exports of the contract, for an app's module. */
export function application(module) {
  const handler = findHandler(module);
  let env = null;
  return {
    handle(environ, input) {
      env ??= Object.freeze(Object.fromEntries(environment.getEnvironment()));
      // What a former request left behind is not this one's.
      dropTimers();
      try {
        return answer(handler, env, environ, input);
      } catch (error) {
        throw failure(error);
      }
    },
    Body,
  };
}

/** Answers requests before the program is frozen, so that what they fill is filled. */
export async function warm(paths) {
  for (const path of paths) {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    const headers = () => new Headers({ host: "localhost" });
    const request = requestOf("GET", `http://localhost${path}`, headers, null);
    const context = new Context({}, null);
    try {
      Promise.resolve(findHandler()(request, {}, context)).then(done, done);
    } catch {
      // It may need what there is only later.
      done();
    }
    for (let turn = 0; turn < TURNS_MAX && !isDone; turn += 1) {
      await null;
    }
  }
  forgetInstance();
}

/** How many jobs a request may take before it is frozen. */
const TURNS_MAX = 10000;

function answer(handler, env, environ, input) {
  const source = new Input(input);
  const url = urlOf(environ);
  const method = environ.requestMethod;
  const hasBody = method !== "GET" && method !== "HEAD";
  const headers = () => headersOf(environ.headers);
  const request = requestOf(method, url, headers, hasBody ? source : null);
  const context = new Context(environ, source);
  begin(context, source);
  let response = handler(request, env, context);
  if (typeof response?.then === "function") {
    response = settle(response);
  }
  if (!(response instanceof Response)) {
    throw new TypeError(`expected the app to return a Response, got ${inspect(response)}`);
  }
  if (response.status === 0) {
    throw new TypeError("the app returned Response.error()");
  }
  return {
    status: response.status,
    headers: fieldsOf(response.headers),
    content: contentOf(response, context),
  };
}

function contentOf(response, context) {
  const { whole, stream } = takeBody(response);
  const isLeft = context.isLeft();
  if (stream || isLeft) {
    return { tag: "chunks", val: new Body(stream, whole, context) };
  }
  if (whole === null || whole.length === 0) {
    return { tag: "empty" };
  }
  return { tag: "bytes", val: typeof whole === "string" ? encodeUtf8(whole) : whole };
}

/** The response's body: the contract's resource. */
class Body {
  #reader;
  #whole;
  #context;

  constructor(stream, whole, context) {
    this.#reader = stream?.getReader();
    this.#whole = whole;
    this.#context = context;
  }

  next() {
    try {
      return settle(this.#next());
    } catch (error) {
      throw failure(error);
    }
  }

  async #next() {
    if (this.#whole !== null) {
      const whole = this.#whole;
      this.#whole = null;
      return typeof whole === "string" ? encodeUtf8(whole) : whole;
    }
    const { done, value } = (await this.#reader?.read()) ?? { done: true };
    if (!done) {
      return chunkBytes(value);
    }
    await this.#context.finish();
    return null;
  }

  trailers() {
    return this.#context.fields();
  }
}

/** A failure for the log. */
function failure(error) {
  return error instanceof Error ? new Error(errorText(error)) : new Error(inspect(error));
}
