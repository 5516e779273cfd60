// The behaviours with bodies: read, and pulled.

import { type Behaviour, numberOf } from "./exchange";

const encode = (text: string) => new TextEncoder().encode(text);

/** Streams the request's body back, and its trailers if a `trailer` field announces some. */
export const echo: Behaviour = ({ request, context }) => {
  const headers = new Headers();
  for (const name of ["content-type", "trailer"]) {
    const value = request.headers.get(name);
    if (value !== null) {
      headers.set(name, value);
    }
  }
  if (!headers.has("trailer")) {
    return new Response(request.body, { headers });
  }
  const reader = request.body?.getReader();
  const body = new ReadableStream({
    async pull(controller) {
      const piece = await reader?.read();
      if (piece !== undefined && !piece.done) {
        controller.enqueue(piece.value);
        return;
      }
      context.requestTrailers().forEach((value, name) => context.trailers.set(name, value));
      controller.close();
    },
  });
  return new Response(body, { headers });
};

/** Reads `max` bytes of the body at most, and answers with how many there were. */
export const length: Behaviour = async ({ request, url }) => {
  const max = numberOf(url, "max", 1024 * 1024);
  let size = 0;
  let hasNul = false;
  const reader = request.body?.getReader();
  for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
    size += piece.value.length;
    hasNul ||= piece.value.includes(0);
    if (size > max) {
      return new Response(null, { status: 413 });
    }
  }
  return new Response(`${size}${hasNul ? " with a NUL" : ""}`);
};

/** Streams `chunks` chunks of `size` bytes. */
export const stream: Behaviour = ({ url }) => {
  let left = numberOf(url, "chunks", 10);
  const chunk = new Uint8Array(numberOf(url, "size", 1024)).fill(120);
  const body = new ReadableStream({
    pull(controller) {
      if (left === 0) {
        controller.close();
        return;
      }
      left -= 1;
      controller.enqueue(chunk.slice());
    },
  });
  return new Response(body);
};

/** Streams `count` lines, and sleeps for `ms` before each. */
export const ticks: Behaviour = ({ url }) => {
  const count = numberOf(url, "count", 3);
  const pause = numberOf(url, "ms", 50);
  let done = 0;
  const body = new ReadableStream({
    async pull(controller) {
      if (done === count) {
        controller.close();
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
      controller.enqueue(encode(`tick ${done}\n`));
      done += 1;
    },
  });
  return new Response(body);
};

/** Announces a trailer field and sends it. */
export const trailers: Behaviour = ({ context }) => {
  context.trailers.set("x-checksum", "abc");
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(encode("body\n"));
      controller.close();
    },
  });
  return new Response(body, { headers: { trailer: "x-checksum" } });
};

/** Fails after the first chunk. */
export const failMidBody: Behaviour = () => {
  let isFirst = true;
  const body = new ReadableStream({
    pull(controller) {
      if (!isFirst) {
        throw new Error("told to fail");
      }
      isFirst = false;
      controller.enqueue(encode("first\n"));
    },
  });
  return new Response(body);
};
