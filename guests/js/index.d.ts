// The types of what the package offers. All else has the types of the web's standards: set
// `"lib": ["ES2023", "DOM"]` in `tsconfig.json`.

/** What the host knows of a request besides its body, as `wasgi:gateway` specifies it. */
export interface Environ {
  readonly requestMethod: string;
  readonly urlScheme: string;
  readonly serverName: string;
  readonly serverPort: number;
  /** The part of the path under which the app is served. */
  readonly scriptName: string;
  /** The rest of the path, still percent-encoded. */
  readonly pathInfo: string;
  /** What follows the first `?`; `null` if there is none. */
  readonly queryString: string | null;
  readonly serverProtocol: string;
  /** The client; `null` if its connection has no IP address. */
  readonly remote: { readonly address: string; readonly port: number } | null;
  /** The TLS session, if the client used one. */
  readonly tls: {
    readonly version: string;
    readonly cipher: string;
    readonly clientCertificate: Uint8Array | null;
  } | null;
  /** A name for the request, which the host's log also has. */
  readonly requestId: string;
  /** What the parameters in the app's route matched. */
  readonly routeParameters: readonly (readonly [name: string, value: string])[];
  /** The header fields, in the order in which they came. */
  readonly headers: readonly (readonly [name: string, value: Uint8Array])[];
}

/** What an app's function is given besides the request. Hono has it as `c.executionCtx`. */
export interface Context {
  readonly environ: Environ;
  /** Lets a promise be settled after the response was sent. */
  waitUntil(promise: Promise<unknown>): void;
  /** Does nothing: there is no other host that would answer. */
  passThroughOnException(): void;
  /**
   * The fields that follow the response's body. Those are sent that a `trailer` field of the head
   * announced; they may be set until the body ends.
   */
  readonly trailers: Headers;
  /** The fields that followed the request's body, which is read to its end. */
  requestTrailers(): Headers;
}

/** The environment that the app was granted. Hono has it as `c.env`. */
export type Env = Readonly<Record<string, string>>;

/** An app's function. */
export type Handler = (
  request: Request,
  env: Env,
  context: Context,
) => Response | Promise<Response>;

/**
 * Serves requests with a function, or with what has a function `fetch`.
 *
 * An app that exports its function does not call it: `export default app` and
 * `export default { fetch }` do the same.
 */
export function serve(handler: Handler | { fetch: Handler }): void;
