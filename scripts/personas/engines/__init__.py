"""Engines: what serves a model behind an OpenAI-compatible address, and the client that talks to it."""
