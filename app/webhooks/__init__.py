"""What other systems tell us, verified before anything is believed."""
