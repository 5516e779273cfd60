// One program with every behaviour that languages share, each at a path of its name.

import type { Context, Env } from "wasgi";
import hostRandom from "wasi:random/random@0.2.12";
import { conformance } from "./conformance";

type Behaviour = (request: Request, url: URL, context: Context, env: Env) => Response | Promise<Response>;

/** Answers with a greeting. */
const hello: Behaviour = () => new Response("Hello\n");

/** Shows what the host says of the request, as JSON. */
const environ: Behaviour = (_request, _url, { environ }, env) => {
  const { headers, ...rest } = environ;
  const texts = headers.map(([name, value]) => [name, String.fromCharCode(...value)]);
  return Response.json({ ...rest, headers: texts, env });
};

/** Sends repeated fields, and one with bytes that are not ASCII; `x-got` has what came as `x-sent`. */
const headers: Behaviour = (request) => {
  const response = new Response(null);
  response.headers.append("set-cookie", "a=1");
  response.headers.append("set-cookie", "b=2");
  response.headers.append("x-latin", "gr\u00fc\u00dfe");
  response.headers.append("x-got", request.headers.get("x-sent") ?? "nothing");
  return response;
};

/** Sends the body back as it comes. */
const echo: Behaviour = (request) => new Response(request.body);

/** Sends the body back when it is whole. */
const collect: Behaviour = async (request) => new Response(await request.arrayBuffer());

/** Sends `n` lines, one each `every` milliseconds. */
const chunks: Behaviour = (_request, url) => {
  const [n, every] = ["n", "every"].map((name) => Number(url.searchParams.get(name)));
  let sent = 0;
  const stream = new ReadableStream({
    async pull(controller) {
      if (sent === n) {
        controller.close();
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, sent === 0 ? 0 : every));
      sent += 1;
      controller.enqueue(new TextEncoder().encode(`line ${sent}\n`));
    },
  });
  return new Response(stream);
};

/** Sends `bytes` bytes in chunks of 64 KiB. */
const big: Behaviour = (_request, url) => {
  let left = Number(url.searchParams.get("bytes"));
  const stream = new ReadableStream({
    pull(controller) {
      const size = Math.min(left, 65536);
      left -= size;
      if (size > 0) {
        controller.enqueue(new Uint8Array(size).fill(120));
      } else {
        controller.close();
      }
    },
  });
  return new Response(stream);
};

/** Fails before there is a response. */
const error: Behaviour = async () => {
  await null;
  throw new RangeError("the behaviour is to fail");
};

/** Fails in the middle of its body. */
const lateError: Behaviour = () => {
  let isFirst = true;
  const stream = new ReadableStream({
    pull(controller) {
      if (!isFirst) {
        throw new Error("the behaviour is to fail late");
      }
      isFirst = false;
      controller.enqueue(new TextEncoder().encode("first\n"));
    },
  });
  return new Response(stream);
};

/** Ends the instance. */
const trap: Behaviour = () => {
  // What the engine itself takes to be a number.
  hostRandom.getRandomBytes("none");
  throw new Error("the engine went on");
};

/** Waits for nothing. */
const hang: Behaviour = () => new Promise<Response>(() => {});

/** Random numbers of every source. */
const random: Behaviour = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Response.json([Math.random(), crypto.randomUUID(), [...bytes]]);
};

/** Sends the trailers of the request back, and one more. */
const trailers: Behaviour = (_request, _url, context) => {
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("body\n"));
      const sent = context.requestTrailers().get("x-sent") ?? "none";
      context.trailers.set("x-checksum", "5");
      context.trailers.set("x-sent", sent);
      controller.close();
    },
  });
  return new Response(stream, { headers: { trailer: "x-checksum, x-sent" } });
};

/** Counts the requests of its instance. */
let counted = 0;
const count: Behaviour = () => new Response(`${(counted += 1)}\n`);

/** Goes on after its response. */
const later: Behaviour = (_request, _url, context) => {
  const wait = new Promise((resolve) => setTimeout(resolve, 10));
  context.waitUntil(wait.then(() => console.log("after the response")));
  return new Response("now\n");
};

/** What the web's standards say, checked here; see `conformance.ts`. */
const web: Behaviour = async () => new Response(await conformance());

const behaviours: Record<string, Behaviour> = {
  "/hello": hello,
  "/environ": environ,
  "/headers": headers,
  "/echo": echo,
  "/collect": collect,
  "/chunks": chunks,
  "/big": big,
  "/error": error,
  "/late-error": lateError,
  "/trap": trap,
  "/hang": hang,
  "/random": random,
  "/trailers": trailers,
  "/count": count,
  "/later": later,
  "/web": web,
};

export default {
  fetch(request: Request, env: Env, context: Context) {
    const url = new URL(request.url);
    const behaviour = behaviours[context.environ.pathInfo ?? url.pathname];
    return behaviour?.(request, url, context, env) ?? new Response("no such behaviour\n", { status: 404 });
  },
};
