import assert from "node:assert/strict";
import { test } from "node:test";
import app from "../src/index";

test("the visitor is greeted", async () => {
  const response = await app.request("/");
  assert.equal(await response.text(), "Hello from app-name\n");
});

test("words are counted", async () => {
  const response = await app.request("/count", { method: "POST", body: " to be\nor not " });
  assert.deepEqual(await response.json(), { words: 4 });
});

test("what is not there is not found", async () => {
  assert.equal((await app.request("/nothing")).status, 404);
});
