"""Mail in and out: every message a row with a state and a reason."""
