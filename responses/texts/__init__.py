"""What is inside a file: archives opened with limits, and their text. Nothing here knows of Django or the database.

`archives` is asked when a file arrives. The readers (`pdf`, `office`, `mail`) run in `child`, a process of its own with
limits on time and memory; `responses/extraction.py` starts it.
"""
