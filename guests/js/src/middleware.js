// What a middleware imports: the application behind it.
//
// Owns what of a request and a response goes through. Importing this makes a program a middleware:
// `wasgi build` then gives it what it imports here, and a host puts it in front of apps alone.

import { handle } from "wasgi:gateway/app@0.1.0";
import { current, urlOf } from "./runtime/request.js";
import { setSource, takeSource } from "./web/body.js";
import { fieldsOf, headersOf } from "./web/headers.js";
import { Request } from "./web/request.js";
import { Response } from "./web/response.js";
import { URL } from "./web/url.js";

/** Hands a request on, and returns the response of the application behind. */
export async function next(request) {
  if (!(request instanceof Request)) {
    throw new TypeError("next expects the Request that is to be handed on");
  }
  const { context, input } = current();
  const environ = environOf(request, context.environ);
  // A request without a body still has the end of one.
  const body = (takeSource(request) ?? input).give();
  const { status, headers, content } = attempt(() => handle(environ, body));
  const isEmpty = content.tag === "empty" || BODILESS.includes(status);
  const whole = !isEmpty && content.tag === "bytes" ? content.val : null;
  const response = new Response(whole, { status, headers: headersOf(headers) });
  if (!isEmpty && content.tag === "chunks") {
    const hasTrailers = response.headers.has("trailer");
    setSource(response, new Piece(content.val, hasTrailers ? context.trailers : null));
  }
  return response;
}

const BODILESS = [204, 205, 304];

/** The environ of what is handed on: the one that came, with what the request says. */
function environOf(request, environ) {
  const changed = {
    ...environ,
    requestMethod: request.method,
    headers: fieldsOf(request.headers),
  };
  // Paths stay as they were sent if nobody has changed them.
  return request.url === urlOf(environ) ? changed : { ...changed, ...placeOf(request, environ) };
}

function placeOf(request, { scriptName, urlScheme }) {
  const url = new URL(request.url);
  const { pathname, search } = url;
  const isBelow = pathname === scriptName || pathname.startsWith(`${scriptName}/`);
  if (!isBelow) {
    throw new TypeError(`expected a path below ${scriptName}, where the app is, got ${pathname}`);
  }
  return {
    serverName: url.hostname,
    serverPort: Number(url.port) || (urlScheme === "https" ? 443 : 80),
    pathInfo: pathname.slice(scriptName.length),
    queryString: search === "" ? null : search.slice(1),
  };
}

/** The response's body, piece by piece, and then its trailers. */
class Piece {
  #body;
  #trailers;

  constructor(body, trailers) {
    this.#body = body;
    this.#trailers = trailers;
  }

  read() {
    for (;;) {
      const bytes = attempt(() => this.#body.next());
      if (bytes === undefined || bytes === null) {
        this.#end();
        return new Uint8Array();
      }
      // An empty one is not the end.
      if (bytes.length > 0) {
        return bytes;
      }
    }
  }

  #end() {
    if (this.#trailers) {
      for (const [name, value] of headersOf(this.#body.trailers())) {
        this.#trailers.append(name, value);
      }
    }
  }
}

/** Calls what is behind, whose failure is a text. */
function attempt(call) {
  try {
    return call();
  } catch (error) {
    const why = error.payload ?? error.message;
    throw new Error(`The application behind failed: ${why}`, { cause: error });
  }
}
