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

/** When the instance began. The engine's own clock counts from when the program was frozen. */
let begin = { now: now(), date: Date.now() };

const performance = {
  now: () => now() - begin.now,
  get timeOrigin() {
    return begin.date;
  },
};

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

/** Begins an instance: what belonged to the one that was frozen is made anew. */
export function beginInstance() {
  begin = { now: now(), date: Date.now() };
  dropTimers();
  resetConsole();
  Math.random = seededRandom();
}
