"""How strong a persona is without a judge: can a classifier tell its answers, and how far has its style moved?"""
