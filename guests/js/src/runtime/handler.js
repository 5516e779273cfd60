// The app's function, and how it is found.

let handler = null;

/** Serves requests with a function: `(request, env, context) => Response`. */
export function serve(fetch) {
  const found = typeof fetch === "function" ? fetch : fetch?.fetch?.bind(fetch);
  if (typeof found !== "function") {
    throw new TypeError("serve expects a function that takes a Request and returns a Response");
  }
  if (handler) {
    throw new Error("serve was called twice: one function answers all requests");
  }
  handler = found;
}

/** Listens as service workers do: `addEventListener("fetch", (event) => event.respondWith(…))`. */
export function addEventListener(type, listener) {
  if (type === "fetch") {
    serve((request, env, context) => respond(listener, request, context));
  }
}

function respond(listener, request, context) {
  let response;
  const event = new Event("fetch");
  event.request = request;
  event.waitUntil = (promise) => context.waitUntil(promise);
  event.passThroughOnException = () => {};
  event.respondWith = (given) => {
    response = given;
  };
  listener(event);
  if (response === undefined) {
    throw new Error("the listener for fetch did not call event.respondWith");
  }
  return response;
}

/** The app's function: what it served, else what its module exports. */
export function findHandler(module) {
  if (!handler) {
    const app = module.default ?? module.app;
    const found = app?.fetch ?? app ?? module.fetch;
    if (found === undefined) {
      throw new Error(`${NOTHING_FOUND} none of them`);
    }
    if (typeof found !== "function") {
      throw new Error(`${NOTHING_FOUND} ${app === undefined ? "a fetch" : "a default"} that is no function`);
    }
    serve(found === app ? found : found.bind(app));
  }
  return handler;
}

/** `wasgi build` knows this text. */
const NOTHING_FOUND =
  "wasgi: expected the module to `export default app`, to `export default { fetch }` or to call `serve`, but it has";
