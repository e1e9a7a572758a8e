"""Conversations of other programs, as JSON Lines of messages that a condition reads; docs/users.md says which."""
