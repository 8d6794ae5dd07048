"""Roles and permissions as people read them."""

from flask_babel import lazy_gettext as _

from app.policy import Permission, Role

ROLE_WORDS = {
    Role.STAFF: _("Staff"),
    Role.MANAGER: _("Manager"),
    Role.ADMIN: _("Admin"),
    Role.PARTNER_ADMIN: _("Partner admin"),
}
PERMISSION_WORDS = {
    Permission.TICKET_READ: _("Read tickets of their queues"),
    Permission.TICKET_CREATE: _("Open tickets"),
    Permission.TICKET_COMMENT: _("Reply and write notes"),
    Permission.TICKET_EDIT: _("Change status, assignee, queue and the rest"),
    Permission.MAIL_READ: _("See the mail desk"),
    Permission.MAIL_RELEASE: _("Release or reject held mail"),
    Permission.MEMBERS_MANAGE: _("Invite members, change roles and queues"),
    Permission.SETTINGS_MANAGE: _("Change the organisation’s settings"),
    Permission.BRANDING_MANAGE: _("Change the brand"),
    Permission.BILLING_MANAGE: _("Manage plan and payment"),
    Permission.PARTNER_MANAGE: _("Manage the partner’s organisations"),
}
