"""An app with a template, a variable of the environment and a native accelerator in a package."""

import os

from flask import Flask, render_template

app = Flask(__name__)
app.secret_key = os.environ.get("SECRET_KEY", "none")


@app.get("/")
def index() -> str:
    return render_template("index.html", name="Ada & Co")


@app.get("/late")
def late() -> str:
    from late import text

    return text()
