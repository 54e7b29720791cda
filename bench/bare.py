"""The floor: a Flask application with one view that says ok."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def ok() -> str:
    """Answer, and nothing else."""
    return "ok"
