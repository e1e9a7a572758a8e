"""What models read and how their texts are understood: the prompt recipe, judges' templates, markers of thinking."""
