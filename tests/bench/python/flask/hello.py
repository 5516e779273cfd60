"""What the benchmark asks of Flask: a text, and a page of a template."""

from flask import Flask, render_template

app = Flask(__name__)

# Compiled once, as templates from files are.
PAGE = app.jinja_env.from_string("""<!doctype html><title>{{ title }}</title><h1>{{ title }}</h1>
<ul>{% for row in rows %}<li class="{{ loop.cycle('odd', 'even') }}">\
{{ row.name|upper }}: {{ row.value }}</li>
{% endfor %}</ul>""")


@app.get("/")
def hello() -> str:
    return "hello\n"


@app.get("/page")
def page() -> str:
    rows = [{"name": f"row {number}", "value": number * number} for number in range(20)]
    return render_template(PAGE, title="Rows", rows=rows)


if __name__ == "__main__":
    # Run as a program it is a CGI script.
    from wsgiref.handlers import CGIHandler

    CGIHandler().run(app)
