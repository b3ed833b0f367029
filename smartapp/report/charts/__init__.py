"""The records behind each drawing: plain numbers and words, which `templates/charts/` only has to draw.

Every drawing has a title, one sentence that reads it, and a table with the very numbers that it draws.
"""
