"""`flask` commands for operators: one group for each noun, one file for each group."""
