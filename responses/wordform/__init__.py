"""Working on a response outside the browser: a Word form and a spreadsheet that go out, are written in, and come back.

`markup` is between Markdown and blocks, `writing` and `reading` between blocks and Word, `sheet` the spreadsheet.
What an upload would change, and changing it, is `responses/importing.py`.
"""
