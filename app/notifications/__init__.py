"""Who is told of what happens on tickets: in the application's bell and by mail, as each member likes."""
