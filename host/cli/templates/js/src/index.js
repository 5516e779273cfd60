// A web application: a function from a request to a response.

/** @param {string} text */
function words(text) {
  return text.split(/\s+/).filter(Boolean).length;
}

export default {
  /** @param {Request} request */
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/") return new Response("Hello from app-name\n");
    if (pathname === "/count" && request.method === "POST") {
      return Response.json({ words: words(await request.text()) });
    }
    return new Response("Not found\n", { status: 404 });
  },
};
