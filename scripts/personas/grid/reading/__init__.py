"""What a study is made of, read from files: its own, third-party files, or a frozen plan."""
