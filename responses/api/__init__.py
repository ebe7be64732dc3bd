"""Responses over the API: drafts, answers, files, filing, and what was filed.

What is drafted is looked up among the caller's own organisations' responses, what is filed among what the caller may
see. Every change is a call of the flow that pages and commands call too.
"""
