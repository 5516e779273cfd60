// What `wasgi build` imports before an app on StarlingMonkey, and calls after it.
//
// The engine has the web's functions itself, and is asked by `wasi:http`. Owns what the app's
// function is given there, and that each form of an app is accepted as it is on QuickJS.

import { getEnvironment } from "wasi:cli/environment@0.2.10";
import { addEventListener, findHandler } from "./runtime/handler.js";
import { atSource } from "./web/sources.js";

const listenToEngine = globalThis.addEventListener;

/** What the app calls: the engine has one listener, which is the one below. */
globalThis.addEventListener = (type, listener) =>
  type === "fetch" ? addEventListener(type, listener) : listenToEngine(type, listener);

/** Has the app answer requests. */
export function listen(module) {
  const handler = findHandler(module);
  listenToEngine("fetch", (event) => {
    const context = {
      waitUntil: (promise) => event.waitUntil(promise),
      passThroughOnException() {},
    };
    event.respondWith(answer(handler, event.request, context));
  });
}

async function answer(handler, request, context) {
  try {
    const response = await handler(request, Object.fromEntries(getEnvironment()), context);
    if (!(response instanceof Response)) {
      throw new TypeError(`expected the app to return a Response, got ${typeof response}`);
    }
    return response;
  } catch (error) {
    // The engine ends the request, and knows only the places in what was built.
    console.error(`${error}\n${atSource(error?.stack ?? "")}`);
    throw error;
  }
}
