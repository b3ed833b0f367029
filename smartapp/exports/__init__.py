"""What leaves: each format one module, all made from the same rows and the same score."""
