"""What gunicorn and `flask` load: the application, refused where its database role is not bound."""

from app import create_app
from app.startup import check_database

app = create_app()
check_database(app)
