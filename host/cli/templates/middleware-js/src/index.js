// What the host calls, in front of the application behind.

import { next } from "wasgi/middleware";
import { handle } from "./handle.js";

export default {
  fetch: (request, env, context) => handle(request, env, context, next),
};
