// A web application on Hono.

import { Hono } from "hono";
import { words } from "./words";

const app = new Hono();

app.get("/", (c) => c.text("Hello from app-name\n"));

app.post("/count", async (c) => c.json({ words: words(await c.req.text()) }));

export default app;
