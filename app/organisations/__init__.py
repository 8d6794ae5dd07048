"""Partners, organisations and who belongs to them."""
