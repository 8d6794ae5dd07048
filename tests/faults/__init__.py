"""The whole product as real processes, with faults injected while mail and replies flow."""
