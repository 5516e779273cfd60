"""A web application in FastAPI."""

from fastapi import FastAPI
from pydantic import BaseModel, Field

app = FastAPI(title="app-name", version="0.1.0")


class Text(BaseModel):
    """What a client sends."""

    text: str = Field(max_length=65536, examples=["to be or not"])


class Count(BaseModel):
    """What it is told."""

    words: int


@app.get("/")
async def index() -> dict[str, str]:
    """Greet the client."""
    return {"message": "Hello from app-name"}


@app.post("/count")
async def count(sent: Text) -> Count:
    """Count the words of a text."""
    return Count(words=len(sent.text.split()))
