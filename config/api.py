"""The API's routes and its page shape."""

from rest_framework.pagination import CursorPagination


class CursorPages(CursorPagination):
    """Key-set pages: a page at any depth costs the same. Newest first unless a view says otherwise."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
