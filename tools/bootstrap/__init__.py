"""Makes the checkout runnable on a machine that has only Python: see __main__.py."""
