"""Data sets, a file each: its card, its files with their hashes, its counts and its reader."""
