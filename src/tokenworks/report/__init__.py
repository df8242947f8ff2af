"""What people look at: tables for the terminal and self-contained pages. No logic stands here."""
