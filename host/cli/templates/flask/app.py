"""A web application in Flask."""

from flask import Flask, render_template, request

app = Flask(__name__)

# Templates are compiled here, once for the component, and not in each of its instances.
for name in app.jinja_env.list_templates():
    app.jinja_env.get_template(name)


@app.get("/")
def index() -> str:
    """Greet the visitor."""
    return render_template("index.html", title="Hello from app-name")


@app.post("/count")
def count() -> str:
    """Count the words of what is sent."""
    return f"{len(request.get_data(as_text=True).split())} words\n"
