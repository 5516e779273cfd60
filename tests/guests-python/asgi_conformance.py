"""An ASGI application with one behaviour a path, and a lifespan."""

import asyncio
import contextvars
import json
import time

variable = contextvars.ContextVar("variable", default="unset")
seen = {"startups": 0, "after": 0, "cancelled": 0}


async def answer(send, body, status=200, headers=()):
    fields = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


async def hello(scope, receive, send):
    await answer(send, b"Hello, world!\n")


async def show(scope, receive, send):
    plain = {
        key: value.decode("latin-1") if isinstance(value, bytes) else value
        for key, value in scope.items()
        if key not in ("app", "headers", "state")
    }
    plain["headers"] = [[n.decode(), v.decode("latin-1")] for n, v in scope["headers"]]
    plain["state"] = sorted(scope["state"])
    await answer(send, json.dumps(plain).encode())


async def echo(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    more = True
    while more:
        event = await receive()
        more = event["more_body"]
        await send({"type": "http.response.body", "body": event["body"], "more_body": more})


async def count(scope, receive, send):
    total = 0
    while True:
        event = await receive()
        total += len(event["body"])
        if not event["more_body"]:
            break
    await answer(send, b"%d" % total)


async def chunks(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for number in range(10):
        await send(
            {"type": "http.response.body", "body": b"chunk %d\n" % number, "more_body": True}
        )
    await send({"type": "http.response.body"})


async def slow(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for number in range(5):
        await send({"type": "http.response.body", "body": b"%d\n" % number, "more_body": True})
        await asyncio.sleep(0.1)
    await send({"type": "http.response.body"})


async def endless(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    try:
        while True:
            await send({"type": "http.response.body", "body": b"tick\n", "more_body": True})
            await asyncio.sleep(0.01)
    except asyncio.CancelledError:
        seen["cancelled"] += 1
        raise


async def tools(scope, receive, send):
    """Use what an event loop is used for."""
    begun = time.monotonic()
    results = {}
    results["gather"] = await asyncio.gather(*(asyncio.sleep(0.02, n) for n in range(5)))
    try:
        async with asyncio.timeout(0.02):
            await asyncio.sleep(10)
    except TimeoutError:
        results["timeout"] = True
    queue = asyncio.Queue()
    async with asyncio.TaskGroup() as group:
        group.create_task(queue.put(1))
        results["queue"] = await queue.get()
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    loop.call_later(0.01, done.set_result, "later")
    results["call_later"] = await done
    done = loop.create_future()
    loop.call_soon_threadsafe(done.set_result, "soon")
    results["threadsafe"] = await done
    variable.set("set")
    results["to_thread"] = await asyncio.to_thread(lambda: variable.get())
    results["executor"] = await loop.run_in_executor(None, sum, [1, 2, 3])
    results["nested"] = await asyncio.to_thread(asyncio.run, asyncio.sleep(0, "inner"))
    task = asyncio.create_task(asyncio.sleep(10))
    await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        results["cancelled"] = True
    results["seconds"] = round(time.monotonic() - begun, 1)
    await answer(send, json.dumps(results).encode())


async def context(scope, receive, send):
    """Answer with the variable as it was when the request came."""
    before = variable.get()
    variable.set("left behind")
    await answer(send, before.encode())


async def background(scope, receive, send):
    await answer(send, b"answered\n")
    await asyncio.sleep(0.05)
    seen["after"] += 1


async def disconnect(scope, receive, send):
    """Wait for the client's end while the response is sent."""
    while (await receive()).get("more_body"):
        pass
    watch = asyncio.ensure_future(receive())
    await answer(send, b"answered\n")
    seen["after"] += (await watch)["type"] == "http.disconnect"


async def statistics(scope, receive, send):
    await answer(send, json.dumps(seen).encode())


async def raises(scope, receive, send):
    raise ValueError("the application failed")


async def raises_after(scope, receive, send):
    await answer(send, b"answered\n")
    raise ValueError("failed after the response")


async def broken_stream(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"first\n", "more_body": True})
    raise ValueError("broken in mid-stream")


async def no_response(scope, receive, send):
    return


async def half_response(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"first\n", "more_body": True})


async def text_body(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": "text"})


async def text_header(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [("x-a", "b")]})


async def bad_status(scope, receive, send):
    await send({"type": "http.response.start", "status": 99, "headers": []})


async def body_first(scope, receive, send):
    await send({"type": "http.response.body", "body": b"text"})


async def stuck(scope, receive, send):
    await asyncio.get_running_loop().create_future()


async def too_long(scope, receive, send):
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]}
    )
    await send({"type": "http.response.body", "body": b"12345", "more_body": True})
    await send({"type": "http.response.body", "body": b"surplus"})


async def lifespan(scope, receive, send):
    while True:
        event = await receive()
        if event["type"] == "lifespan.startup":
            seen["startups"] += 1
            scope["state"]["database"] = "open"
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return


async def app(scope, receive, send):
    """Do what the path says."""
    if scope["type"] == "lifespan":
        return await lifespan(scope, receive, send)
    name = scope["path"].strip("/").split("/")[0].replace("-", "_") or "hello"
    route = globals().get(name)
    if route is None:
        return await answer(send, b"not found\n", 404)
    return await route(scope, receive, send)
