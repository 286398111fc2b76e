"""The merge train: changes in line, tested on top of each other, merged only with a pass of their own."""
