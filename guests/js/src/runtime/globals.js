// The names that programs for the web expect.
//
// Owns which there are. It is evaluated before the app, which may look for them at once.

import {
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  TransformStream,
  TransformStreamDefaultController,
  WritableStream,
  WritableStreamDefaultController,
  WritableStreamDefaultWriter,
} from "web-streams-polyfill";
import { AbortController, AbortSignal, CustomEvent, Event, EventTarget } from "../web/abort.js";
import { Blob, File } from "../web/blob.js";
import { console, resetConsole } from "../web/console.js";
import { CryptoKey, crypto, seededRandom } from "../web/crypto.js";
import { TextDecoder, TextDecoderStream, TextEncoder, TextEncoderStream } from "../web/encoding.js";
import { FormData } from "../web/form-data.js";
import { Headers } from "../web/headers.js";
import { Request } from "../web/request.js";
import { Response } from "../web/response.js";
import { structuredClone } from "../web/structured-clone.js";
import { clearTimer, dropTimers, now, setInterval, setTimeout } from "../web/timers.js";
import { URL, URLSearchParams } from "../web/url.js";
import { fetch } from "../web/fetch.js";

/** When the instance was first asked for the time. The engine's own clock would count from when the
 * program was frozen, perhaps on another machine. */
let begin = null;

const performance = {
  now: () => now() - beginning().now,
  get timeOrigin() {
    return beginning().date;
  },
};

function beginning() {
  begin ??= { now: now(), date: Date.now() };
  return begin;
}

const names = {
  AbortController,
  AbortSignal,
  Blob,
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
  CryptoKey,
  CustomEvent,
  Event,
  EventTarget,
  File,
  FormData,
  Headers,
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  Request,
  Response,
  TextDecoder,
  TextDecoderStream,
  TextEncoder,
  TextEncoderStream,
  TransformStream,
  TransformStreamDefaultController,
  URL,
  URLSearchParams,
  WritableStream,
  WritableStreamDefaultController,
  WritableStreamDefaultWriter,
  clearInterval: clearTimer,
  clearTimeout: clearTimer,
  console,
  crypto,
  fetch,
  navigator: Object.freeze({ userAgent: "wasgi" }),
  performance,
  self: globalThis,
  setInterval,
  setTimeout,
  structuredClone,
};
for (const [name, value] of Object.entries(names)) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}

/** Forgets what belongs to one instance, before the program is frozen: each makes it anew. */
export function forgetInstance() {
  begin = null;
  dropTimers();
  resetConsole();
  Math.random = () => {
    Math.random = seededRandom();
    return Math.random();
  };
}
