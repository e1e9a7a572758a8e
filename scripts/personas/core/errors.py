class UserError(Exception):
    """A user's mistake, told in one sentence: what is wrong, where, and what is expected."""
