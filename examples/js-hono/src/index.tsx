// A page that shows the palette of a word, and an API that has it as JSON.

import { Hono } from "hono";
import { etag } from "hono/etag";
import { Page } from "./page";
import { palette } from "./palette";
import style from "./style.css";

const app = new Hono();

app.get("/", async (c) => {
  const word = c.req.query("word") || "wasgi";
  return c.html(<Page word={word} colours={await palette(word)} />);
});

app.get("/style.css", etag(), (c) => c.body(style, 200, { "content-type": "text/css" }));

app.get("/api/palettes/:word", async (c) => {
  const word = c.req.param("word");
  return c.json({ word, colours: await palette(word) });
});

app.post("/api/palettes", async (c) => {
  const { words } = await c.req.json<{ words?: unknown }>();
  if (!Array.isArray(words) || !words.every((word) => typeof word === "string")) {
    return c.json({ error: 'expected { "words": ["…"] }' }, 422);
  }
  const all = words.map(async (word) => ({ word, colours: await palette(word) }));
  return c.json(await Promise.all(all));
});

export default app;
