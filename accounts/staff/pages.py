"""Pages of a list that never counts a large table: at most a thousand rows are counted, then one row is peeked at."""

from typing import Any

from django.core.paginator import EmptyPage, Page, Paginator
from django.utils.functional import cached_property


class PeekPaginator(Paginator):  # type: ignore[type-arg]  # Django's own takes no parameter at run time
    """Two queries a page, whatever the size of the table: rows counted up to COUNTED, and a page with one row more."""

    COUNTED = 1_000
    LAST_ROW = 1_000_000  # further in nobody reads: search or filter instead
    template_name = "admin/staff/pages.html"
    has_next = False

    @cached_property
    def count(self) -> int:
        """The number of rows, or COUNTED + 1 where there are more."""
        rows: Any = self.object_list
        return int(rows.order_by()[: self.COUNTED + 1].count())

    @property
    def is_capped(self) -> bool:
        return self.count > self.COUNTED

    @property
    def counted(self) -> str:
        """ "180", "More than 1,000"."""
        return f"More than {self.COUNTED:,}" if self.is_capped else f"{self.count:,}"

    def page(self, number: Any) -> Page:  # type: ignore[type-arg]
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        rows = self._rows(first, first + self.per_page + 1)
        if number > 1 and not rows:
            raise EmptyPage("There is no such page.")
        self.has_next = len(rows) > self.per_page
        return Page(rows[: self.per_page], number, self)

    def _rows(self, first: int, last: int) -> list[Any]:
        """Far in, the rows to be skipped are walked on an index alone, without what each would be joined with."""
        rows: Any = self.object_list
        if first < self.COUNTED:
            return list(rows[first:last])
        keys = list(rows.values_list("pk", flat=True)[first:last])
        return list(rows.filter(pk__in=keys)) if keys else []

    def validate_number(self, number: Any) -> int:
        try:
            wanted = int(number)
        except (TypeError, ValueError) as error:
            raise EmptyPage("There is no such page.") from error
        if wanted < 1 or (wanted - 1) * self.per_page > (self.LAST_ROW if self.is_capped else self.count):
            raise EmptyPage("There is no such page.")
        return wanted
