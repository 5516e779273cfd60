// What a middleware imports. A program that imports it is one: it stands in front of apps.

/**
 * Hands a request on to the application behind, once, and returns its response.
 *
 * The request may be another one than came: `new Request(request, { headers })`. Its body is the
 * one that came, as far as nobody has read it.
 */
export function next(request: Request): Promise<Response>;
