// One program with every behaviour that languages share, each at its path, and those of its own.

import type { Context, Env } from "wasgi";
import hostRandom from "wasi:random/random@0.2.12";
import * as bodies from "./bodies";
import { conformance } from "./conformance";
import { type Behaviour, numberOf } from "./exchange";

/** Answers with a greeting. */
const hello: Behaviour = () => new Response("Hello, world!\n");

/** Shows what the host says of the request, a line for each field, and the header fields as they came. */
const environ: Behaviour = ({ context }) => {
  const { environ } = context;
  const { remote } = environ;
  const lines = [
    `request-method=${environ.requestMethod}`,
    `url-scheme=${environ.urlScheme}`,
    `server-name=${environ.serverName}`,
    `server-port=${environ.serverPort}`,
    `script-name=${environ.scriptName}`,
    `path-info=${environ.pathInfo}`,
    `query-string=${environ.queryString === null ? "none" : `some(${environ.queryString})`}`,
    `server-protocol=${environ.serverProtocol}`,
    `remote=${remote === null ? "none" : `${remote.address}:${remote.port}`}`,
    `tls=${environ.tls?.version ?? "none"}`,
    `request-id=${environ.requestId}`,
    `route-parameters=${environ.routeParameters.map((pair) => pair.join(":")).join(",")}`,
  ];
  const parts: BlobPart[] = lines.map((line) => `${line}\n`);
  for (const [name, value] of environ.headers) {
    parts.push(`header ${name}=`, Uint8Array.from(value), "\n");
  }
  return new Response(new Blob(parts));
};

/** Sends repeated fields, and one with bytes that are not ASCII. */
const cookies: Behaviour = ({ request }) => {
  const response = new Response("cookies\n");
  response.headers.append("set-cookie", "a=1");
  response.headers.append("set-cookie", "b=2");
  response.headers.append("x-bytes", "\u00ff\u00fe");
  response.headers.append("x-agent", request.headers.get("user-agent") ?? "none");
  return response;
};

const status: Behaviour = ({ url }) => new Response("status\n", { status: numberOf(url, "code", 200) });

/** Random bytes from the host. */
const random: Behaviour = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return new Response([...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
};

/** Random values of the other sources. */
const seeds: Behaviour = () => Response.json([Math.random(), crypto.randomUUID()]);

const env: Behaviour = ({ env }) => new Response(env.GREETING ?? "none");

const log: Behaviour = () => {
  console.log("a line of the guest");
  console.error("a line of stdio");
  return new Response("logged\n");
};

/** Counts the requests of its instance. */
let counted = 0;
const count: Behaviour = () => new Response(`${(counted += 1)}`);

/** Fails before there is a response. */
const fail: Behaviour = async () => {
  await null;
  throw new RangeError("told to fail");
};

/** Ends the instance. */
const trap: Behaviour = () => {
  // What the engine itself takes to be a number.
  hostRandom.getRandomBytes("none");
  throw new Error("the engine went on");
};

/** Waits for nothing. */
const hang: Behaviour = () => new Promise<Response>(() => {});

/** Goes on after its response. */
const later: Behaviour = ({ context }) => {
  const wait = new Promise((resolve) => setTimeout(resolve, 10));
  context.waitUntil(wait.then(() => console.log("after the response")));
  return new Response("now\n");
};

/** What the web's standards say, checked here; see `conformance.ts`. */
const web: Behaviour = async () => new Response(await conformance());

const behaviours: Record<string, Behaviour> = {
  "/hello": hello,
  "/environ": environ,
  "/cookies": cookies,
  "/status": status,
  "/random": random,
  "/seeds": seeds,
  "/env": env,
  "/log": log,
  "/count": count,
  "/fail": fail,
  "/trap": trap,
  "/echo": bodies.echo,
  "/length": bodies.length,
  "/stream": bodies.stream,
  "/ticks": bodies.ticks,
  "/trailers": bodies.trailers,
  "/fail-mid-body": bodies.failMidBody,
  "/hang": hang,
  "/later": later,
  "/web": web,
};

export default {
  fetch(request: Request, env: Env, context: Context) {
    const behaviour = behaviours[context.environ.pathInfo];
    const exchange = { request, url: new URL(request.url), context, env };
    return behaviour?.(exchange) ?? new Response("no such behaviour\n", { status: 404 });
  },
};
