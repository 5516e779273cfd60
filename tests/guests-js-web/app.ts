// What an app does on an engine that has the web's functions itself.

type Env = Record<string, string>;
type Context = { waitUntil(promise: Promise<unknown>): void };
type Handler = (request: Request, url: URL, env: Env, context: Context) => Promise<Response> | Response;

const upper = () =>
  new TransformStream<Uint8Array, Uint8Array>({
    transform(bytes, controller) {
      const text = new TextDecoder().decode(bytes);
      controller.enqueue(new TextEncoder().encode(text.toUpperCase()));
    },
  });

const HANDLERS: Record<string, Handler> = {
  "/": (_request, _url, env) => new Response(`hello ${env.GREETING ?? "nobody"}`),

  "/echo": (request) => new Response(request.body),

  "/upper": (request) => new Response(request.body!.pipeThrough(upper())),

  // What the package `wasgi` does not give to QuickJS.
  "/more": async () => {
    const gzip = new Blob(["squeezed"]).stream().pipeThrough(new CompressionStream("gzip"));
    const text = await new Response(gzip.pipeThrough(new DecompressionStream("gzip"))).text();
    const hi = new TextDecoder("shift_jis").decode(Uint8Array.of(0x82, 0xd0));
    return new Response(`${text} ${hi}`);
  },

  // Needs a host that grants it.
  "/out": async (_request, url) => {
    const to = url.searchParams.get("to")!;
    try {
      const body = url.searchParams.get("body") ?? undefined;
      const response = await fetch(to, body ? { method: "POST", body } : {});
      return new Response(response.body, { status: response.status });
    } catch (error) {
      return new Response(String(error), { status: 503 });
    }
  },

  "/later": async () => {
    const began = performance.now();
    await new Promise((done) => setTimeout(done, 20));
    return new Response(String(performance.now() - began >= 19));
  },

  "/head": () => {
    const headers = new Headers({ "x-one": "1" });
    headers.append("set-cookie", "a=1");
    headers.append("set-cookie", "b=2");
    return new Response(null, { status: 418, headers });
  },

  "/random": () => Response.json([Math.random(), crypto.randomUUID()]),

  "/wait": (_request, _url, _env, context) => {
    context.waitUntil(Promise.resolve().then(() => console.log("after the response")));
    return new Response("sent");
  },

  "/fail": () => {
    throw new Error("on purpose");
  },

  "/none": () => undefined as unknown as Response,
};

export default {
  fetch(request: Request, env: Env, context: Context) {
    const url = new URL(request.url);
    const handler = HANDLERS[url.pathname];
    return handler ? handler(request, url, env, context) : new Response(null, { status: 404 });
  },
};
