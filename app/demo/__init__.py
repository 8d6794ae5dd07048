"""A demo to look around in: two partners, six organisations, their people and some forty tickets."""
