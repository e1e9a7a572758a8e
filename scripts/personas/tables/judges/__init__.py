"""How far judges, rules and people agree."""
