"""Engines: what serves a model behind an OpenAI-compatible address, and the client that talks to it."""

import personas.config  # noqa: F401 (first: it asks for the engines, so none of them can be loaded before it)
