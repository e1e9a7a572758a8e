"""The local web pages that show a study: its dialogues, what was asked behind them, and how both were rated."""
