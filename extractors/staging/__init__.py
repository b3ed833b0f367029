"""Much is read here: blocks of lines extracted by all cores, their rows kept on the disk, and kept over runs."""
