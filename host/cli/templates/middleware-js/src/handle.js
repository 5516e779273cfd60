// A middleware: a function from a request, and the application behind it, to a response.

/**
 * @param {Request} request
 * @param {Record<string, string>} env
 * @param {{ environ: { requestId: string } }} context
 * @param {(request: Request) => Promise<Response>} next
 */
export async function handle(request, env, { environ }, next) {
  if (isPrivate(new URL(request.url).pathname)) {
    return new Response("Not found\n", { status: 404 });
  }
  // The application behind can trust this field: a client's own is replaced.
  const headers = new Headers(request.headers);
  headers.set("x-request-id", environ.requestId);
  const response = await next(new Request(request, { headers }));
  response.headers.set("x-request-id", environ.requestId);
  response.headers.set("x-greeting", env.GREETING ?? "");
  return response;
}

/**
 * Whether a path is hidden from everybody: one with a name that begins with a dot, such as `.env`.
 *
 * @param {string} path
 */
function isPrivate(path) {
  return path.split("/").some((name) => name.startsWith("."));
}
