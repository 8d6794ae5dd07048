"""Ways out for a finished mail: Mailgun's API, any SMTP server, or a local folder."""

from app.mail.transports.contract import Delivery, Permanent, Temporary, Transport, Uncertain
from app.mail.transports.mailgun import MailgunTransport
from app.mail.transports.sink import SinkTransport
from app.mail.transports.smtp import SmtpTransport
from config import Config

__all__ = ["Delivery", "Permanent", "Temporary", "Transport", "Uncertain", "from_config"]


def from_config(config: Config) -> Transport:
    """The transport that MAIL_TRANSPORT names."""
    if config.mail_transport == "mailgun":
        return MailgunTransport(config.mailgun_api_base, config.mailgun_domain, config.mailgun_api_key)
    if config.mail_transport == "smtp":
        return SmtpTransport.from_url(config.smtp_url)
    return SinkTransport(config.path(config.mail_sink_path))
