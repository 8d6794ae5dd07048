"""One's own account: profile, password, address, second factor, signed-in browsers, and the way back in by mail."""
