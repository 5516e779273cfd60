import assert from "node:assert/strict";
import { test } from "node:test";
import { handle } from "../src/handle.js";

const context = { environ: { requestId: "r1" } };

/** The response, and what the application behind was asked. */
async function ask(path, headers = {}) {
  let seen = null;
  const next = async (request) => {
    seen = request;
    return new Response("behind\n");
  };
  const request = new Request(`http://test${path}`, { headers });
  const response = await handle(request, { GREETING: "Hello" }, context, next);
  return { response, seen };
}

test("the application behind gets the request's name, and the client a greeting", async () => {
  const { response, seen } = await ask("/", { "x-request-id": "forged" });
  assert.equal(seen.headers.get("x-request-id"), "r1");
  assert.equal(response.headers.get("x-greeting"), "Hello");
  assert.equal(await response.text(), "behind\n");
});

test("names that begin with a dot are private", async () => {
  for (const path of ["/.env", "/a/.git/config"]) {
    const { response, seen } = await ask(path);
    assert.equal(response.status, 404);
    assert.equal(seen, null);
  }
});
