// A middleware that hands on what it is asked, but for a few fields that say what else to do.

import { next } from "wasgi/middleware";

const ACTIONS = {
  // Another path, query and field.
  async move(request) {
    const headers = new Headers(request.headers);
    headers.set("x-added", "by the middleware");
    return next(new Request(new URL("/environ?moved", request.url), { headers }));
  },

  // Another text than was sent.
  async upper(request) {
    const response = await next(request);
    return new Response((await response.text()).toUpperCase(), response);
  },

  async replace(request) {
    return next(new Request(request.url, { method: "POST", body: "another body" }));
  },

  async read(request) {
    await request.text();
    return next(request);
  },

  async twice(request) {
    await next(request);
    return next(request);
  },

  async answer(request, env) {
    return new Response(`nothing was asked, ${env.GREETING ?? "no variable"}\n`);
  },

  async recover(request) {
    try {
      return await next(request);
    } catch (error) {
      return new Response(`${error.message}\n`, { status: 503 });
    }
  },

  async drop(request) {
    await next(request);
    return new Response("another answer\n");
  },
};

export default {
  fetch(request, env) {
    const action = ACTIONS[request.headers.get("x-action")];
    return action ? action(request, env) : next(request);
  },
};
