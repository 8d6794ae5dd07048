"""What one sees first of one's work: own tickets, the team's load, the mail's health."""
