"""Consultations for staff: the paper, its parts, the buttons that move it on, outcomes, bodies and topics."""

from consultations import admin_alerts, admin_outcomes, admin_papers, admin_parts  # noqa: F401 (each registers its own)
