"""A board's last words: recognised in what it prints, decoded with its firmware's ELF file."""
