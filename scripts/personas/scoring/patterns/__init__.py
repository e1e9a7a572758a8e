"""Token patterns that tell a persona's answers from the baseline's: tokenise, mine, count."""
