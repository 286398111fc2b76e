"""Which boards exist, and who holds one."""
