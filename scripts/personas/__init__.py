"""How a persona holds up over a long conversation: the library of the workflow. Each package imports only packages
that stand above it in docs/architecture.md."""
