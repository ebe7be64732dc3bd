"""What every staff page is made of: the admin of one model, its lists, filters, and the small forms behind buttons.

`BaseAdmin` is the one place that knows django-unfold, so that it can be replaced.
"""

from accounts.staff.base import BaseAdmin, ReadOnlyAdmin
from accounts.staff.buttons import Button
from accounts.staff.filters import DayRangeFilter, SelectFilter
from accounts.staff.forms import StaffForm, StaffModelForm

__all__ = ["BaseAdmin", "Button", "DayRangeFilter", "ReadOnlyAdmin", "SelectFilter", "StaffForm", "StaffModelForm"]
