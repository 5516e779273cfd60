import assert from "node:assert/strict";
import { test } from "node:test";
import app from "../src/index.js";

const fetch = (path, options) => app.fetch(new Request(`http://test${path}`, options));

test("the visitor is greeted", async () => {
  const response = await fetch("/");
  assert.equal(await response.text(), "Hello from app-name\n");
});

test("words are counted", async () => {
  const response = await fetch("/count", { method: "POST", body: " to be\nor not " });
  assert.deepEqual(await response.json(), { words: 4 });
});

test("what is not there is not found", async () => {
  assert.equal((await fetch("/nothing")).status, 404);
});
