"""How the config is read: YAML, values from Snakemake, profiles; mistakes as sentences; the JSON schemas."""
