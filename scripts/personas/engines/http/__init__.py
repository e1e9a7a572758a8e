"""The client: one request to an OpenAI-compatible address, and what its answer means."""
