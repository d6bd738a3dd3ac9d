"""Looks after the recurring invoice job of Dynamics 365 Project Operations."""

__version__ = "0.1.0"
