// What every behaviour is given.

import type { Context, Env } from "wasgi";

export interface Exchange {
  readonly request: Request;
  readonly url: URL;
  readonly context: Context;
  readonly env: Env;
}

export type Behaviour = (exchange: Exchange) => Response | Promise<Response>;

/** A number in the query. */
export function numberOf(url: URL, name: string, otherwise: number): number {
  return Number(url.searchParams.get(name) ?? otherwise);
}
