"""Greetings, as a page and as JSON."""

from urllib.parse import quote, unquote

from bottle import Bottle, HTTPError, redirect, request, response, template

PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Hello, {{name}}</title>
<body style="font: 1.5rem system-ui; margin: 4rem auto; max-width: 30rem">
<h1>Hello, {{name}}!</h1>
% if visits > 1:
<p>You have been here {{visits}} times.</p>
% end
<form action="{{root}}hello" method="post">
  <input name="name" placeholder="Your name" value="{{known}}" required> <button>Greet me</button>
</form>
"""

app = Bottle()


@app.get("/")
@app.get("/hello/<name>")
def hello(name: str = "world") -> str:
    """Greet by name, and count the visits in a cookie."""
    visits = int(request.get_cookie("visits", default="0")) + 1
    response.set_cookie("visits", str(visits), path="/", samesite="lax")
    known = unquote(request.get_cookie("name", default=""))
    return template(PAGE, name=name, visits=visits, known=known, root=request.script_name)


@app.post("/hello")
def greet() -> None:
    """Remember who filled the form in, and go to their page."""
    name = request.forms.getunicode("name", "").strip()
    if not name:
        raise HTTPError(400, "a name is needed")
    response.set_cookie("name", quote(name), path="/", samesite="lax")
    response.set_cookie("visits", "0", path="/", samesite="lax")
    redirect(app.get_url("/hello/<name>", name=quote(name)))


@app.get("/api/hello/<name>")
def greeting(name: str) -> dict[str, str]:
    """Greet a program."""
    return {"greeting": f"Hello, {name}!"}
