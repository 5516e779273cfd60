// What the web's standards say of the functions that an app finds, each as one check.

type Check = () => unknown;

/** Runs all checks. Returns `ok N`, or a line for each that fails. */
export async function conformance(): Promise<string> {
  const wrong: string[] = [];
  for (const [name, expected, check] of checks) {
    let came: unknown;
    try {
      came = await check();
    } catch (error) {
      came = error instanceof Error ? `${error.name}: ${error.message}` : error;
    }
    if (JSON.stringify(came) !== JSON.stringify(expected)) {
      wrong.push(`${name}: expected ${JSON.stringify(expected)}, came ${JSON.stringify(came)}\n`);
    }
  }
  return wrong.length === 0 ? `ok ${checks.length}\n` : wrong.join("");
}

const bytes = (...values: number[]) => new Uint8Array(values);
const stream = (...texts: string[]) =>
  new ReadableStream({
    start(controller) {
      texts.forEach((text) => controller.enqueue(new TextEncoder().encode(text)));
      controller.close();
    },
  });
const href = (url: string, base?: string) => new URL(url, base).href;

const checks: [name: string, expected: unknown, check: Check][] = [
  // URLs.
  ["a plain URL", "http://a.b/c?d#e", () => href("http://a.b/c?d#e")],
  ["the parts", ["https:", "u", "p", "h:8443", "h", "8443", "/a/b", "?c=d", "#e", "https://h:8443"], () => {
    const url = new URL("https://u:p@h:8443/a/b?c=d#e");
    return [url.protocol, url.username, url.password, url.host, url.hostname, url.port, url.pathname, url.search, url.hash, url.origin];
  }],
  ["the usual port", "http://h/", () => href("HTTP://H:80")],
  ["dots", "http://h/b/", () => href("http://h/a/../b/./c/%2e%2E/")],
  ["a relative URL", "http://h/a/c?x", () => href("c?x", "http://h/a/b?y#z")],
  ["an absolute path", "http://h/c", () => href("/c", "http://h/a/b")],
  ["another host", "http://i/c", () => href("//i/c", "http://h/a/b")],
  ["a query alone", "http://h/a?c", () => href("?c", "http://h/a?b#d")],
  ["a fragment alone", "http://h/a?b#c", () => href("#c", "http://h/a?b#d")],
  ["nothing", "http://h/a?b", () => href("", "http://h/a?b#d")],
  ["backslashes", "http://h/a/b", () => href("http:\\\\h\\a\\b")],
  ["what is encoded", "http://h/%20%22%3C%3E%60%7B%7D%C3%A4'?%20%22%27%3C%3E`#%20%22%3C%3E%60'", () => href("http://h/ \"<>`{}ä'? \"'<>`# \"<>`'")],
  ["a name that is not ASCII", "http://xn--bcher-kva.de/", () => href("http://BÜCHER.de/")],
  ["an IPv4 address", "http://192.168.0.1/", () => href("http://0xc0.0250.1/")],
  ["an IPv6 address", "http://[2001:db8::1]:8080/", () => href("http://[2001:0db8:0:0:0:0:0:1]:8080/")],
  ["an opaque path", ["mailto:", "a@b", "null"], () => { const url = new URL("mailto:a@b"); return [url.protocol, url.pathname, url.origin]; }],
  ["a file", "file:///a/b", () => href("file:///a/b")],
  ["what is no URL", [false, false, false, false, false], () => ["a", "http://", "http://a b/", "http://h:99999/", "http://[1/"].map((url) => URL.canParse(url))],
  ["setting parts", "https://i:81/c%20d?e=f#g", () => {
    const url = new URL("http://h/a");
    url.protocol = "https"; url.host = "i:81"; url.pathname = "c d"; url.search = "e=f"; url.hash = "g";
    return url.href;
  }],
  ["parameters of a URL", ["http://h/?a=1&b=2+3", "2 3"], () => {
    const url = new URL("http://h/?a=1");
    url.searchParams.append("b", "2 3");
    return [url.href, url.searchParams.get("b")];
  }],
  ["a query that is set", "y", () => { const url = new URL("http://h/?a=x"); url.searchParams; url.search = "?a=y"; return url.searchParams.get("a"); }],
  ["parameters", [["a", "1"], ["b", "ä +"], ["b", ""]], () => [...new URLSearchParams("?a=1&b=%C3%A4+%2B&b")]],
  ["parameters of an object", "a=1&b=%C3%A4%7E*", () => String(new URLSearchParams({ a: "1", b: "ä~*" }))],
  ["parameters that change", "c=3&a=9", () => { const p = new URLSearchParams("b=1&c=3&a=2&a=4"); p.set("a", "9"); p.delete("b"); return String(p); }],
  // Texts and bytes.
  ["encoding", [36, 226, 130, 172, 240, 159, 152, 128], () => [...new TextEncoder().encode("$€😀")]],
  ["encoding half a letter", [239, 191, 189], () => [...new TextEncoder().encode("\ud800")]],
  ["decoding", "$€😀", () => new TextDecoder().decode(bytes(36, 226, 130, 172, 240, 159, 152, 128))],
  ["decoding what is broken", "a\ufffdb\ufffd", () => new TextDecoder().decode(bytes(97, 255, 98, 226, 130))],
  ["decoding strictly", "TypeError: The encoded data is not valid UTF-8", () => new TextDecoder("utf-8", { fatal: true }).decode(bytes(255))],
  ["decoding in parts", "€!", () => { const d = new TextDecoder(); return d.decode(bytes(226, 130), { stream: true }) + d.decode(bytes(172, 33)); }],
  ["a mark of the order", "a", () => new TextDecoder().decode(bytes(239, 187, 191, 97))],
  ["Latin-1", "€ü", () => new TextDecoder("latin1").decode(bytes(128, 252))],
  ["UTF-16", "aä", () => new TextDecoder("utf-16le").decode(bytes(97, 0, 228, 0))],
  ["Base64", ["aGk=", "hi"], () => [btoa("hi"), atob("aGk=")]],
  // Heads.
  ["fields", [["a", "1, 2"], ["set-cookie", "x"], ["set-cookie", "y"]], () => [...new Headers([["Set-Cookie", "x"], ["A", "1"], ["a", " 2 "], ["set-cookie", "y"]])]],
  ["cookies", ["x", "y"], () => new Headers([["set-cookie", "x"], ["set-cookie", "y"]]).getSetCookie()],
  ["what is no field", ["TypeError", "TypeError"], () => [["a b", "c"], ["a", "b\nc"]].map(([name, value]) => { try { new Headers([[name, value]]); return "ok"; } catch (error) { return (error as Error).name; } })],
  // Bodies.
  ["a text", ["text/plain;charset=UTF-8", "ä"], async () => { const r = new Response("ä"); return [r.headers.get("content-type"), await r.text()]; }],
  ["JSON", ["application/json", { a: [1] }], async () => { const r = Response.json({ a: [1] }); return [r.headers.get("content-type"), await r.json()]; }],
  ["a stream", "ab", () => new Response(stream("a", "b")).text()],
  ["a body that was used", [true, "TypeError"], async () => { const r = new Response("a"); await r.text(); return [r.bodyUsed, await r.text().catch((error) => error.name)]; }],
  ["a copy", ["a", "a"], async () => { const r = new Response("a"); const c = r.clone(); return [await r.text(), await c.text()]; }],
  ["a copy of a stream", ["ab", "ab"], async () => { const r = new Response(stream("a", "b")); const c = r.clone(); return [await r.text(), await c.text()]; }],
  ["a form", [["a", "1 2"], ["b", "ä"]], async () => [...(await new Request("http://h/", { method: "POST", body: new URLSearchParams([["a", "1 2"], ["b", "ä"]]) }).formData())]],
  ["a form with a file", ["ä\"b", "c.txt", "text/plain", "file\r\n--x"], async () => {
    const form = new FormData();
    form.append("text", "ä\"b");
    form.append("file", new File(["file\r\n--x"], "c.txt", { type: "text/plain" }));
    const read = await new Response(form).formData();
    const file = read.get("file") as File;
    return [read.get("text"), file.name, file.type, await file.text()];
  }],
  ["a blob", ["text/plain", 3, "bc"], async () => { const b = new Blob(["a", bytes(98, 99)], { type: "text/plain" }); return [b.type, b.size, await b.slice(1).text()]; }],
  ["no content", [204, null], () => { const r = new Response(null, { status: 204 }); return [r.status, r.body]; }],
  ["a redirect", [303, "/x"], () => { const r = Response.redirect("/x", 303); return [r.status, r.headers.get("location")]; }],
  ["a request of another", ["PATCH", "http://h/a", "1", "b"], async () => { const r = new Request(new Request("http://h/a", { method: "PATCH", headers: { x: "1" }, body: "b" })); return [r.method, r.url, r.headers.get("x"), await r.text()]; }],
  ["a body of GET", "TypeError", () => { try { new Request("http://h/", { body: "a" }); return "ok"; } catch (error) { return (error as Error).name; } }],
  // Streams.
  ["a transform", "AB", () => new Response(stream("a", "b").pipeThrough(new TextDecoderStream()).pipeThrough(new TransformStream({ transform: (text, to) => to.enqueue(text.toUpperCase()) })).pipeThrough(new TextEncoderStream())).text()],
  ["two readers", ["ab", "ab"], async () => { const [a, b] = stream("a", "b").tee(); return [await new Response(a).text(), await new Response(b).text()]; }],
  ["a stream in a loop", 2, async () => { let n = 0; for await (const _ of stream("a", "b") as unknown as AsyncIterable<Uint8Array>) n += 1; return n; }],
  // Time and order.
  ["timers in order", ["micro", "a", "b"], () => new Promise((resolve) => { const seen: string[] = []; setTimeout(() => { seen.push("b"); resolve(seen); }, 5); setTimeout(() => seen.push("a"), 1); queueMicrotask(() => seen.push("micro")); })],
  ["a timer that is cleared", "b", () => new Promise((resolve) => { const id = setTimeout(() => resolve("a"), 1); clearTimeout(id); setTimeout(() => resolve("b"), 2); })],
  ["an interval", 3, () => new Promise((resolve) => { let n = 0; const id = setInterval(() => { n += 1; if (n === 3) { clearInterval(id); resolve(n); } }, 1); })],
  ["a clock that goes on", true, async () => { const begin = performance.now(); await new Promise((resolve) => setTimeout(resolve, 5)); const time = performance.now() - begin; return time >= 5 && time < 5000; }],
  ["giving up", ["AbortError", true], () => { const c = new AbortController(); let heard = false; c.signal.addEventListener("abort", () => { heard = true; }); c.abort(); return [c.signal.reason.name, heard]; }],
  ["giving up after a time", "TimeoutError", () => new Promise((resolve) => { const signal = AbortSignal.timeout(1); signal.onabort = () => resolve(signal.reason.name); })],
  // The rest.
  ["SHA-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", async () => hex(await crypto.subtle.digest("SHA-256", new TextEncoder().encode("abc")))],
  ["SHA-1", "a9993e364706816aba3e25717850c26c9cd0d89d", async () => hex(await crypto.subtle.digest("SHA-1", new TextEncoder().encode("abc")))],
  ["HMAC", ["f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8", true, false], async () => {
    const data = new TextEncoder().encode("The quick brown fox jumps over the lazy dog");
    const key = await crypto.subtle.importKey("raw", new TextEncoder().encode("key"), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
    const mac = await crypto.subtle.sign("HMAC", key, data);
    return [hex(mac), await crypto.subtle.verify("HMAC", key, mac, data), await crypto.subtle.verify("HMAC", key, mac, bytes(1))];
  }],
  ["a UUID", true, () => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())],
  ["random numbers", true, () => { const all = Array.from({ length: 1000 }, Math.random); const mean = all.reduce((a, b) => a + b) / 1000; return new Set(all).size === 1000 && all.every((x) => x >= 0 && x < 1) && mean > 0.4 && mean < 0.6; }],
  ["a deep copy", [true, true, [1, [2]], "Map", 3], () => { const a: any = { d: new Date(5), l: [1, [2]], m: new Map([["x", 3]]) }; a.self = a; const b = structuredClone(a); return [b !== a && b.self === b, b.d.getTime() === 5, b.l, b.m.constructor.name, b.m.get("x")]; }],
  ["what has no copy", "DataCloneError", () => { try { structuredClone(() => 1); return "ok"; } catch (error) { return (error as Error).name; } }],
  ["events", ["a", 1], () => { const t = new EventTarget(); let n = 0; let type = ""; t.addEventListener("a", (event) => { n += 1; type = event.type; }, { once: true }); t.dispatchEvent(new Event("a")); t.dispatchEvent(new Event("a")); return [type, n]; }],
];

function hex(buffer: ArrayBuffer): string {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
